import { ApiError, badRequest, type Schema, type SchemaSource } from '@kubewright/api';
import { goJsonName, goType, goValue, isObject, type JsonObject, own, put } from './json-object.js';

/**
 * Applies a strategic merge patch and returns the result; neither argument is changed, the result may share parts
 * with both. The schema says which lists are merged (`x-kubernetes-patch-strategy`) and by what key
 * (`x-kubernetes-patch-merge-key`); the directives `$patch`, `$retainKeys`, `$setElementOrder/FIELD` and
 * `$deleteFromPrimitiveList/FIELD` are obeyed and never part of the result.
 * Source: the page "Strategic Merge Patch" of the contributors' documentation; the wording of errors is upstream's.
 * @throws ApiError BadRequest for a directive of the wrong form, Invalid for lists of lists, and one without a reason
 * and code 500, as upstream, for what does not fit the schema (an item without its merge key).
 */
export function applyStrategicMergePatch(
  document: JsonObject,
  patch: unknown,
  source: SchemaSource,
): JsonObject {
  if (!isObject(patch))
    throw badRequest(
      `json: cannot unmarshal ${goJsonName(patch)} into Go value of type map[string]interface {}`,
    );
  return new Merger(source).mergeObjects(document, patch, source.root);
}

const patchDirective = '$patch';
const retainKeysDirective = '$retainKeys';
const deletePrefix = '$deleteFromPrimitiveList';
const orderPrefix = '$setElementOrder';

/** How a field is merged: `retainKeys` matters only to who makes a patch. */
interface FieldRule {
  readonly schema: Schema | undefined;
  readonly strategy: 'merge' | 'replace' | '';
  readonly mergeKey: string;
}

const noRule: FieldRule = { schema: undefined, strategy: '', mergeKey: '' };

/** By the schema of the field. */
type FieldRules = WeakMap<Schema, FieldRule>;

/** The rules that patches met. */
const rulesOf = new WeakMap<SchemaSource, FieldRules>();

class Merger {
  readonly #source: SchemaSource;
  readonly #rules: FieldRules;

  constructor(source: SchemaSource) {
    this.#source = source;
    this.#rules = rulesOf.get(source) ?? new WeakMap();
    rulesOf.set(source, this.#rules);
  }

  mergeObjects(original: JsonObject, patch: JsonObject, schema: Schema | undefined): JsonObject {
    if (Object.hasOwn(patch, patchDirective)) {
      const directive = patch[patchDirective];
      if (directive === 'delete') return {};
      if (directive !== 'replace') throw unknownDirective(directive, patch);
      const { [patchDirective]: _, ...replacement } = patch;
      return withoutDirectives(replacement) as JsonObject;
    }
    const result = retainKeys(original, patch);
    const keys = Object.keys(patch);
    const done = keys.some((key) => key[0] === '$')
      ? this.#mergeOrderedLists(result, patch, schema)
      : undefined;
    for (const key of keys) {
      if (done?.has(key) || key === retainKeysDirective || key.startsWith(orderPrefix)) continue;
      const value = patch[key];
      if (key.startsWith(deletePrefix)) deleteItems(result, fieldOf(key, deletePrefix), value);
      else if (value === null) delete result[key];
      else this.#mergeField(result, key, value, schema);
    }
    return result;
  }

  #mergeField(result: JsonObject, key: string, value: unknown, schema: Schema | undefined): void {
    const old = own(result, key);
    if (isObject(old) && isObject(value)) {
      const rule = this.#ruleOf(schema, key);
      put(result, key, rule.strategy === 'replace' ? value : this.mergeObjects(old, value, rule.schema));
    } else if (Array.isArray(old) && Array.isArray(value)) {
      const rule = this.#ruleOf(schema, key);
      const merges = rule.strategy === 'merge';
      put(result, key, merges ? this.#mergeLists(old, value, rule) : withoutDirectives(value));
    } else if (isObject(value) && Object.hasOwn(value, patchDirective)) {
      delete result[key];
    } else {
      // What replaces a value of another type, or stands where there was none: without nulls and directives.
      put(result, key, withoutDirectives(value));
    }
  }

  /** Merges the lists whose order is given, and returns the fields that are done with that. */
  #mergeOrderedLists(result: JsonObject, patch: JsonObject, schema: Schema | undefined): Set<string> {
    const done = new Set<string>();
    for (const directive of Object.keys(patch)) {
      if (!directive.startsWith(orderPrefix)) continue;
      const order = patch[directive];
      if (!Array.isArray(order)) throw badType([], order);
      const key = fieldOf(directive, orderPrefix);
      const old = own(result, key);
      const items = own(patch, key);
      if (old !== undefined && !Array.isArray(old)) throw badType([], old);
      if (items !== undefined && !Array.isArray(items)) throw badType([], items);
      const rule = this.#ruleOf(schema, key);
      checkOrder(items ?? [], order, rule.mergeKey);
      if (old === undefined && items === undefined) continue;
      let merged: unknown[];
      if (items === undefined) merged = old ?? [];
      else if (old === undefined) merged = withoutDirectives(items) as unknown[];
      else merged = rule.strategy === 'merge' ? this.#mergeLists(old, items, rule) : items;
      put(result, key, arrange(merged, order, old ?? [], rule.mergeKey));
      done.add(key);
    }
    return done;
  }

