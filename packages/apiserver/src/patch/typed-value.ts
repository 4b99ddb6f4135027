import {
  emptyFieldSet,
  type FieldSet,
  fieldElement,
  hasSelf,
  isEmptySet,
  keyElement,
  makeNode,
  printElement,
  valueElement,
} from './field-set.js';
import type { FieldType, ListType, MapType } from './field-types.js';
import { isObject, type JsonObject, jsonEqual, own, put } from './json-object.js';

/** The list type when the value is a list whose items are fields of their own. */
function granularList(type: FieldType | undefined, value: unknown): ListType | undefined {
  const list = Array.isArray(value) ? type?.list : undefined;
  return list === undefined || list.relation === 'atomic' ? undefined : list;
}

/** The map type when the value is an object whose members are fields of their own. */
function granularMap(type: FieldType | undefined, value: unknown): MapType | undefined {
  const map = isObject(value) ? type?.map : undefined;
  return map === undefined || map.atomic ? undefined : map;
}

function memberType(map: MapType, key: string): FieldType | undefined {
  return map.property(key) ?? map.values;
}

function isEmptyValue(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
}

/** The path element of an item, or why it has none. */
function elementOf(list: ListType, item: unknown): { element: string } | { problem: string } {
  if (list.relation === 'set') {
    if (item === null)
      return { problem: "associative list without keys has an element that's an explicit null" };
    if (typeof item === 'object') {
      return Array.isArray(item)
        ? { problem: 'not supported: associative list with lists as elements' }
        : { problem: "associative list without keys has an element that's a map type" };
    }
    return { element: valueElement(item) };
  }
  if (item === null) return { problem: 'associative list with keys may not have a null element' };
  if (!isObject(item)) return { problem: 'associative list with keys may not have non-map elements' };
  const keys: [string, unknown][] = [];
  for (const key of list.keys) {
    const value = own(item, key) ?? list.keyDefault(key);
    if (value !== undefined) keys.push([key, value]);
  }
  if (keys.length === 0)
    return {
      problem: `associative list with keys has an element that omits all key fields [${list.keys.map((key) => JSON.stringify(key)).join(' ')}] (and doesn't have default values for any key fields)`,
    };
  return { element: keyElement(keys) };
}

/** Items by path element, and the elements in order, each as often as it occurs. */
interface Indexed {
  readonly elements: readonly string[];
  readonly byElement: ReadonlyMap<string, readonly unknown[]>;
}

function indexItems(list: ListType, items: readonly unknown[]): Indexed {
  const byElement = new Map<string, unknown[]>();
  const elements = items.map((item, i) => {
    const found = elementOf(list, item);
    // An item without keys in a stored object is known by its place.
    const element = 'element' in found ? found.element : `i:${i}`;
    const known = byElement.get(element);
    if (known === undefined) byElement.set(element, [item]);
    else known.push(item);
    return element;
  });
  return { elements, byElement };
}

/** The item of that element; undefined where there is none or more than one, which are no item to merge with. */
function onlyItem({ byElement }: Indexed, element: string): unknown {
  const items = byElement.get(element);
  return items?.length === 1 ? items[0] : undefined;
}

/**
 * The fields that a value sets. Leaves, items and members of maps belong to the set, properties only through what is
 * below them. With `problems` it is checked besides: what is wrong is added there with its path.
 */
export function fieldsOf(
  value: unknown,
  type: FieldType | undefined,
  problems?: string[],
  path?: string,
): FieldSet | undefined {
  const map = granularMap(type, value);
  if (map !== undefined) {
    const children: Record<string, FieldSet> = {};
    const object = value as JsonObject;
    for (const key of Object.keys(object)) {
      const member = object[key];
      const declared = map.property(key);
      const below = path === undefined ? undefined : `${path}.${key}`;
      if (declared === undefined && map.values === undefined) {
        problems?.push(`${below}: field not declared in schema`);
        continue;
      }
      const node = fieldsOf(member, declared ?? map.values, problems, below);
      const whole = declared === undefined || (isObject(member) && isEmptyValue(member));
      const child = whole ? withSelf(node) : node;
      if (child !== undefined) children[fieldElement(key)] = child;
    }
    return makeNode(false, children);
  }
  const list = granularList(type, value);
  if (list === undefined) return emptyFieldSet;
  const children: Record<string, FieldSet> = {};
  for (const [i, item] of (value as unknown[]).entries()) {
    const found = elementOf(list, item);
    if ('problem' in found) {
      problems?.push(`${path}: element ${i}: ${found.problem}`);
      continue;
    }
    const { element } = found;
    const printed = path === undefined ? undefined : `${path}${printElement(element)}`;
    if (children[element] !== undefined) {
      problems?.push(`${path}: duplicate entries for key ${printElement(element)}`);
      children[element] = emptyFieldSet;
    } else children[element] = withSelf(fieldsOf(item, list.item, problems, printed));
  }
  return makeNode(false, children);
}

function withSelf(node: FieldSet | undefined): FieldSet {
  if (node === undefined) return emptyFieldSet;
  return hasSelf(node) ? node : { '.': emptyFieldSet, ...node };
}