  #mergeLists(original: unknown[], patch: unknown[], rule: FieldRule): unknown[] {
    if (original.length === 0 && patch.length === 0) return original;
    if (!holdsObjects(original, patch)) {
      const merged = [...new Set([...original, ...patch])];
      return arrange(merged, patch, original, '');
    }
    const { mergeKey } = rule;
    if (mergeKey === '') throw internal('cannot merge lists without merge key');
    const special = applySpecialItems(original as JsonObject[], patch as JsonObject[], mergeKey);
    if (special.replaced) return withoutDirectives(special.items) as unknown[];
    const merged: JsonObject[] = [...special.original];
    const places = firstPlaces(merged, mergeKey);
    for (const item of special.items) {
      const value = keyOf(item, mergeKey);
      const place = places.get(value);
      if (place === undefined) {
        places.set(value, merged.length);
        merged.push(withoutDirectives(item) as JsonObject);
      } else merged[place] = this.mergeObjects(merged[place] as JsonObject, item, rule.schema);
    }
    // An item that its patch empties ({$patch: replace} without a key) can't be ordered; upstream refuses it too.
    return arrange(merged, special.items, special.original, mergeKey);
  }

  /** The rule of a field: of a property, or of the values of a map; none where the schema says nothing. */
  #ruleOf(schema: Schema | undefined, key: string): FieldRule {
    const owner = this.#resolved(schema);
    if (owner === undefined) return noRule;
    const { properties, additionalProperties: values } = owner;
    const property = properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : undefined;
    const field = property ?? (typeof values === 'object' ? values : undefined);
    if (field === undefined) return noRule;
    let rule = this.#rules.get(field);
    if (rule === undefined) {
      rule = this.#makeRule(field);
      this.#rules.set(field, rule);
    }
    return rule;
  }

  #makeRule(field: Schema): FieldRule {
    const strategies = (field['x-kubernetes-patch-strategy'] ?? '').split(',');
    const strategy = strategies.includes('merge') ? 'merge' : strategies.includes('replace') ? 'replace' : '';
    return {
      schema: field.items ?? this.#resolved(field)?.items ?? field,
      strategy,
      mergeKey: field['x-kubernetes-patch-merge-key'] ?? '',
    };
  }

  #resolved(schema: Schema | undefined): Schema | undefined {
    const one = schema?.allOf?.length === 1 && schema.$ref === undefined ? schema.allOf[0] : schema;
    return one?.$ref === undefined ? one : this.#source.resolve(one.$ref);
  }
}

/** A copy of the original, without the members that `$retainKeys` does not list. */
function retainKeys(original: JsonObject, patch: JsonObject): JsonObject {
  if (!Object.hasOwn(patch, retainKeysDirective)) return { ...original };
  const list = patch[retainKeysDirective];
  const malformed = () => badRequest('invalid patch format of retainKeys');
  if (!Array.isArray(list)) throw malformed();
  const kept = new Set<unknown>(list);
  for (const key of Object.keys(patch)) {
    const directive =
      key === retainKeysDirective || key.startsWith(deletePrefix) || key.startsWith(orderPrefix);
    if (!directive && patch[key] !== null && !kept.has(key)) throw malformed();
  }
  const result: JsonObject = {};
  for (const key of Object.keys(original)) if (kept.has(key)) put(result, key, original[key]);
  return result;
}

/** Carries out the items of a patch's list that carry `$patch`, and returns what is left to merge. */
function applySpecialItems(original: JsonObject[], patch: JsonObject[], mergeKey: string) {
  const items: JsonObject[] = [];
  const deleted = new Set<unknown>();
  let replaced = false;
  for (const item of patch) {
    if (!Object.hasOwn(item, patchDirective)) items.push(item);
    else if (item[patchDirective] === 'delete') deleted.add(keyOf(item, mergeKey));
    else if (item[patchDirective] === 'replace') replaced = true;
    else if (item[patchDirective] === 'merge')
      throw internal('merging lists cannot yet be specified in the patch');
    else throw unknownDirective(item[patchDirective], item);
  }
  const left = deleted.size === 0 ? original : original.filter((item) => !deleted.has(own(item, mergeKey)));
  return { original: left, items, replaced };
}

/** Removes the items that a `$deleteFromPrimitiveList` names. */
function deleteItems(result: JsonObject, key: string, items: unknown): void {
  const old = own(result, key);
  if (!Array.isArray(old)) return;
  if (!Array.isArray(items)) throw badRequest('invalid patch format of primitive list');
  const deleted = new Set<unknown>(items);
  put(
    result,
    key,
    old.filter((item) => !deleted.has(item)),
  );
}

/** The items of a patch must stand in the order that `$setElementOrder` gives, and be listed there. */
function checkOrder(items: unknown[], order: unknown[], mergeKey: string): void {
  if (items.length === 0 || order.length === 0) return;
  let place = 0;
  for (const item of items) {
    if (isObject(item) && Object.hasOwn(item, patchDirective)) continue;
    const value = identity(item, mergeKey);
    while (place < order.length && identity(order[place], mergeKey) !== value) place++;
    if (place++ >= order.length)
      throw internal(
        `The order in patch list:\n${goValue(items)}\n doesn't match ${orderPrefix} list:\n${goValue(order)}\n`,
      );
  }
}

/**
 * Puts a merged list in order: items that `order` names stand as it says, the others as they stood in the original,
 * and the others come before the ones that they preceded there.
 */
function arrange(merged: unknown[], order: unknown[], original: unknown[], mergeKey: string): unknown[] {
  const wanted = firstPlaces(order, mergeKey);
  const isArranged =
    wanted.size === merged.length && merged.every((item, i) => wanted.get(identity(item, mergeKey)) === i);
  if (isArranged && order.length === merged.length) return merged;
  const live = firstPlaces(original, mergeKey);
  const by = (places: Map<unknown, number>) => (a: unknown, b: unknown) =>
    (places.get(identity(a, mergeKey)) ?? Number.MAX_SAFE_INTEGER) -
    (places.get(identity(b, mergeKey)) ?? Number.MAX_SAFE_INTEGER);
  const named = merged.filter((item) => wanted.has(identity(item, mergeKey))).sort(by(wanted));
  const others = merged.filter((item) => !wanted.has(identity(item, mergeKey))).sort(by(live));
  const result: unknown[] = [];
  let next = 0;
  for (const item of named) {
    const place = live.get(identity(item, mergeKey));
    while (place !== undefined && next < others.length) {
      const other = live.get(identity(others[next], mergeKey));
      if (other === undefined || other >= place) break;
      result.push(others[next++]);
    }
    result.push(item);
  }
  return result.concat(others.slice(next));
}