/** What another value changed; no field stands in two of the sets. */
export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

interface Changes {
  added: FieldSet | undefined;
  modified: FieldSet | undefined;
  removed: FieldSet | undefined;
}

const nothing: Changes = { added: undefined, modified: undefined, removed: undefined };

/** Compares two objects field by field. Parts that are the same value cost nothing. */
export function compare(before: JsonObject, after: JsonObject, type: FieldType): Comparison {
  const { added, modified, removed } = changes(before, after, type);
  return {
    added: added ?? emptyFieldSet,
    modified: modified ?? emptyFieldSet,
    removed: removed ?? emptyFieldSet,
  };
}

/** `undefined` stands for a value that is not there. */
function changes(before: unknown, after: unknown, type: FieldType | undefined): Changes {
  if (before === after) return nothing;
  const map = granularMap(type, after) ?? granularMap(type, before);
  const list = granularList(type, after) ?? granularList(type, before);
  const comparable = (value: unknown) =>
    value === undefined || value === null || (map !== undefined ? isObject(value) : Array.isArray(value));
  const leaf = (map === undefined && list === undefined) || (isEmptyValue(before) && isEmptyValue(after));
  if (leaf || !comparable(before) || !comparable(after)) {
    if (before === undefined) return { ...nothing, added: emptyFieldSet };
    if (after === undefined) return { ...nothing, removed: emptyFieldSet };
    return jsonEqual(before, after) ? nothing : { ...nothing, modified: emptyFieldSet };
  }
  const found = new FoundChanges();
  if (map !== undefined) {
    const [left, right] = [(before ?? {}) as JsonObject, (after ?? {}) as JsonObject];
    for (const key of Object.keys(left)) {
      const [old, value] = [left[key], own(right, key)];
      if (old !== value) found.take(fieldElement(key), memberChanges(old, value, { map, key }));
    }
    for (const key of Object.keys(right)) {
      if (!Object.hasOwn(left, key))
        found.take(fieldElement(key), memberChanges(undefined, right[key], { map, key }));
    }
  } else if (list !== undefined) {
    const left = indexItems(list, (before ?? []) as unknown[]);
    const right = indexItems(list, (after ?? []) as unknown[]);
    for (const element of left.byElement.keys())
      found.take(element, itemChanges(left, right, { element, item: list.item }));
    for (const element of right.byElement.keys()) {
      if (!left.byElement.has(element))
        found.take(element, itemChanges(left, right, { element, item: list.item }));
    }
  }
  return found.changes(before === undefined, after === undefined);
}

/** Gathers the changes of the children; most often there are none. */
class FoundChanges {
  #added: Record<string, FieldSet> | undefined;
  #modified: Record<string, FieldSet> | undefined;
  #removed: Record<string, FieldSet> | undefined;

  take(element: string, { added, modified, removed }: Changes): void {
    if (added !== undefined) {
      this.#added ??= {};
      this.#added[element] = added;
    }
    if (modified !== undefined) {
      this.#modified ??= {};
      this.#modified[element] = modified;
    }
    if (removed !== undefined) {
      this.#removed ??= {};
      this.#removed[element] = removed;
    }
  }

  changes(added: boolean, removed: boolean): Changes {
    const some = this.#added ?? this.#modified ?? this.#removed;
    if (some === undefined && !added && !removed) return nothing;
    return {
      added: makeNode(added, this.#added ?? emptyFieldSet),
      modified: makeNode(false, this.#modified ?? emptyFieldSet),
      removed: makeNode(removed, this.#removed ?? emptyFieldSet),
    };
  }
}

/** A property that is there in every object is neither added nor removed, only what is below it. */
function memberChanges(
  before: unknown,
  after: unknown,
  { map, key }: { map: MapType; key: string },
): Changes {
  const type = memberType(map, key);
  if ((before !== undefined && after !== undefined) || !map.isAlwaysThere(key))
    return changes(before, after, type);
  const empty = (other: unknown) => (Array.isArray(other) ? [] : isObject(other) ? {} : undefined);
  const composite = granularMap(type, before ?? after) ?? granularList(type, before ?? after);
  if (composite === undefined) return changes(before, after, type);
  return changes(before ?? empty(after), after ?? empty(before), type);
}

/** Items that occur more than once are one field together. */
function itemChanges(
  left: Indexed,
  right: Indexed,
  { element, item }: { element: string; item: FieldType },
): Changes {
  const [before = [], after = []] = [left.byElement.get(element), right.byElement.get(element)];
  if (before.length <= 1 && after.length <= 1) return changes(before[0], after[0], item);
  if (before.length === 0) return { ...nothing, added: emptyFieldSet };
  if (after.length === 0) return { ...nothing, removed: emptyFieldSet };
  return jsonEqual(before, after) ? nothing : { ...nothing, modified: emptyFieldSet };
}

/** Merges an applied configuration into an object; what stays the same is shared with it. */
export function mergeTyped(live: unknown, config: unknown, type: FieldType | undefined): unknown {
  if (live === undefined || live === null) return config;
  if (isEmptyValue(live) && isEmptyValue(config)) return jsonEqual(live, config) ? live : config;
  const map = granularMap(type, config);
  if (map !== undefined && isObject(live)) {
    let result = live;
    for (const [key, value] of Object.entries(config as JsonObject)) {
      const old = own(live, key);
      const merged = mergeTyped(old, value, memberType(map, key));
      if (merged === old) continue;
      if (result === live) result = { ...live };
      put(result, key, merged);
    }
    return result;
  }
  const list = granularList(type, config);
  if (list !== undefined && Array.isArray(live)) return mergeLists(live, config as unknown[], list);
  return jsonEqual(live, config) ? live : config;
}

/**
 * The applied items in their order, the others of the live list between them as they stood before and after shared
 * items.
 */
function mergeLists(
  live: readonly unknown[],
  config: readonly unknown[],
  list: ListType,
): readonly unknown[] {
  const left = indexItems(list, live);
  const right = indexItems(list, config);
  const shared = right.elements.filter((element) => left.byElement.has(element));
  let nextShared = shared.shift();
  const merged = new Set<string>();
  const result: unknown[] = [];
  const take = (element: string) => {
    merged.add(element);
    result.push(mergeTyped(onlyItem(left, element), onlyItem(right, element), list.item));
  };
  let [l, r] = [0, 0];
  while (l < left.elements.length || r < right.elements.length) {
    const [mine, theirs] = [left.elements[l], right.elements[r]];
    if (mine !== undefined && theirs !== undefined) {
      if (mine === theirs) {
        take(mine);
        l++;
        r++;
        nextShared = shared.shift();
        continue;
      }
      if (right.byElement.has(mine) && nextShared !== undefined && nextShared !== mine) {
        l++;
        continue;
      }
    }
    if (mine !== undefined) {
      if (!right.byElement.has(mine)) {
        result.push(live[l++]);
        continue;
      }
      if (merged.has(mine)) l++;
    }
    if (theirs !== undefined) {
      take(theirs);
      r++;
      if (nextShared === theirs) nextShared = shared.shift();
    }
  }
  const same = result.length === live.length && result.every((item, i) => item === live[i]);
  return same ? live : result;
}

/**
 * Takes out of a merged object what its applier no longer lists: of the fields in `last`, those that nobody owns.
 * `owned` is what all managers own now, the applier's new configuration included. A removed field takes everything
 * below it along; maps that it leaves empty go too.
 */
export function prune(
  merged: JsonObject,
  sets: { readonly last: FieldSet; readonly owned: FieldSet },
  type: FieldType,
): JsonObject {
  return pruneBelow(merged, { ...sets, type, below: false, gone: false }) as JsonObject;
}

interface PruneState {
  readonly last: FieldSet;
  readonly owned: FieldSet;
  readonly type: FieldType | undefined;
  /** True below a field of `last`. */
  readonly below: boolean;
  /** True below a field that nobody owns. */
  readonly gone: boolean;
}

/** The state of a child, and whether it is removed. Properties count as members of a set that holds something below. */
function descend(
  state: PruneState,
  element: string,
  { type, named }: { type: FieldType | undefined; named: boolean },
) {
  const last = state.last[element];
  const owned = state.owned[element];
  if (last === undefined) return undefined;
  const inLast = named || hasSelf(last);
  const inOwned = owned !== undefined && (named || hasSelf(owned));
  const below = state.below || inLast;
  const gone = state.gone || (below && !inOwned);
  return {
    removed: gone && inLast,
    owned: owned !== undefined,
    state: { last, owned: owned ?? emptyFieldSet, type, below, gone },
  };
}

function pruneBelow(value: unknown, state: PruneState): unknown {
  if (isEmptySet(state.last)) return value;
  const map = granularMap(state.type, value);
  if (map !== undefined) {
    const object = value as JsonObject;
    let result = object;
    for (const key of Object.keys(object)) {
      const declared = map.property(key);
      const child = descend(state, fieldElement(key), {
        type: declared ?? map.values,
        named: declared !== undefined,
      });
      if (child === undefined) continue;
      const old = object[key];
      const pruned = child.removed ? undefined : pruneBelow(old, child.state);
      if (pruned === old) continue;
      if (result === object) result = { ...object };
      // What is left empty goes too, unless somebody owns it as such.
      if (pruned === undefined || (isEmptyValue(pruned) && !child.owned)) delete result[key];
      else put(result, key, pruned);
    }
    return result;
  }
  const list = granularList(state.type, value);
  if (list === undefined) return value;
  const items = value as unknown[];
  const result: unknown[] = [];
  for (const item of items) {
    const found = elementOf(list, item);
    const child =
      'element' in found ? descend(state, found.element, { type: list.item, named: false }) : undefined;
    if (child === undefined) result.push(item);
    else if (!child.removed) result.push(pruneBelow(item, child.state));
  }
  return result.length === items.length && result.every((item, i) => item === items[i]) ? items : result;
}