function firstPlaces(list: unknown[], mergeKey: string): Map<unknown, number> {
  const places = new Map<unknown, number>();
  for (const [place, item] of list.entries()) {
    const value = identity(item, mergeKey);
    if (!places.has(value)) places.set(value, place);
  }
  return places;
}

function identity(item: unknown, mergeKey: string): unknown {
  if (mergeKey === '') return item;
  if (!isObject(item)) throw badType({}, item);
  return keyOf(item, mergeKey);
}

function keyOf(item: JsonObject, mergeKey: string): unknown {
  if (!Object.hasOwn(item, mergeKey))
    throw internal(`map: ${goValue(item)} does not contain declared merge key: ${mergeKey}`);
  return item[mergeKey];
}

/** True when the items of both lists are objects, false when they are of one primitive type. */
function holdsObjects(...lists: unknown[][]): boolean {
  const types = new Set<string>();
  for (const list of lists) for (const item of list) types.add(goType(item));
  if (types.has('[]interface {}'))
    throw new ApiError('Invalid', 'the server rejected our request due to an error in our request', {
      details: {},
      cause: new Error('lists of lists are not supported'),
    });
  if (types.size > 1)
    throw internal(`list element types are not identical: [${lists.map(goValue).join(' ')}]`);
  return types.has('map[string]interface {}');
}

/** A value of a patch as it stands in the result: without nulls, directives, and objects that are directives. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value))
    return value
      .filter((item) => !(isObject(item) && Object.hasOwn(item, patchDirective)))
      .map(withoutDirectives);
  if (!isObject(value)) return value;
  const result: JsonObject = {};
  for (const key of Object.keys(value)) {
    const member = value[key];
    if (member === null || isDirective(key)) continue;
    if (isObject(member) && Object.hasOwn(member, patchDirective)) continue;
    put(result, key, withoutDirectives(member));
  }
  return result;
}

function isDirective(key: string): boolean {
  return (
    key === retainKeysDirective || key.startsWith(`${deletePrefix}/`) || key.startsWith(`${orderPrefix}/`)
  );
}

function fieldOf(directive: string, prefix: string): string {
  if (!directive.startsWith(`${prefix}/`))
    throw badRequest(
      prefix === deletePrefix
        ? 'invalid patch format of primitive list'
        : 'invalid patch format of setElementOrder list',
    );
  return directive.slice(prefix.length + 1);
}

/** What upstream does not map to a client's error goes out as 500 without a reason. */
function internal(message: string): ApiError {
  return new ApiError('', message, { code: 500 });
}

function badType(expected: unknown, actual: unknown): ApiError {
  return internal(`expected a ${goType(expected)}, but received a ${goType(actual)}`);
}

function unknownDirective(directive: unknown, map: JsonObject): ApiError {
  return internal(`unknown patch type: ${goValue(directive)} in map: ${goValue(map)}`);
}

/**
 * What is left of a patch that has been merged, which a refusal shows: directives and the lists that they order are
 * gone. Source: `mergePatchIntoOriginal` of apimachinery's strategicpatch.
 */
export function leftOfPatch(patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const left: JsonObject = {};
  for (const [key, value] of Object.entries(patch)) {
    const isOrdered = Object.hasOwn(patch, `${orderPrefix}/${key}`);
    const isDirective =
      key === '$retainKeys' || key.startsWith(`${orderPrefix}/`) || (value === 'replace' && key === '$patch');
    if (!isOrdered && !isDirective) put(left, key, leftOfPatch(value));
  }
  return left;
}
