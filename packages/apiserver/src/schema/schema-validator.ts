import { jsonEqual } from '../patch/json-object.js';
import type { FieldError, FieldPath } from '../validation/field-error.js';
import { hasFormat } from './known-formats.js';
import { checkNumber } from './number-checks.js';
import type { Previous } from './previous.js';
import { fieldErrorOf, type Place, pathOf, type SchemaProblem } from './schema-problem.js';
import type { StructuralSchema } from './structural-schema.js';

/**
 * What a schema finds wrong with a value, in upstream's words. Source: kube-openapi's `validate`.
 * @param root where the value stands, for the fields of the errors; undefined for a whole object
 * @param previous the value before an update: problems of what did not change are no problems (KEP-4008)
 */
export function validateSchema(
  schema: StructuralSchema,
  value: unknown,
  { root, previous }: { readonly root?: FieldPath; readonly previous?: Previous | undefined } = {},
): FieldError[] {
  const found = new Findings();
  check(schema, value, undefined, previous, found);
  return found.problems.map((problem) => fieldErrorOf(problem, root));
}

/** So many problems of one object are told: who sends a million bad items learns enough from them. */
export const mostProblems = 10_000;

/** The problems so far, and how many checks a value passed: of alternatives the closest one is told. */
class Findings {
  readonly problems: SchemaProblem[] = [];
  matches = 0;
  #told: Set<string> | undefined;

  /** A message is told once. */
  add(problem: SchemaProblem): void {
    if (this.problems.length === mostProblems) return;
    this.#told ??= new Set();
    const key = `${problem.path}\n${problem.message}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.problems.push(problem);
  }

  merge(other: Findings): void {
    for (const problem of other.problems) this.add(problem);
    this.matches += other.matches;
  }
}

function check(
  schema: StructuralSchema,
  value: unknown,
  place: Place | undefined,
  previous: Previous | undefined,
  found: Findings,
): void {
  if (previous === undefined) {
    checkValue(schema, value, place, undefined, found);
    return;
  }
  const own = new Findings();
  checkValue(schema, value, place, previous, own);
  if (own.problems.length > 0 && previous.isEqualTo(value)) found.matches += own.matches;
  else found.merge(own);
}

function checkValue(
  schema: StructuralSchema,
  value: unknown,
  place: Place | undefined,
  previous: Previous | undefined,
  found: Findings,
): void {
  if (value === null || value === undefined) {
    if (schema.types.length > 0 && !schema.nullable)
      found.add(typeProblem(place, schema.types.join(','), 'null'));
    checkEnum(schema, value, place, found);
    return;
  }
  checkType(schema, value, place, found);
  checkAlternatives(schema, value, place, previous, found);
  if (typeof value === 'string') checkString(schema, value, place, found);
  else if (typeof value === 'number' || typeof value === 'bigint') checkNumber(schema, value, place, found);
  else if (Array.isArray(value)) checkList(schema, value, place, previous, found);
  checkEnum(schema, value, place, found);
  if (typeof value === 'object' && !Array.isArray(value))
    checkObject(schema, value as Record<string, unknown>, place, previous, found);
  // One for each check that was made, and one for the schema.
  found.matches += 4;
}

function jsonType(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'bigint' || typeof value === 'number') return isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function checkType(
  { types, format }: StructuralSchema,
  value: unknown,
  place: Place | undefined,
  found: Findings,
): void {
  if (types.length === 0 && format === '') return;
  const type = jsonType(value);
  const fits = types.includes(type) || (type === 'integer' && types.includes('number'));
  if (fits) {
    found.matches++;
    return;
  }
  const numeric = types.includes('number') || types.includes('integer');
  const isText = typeof value === 'string' || Array.isArray(value);
  // Upstream leaves texts and lists to the format.
  if (!numeric && format !== '' && isText) return;
  if (format !== '' && !isText) found.add(typeProblem(place, format, goFormat(value)));
  else found.add(typeProblem(place, types.join(','), type));
}

/** What upstream knows of a number's format; other values have none. */
function goFormat(value: unknown): string {
  if (typeof value !== 'bigint' && typeof value !== 'number') return '';
  return isInteger(value) ? 'int64' : 'float64';
}

/** Whether Go reads it as one, or as a float that is exact. */
function isInteger(value: number | bigint): boolean {
  return typeof value === 'bigint'
    ? BigInt.asIntN(64, value) === value
    : Number.isInteger(value) && Math.abs(value) < 2 ** 63;
}

function typeProblem(place: Place | undefined, wanted: string, found: string): SchemaProblem {
  const path = pathOf(place);
  const message = `${path} in body must be of type ${wanted}: ${JSON.stringify(found)}`;
  return { path, kind: 'type', message, value: found };
}

function other(place: Place | undefined, value: unknown, what: string): SchemaProblem {
  const path = pathOf(place);
  return { path, kind: 'other', message: `${path} in body ${what}`, value };
}

function checkString(
  schema: StructuralSchema,
  value: string,
  place: Place | undefined,
  found: Findings,
): void {
  checkText(schema, value, place, found);
  const { format } = schema;
  if (format !== '' && !hasFormat(value, format)) {
    const path = pathOf(place);
    const message = `${path} in body must be of type ${format}: ${JSON.stringify(value)}`;
    found.add({ path, kind: 'type', message, value });
  }
}

/** One problem at most. */
function checkText(
  { schema, pattern }: StructuralSchema,
  value: string,
  place: Place | undefined,
  found: Findings,
): void {
  const { maxLength, minLength } = schema;
  if (maxLength !== undefined && value.length > maxLength && characters(value) > maxLength) {
    const path = pathOf(place);
    const message = `${path} in body should be at most ${maxLength} chars long`;
    found.add({ path, kind: 'long', message, value, limit: maxLength });
  } else if (minLength !== undefined && (value.length < minLength || characters(value) < minLength))
    found.add(other(place, value, `should be at least ${minLength} chars long`));
  else if (pattern !== undefined && !pattern.matches(value))
    found.add(other(place, value, `should match '${schema.pattern ?? ''}'`));
}

function characters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function checkList(
  schema: StructuralSchema,
  value: readonly unknown[],
  place: Place | undefined,
  previous: Previous | undefined,
  found: Findings,
): void {
  const { items } = schema;
  if (items !== undefined) {
    const at: Place = { parent: place, segment: 0 };
    for (let index = 0; index < value.length; index++) {
      at.segment = index;
      check(items, value[index], at, previous?.item(value, index), found);
    }
  }
  const { minItems, maxItems, uniqueItems } = schema.schema;
  const { length } = value;
  if (minItems !== undefined && length < minItems)
    found.add(other(place, length, `should have at least ${minItems} items`));
  if (maxItems !== undefined && length > maxItems) {
    const path = pathOf(place);
    const message = `${path} in body should have at most ${maxItems} items`;
    found.add({ path, kind: 'many', message, value: length, limit: maxItems });
  }
  if (uniqueItems && new Set(value.map((item) => JSON.stringify(item))).size < length)
    found.add(other(place, undefined, "shouldn't contain duplicates"));
  found.matches++;
}

function checkEnum(
  schema: StructuralSchema,
  value: unknown,
  place: Place | undefined,
  found: Findings,
): void {
  const { enum: values } = schema;
  if (values.length === 0 || values.some((one) => one !== null && jsonEqual(one, value))) return;
  const path = pathOf(place);
  found.add({
    path,
    kind: 'enum',
    message: `${path} in body should be one of ${String(values)}`,
    value,
    values,
  });
}

function checkObject(
  schema: StructuralSchema,
  value: Readonly<Record<string, unknown>>,
  place: Place | undefined,
  previous: Previous | undefined,
  found: Findings,
): void {
  const names = Object.keys(value);
  const { minProperties, maxProperties } = schema.schema;
  if (minProperties !== undefined && names.length < minProperties)
    found.add(other(place, names.length, `should have at least ${minProperties} properties`));
  if (maxProperties !== undefined && names.length > maxProperties) {
    const path = pathOf(place);
    const message = `${path} in body should have at most ${maxProperties} properties`;
    found.add({ path, kind: 'many', message, value: names.length, limit: maxProperties });
  }
  const at: Place = { parent: place, segment: '' };
  for (const name of names) {
    at.segment = name;
    const member = schema.member(name);
    if (member !== undefined)
      check(member, value[name], at, previous?.member(name, place === undefined), found);
    else if (!schema.allowsAdditional) {
      const path = pathOf(place);
      const message = `${path}.${name} in body is a forbidden property`;
      found.add({ path, kind: 'other', message, value: name });
    }
  }
  for (const name of schema.required) {
    if (Object.hasOwn(value, name)) continue;
    at.segment = name;
    found.add({ path: pathOf(at), kind: 'required', message: `${pathOf(at)} in body is required` });
  }
}

function checkAlternatives(
  schema: StructuralSchema,
  value: unknown,
  place: Place | undefined,
  previous: Previous | undefined,
  found: Findings,
): void {
  const { anyOf, oneOf, allOf, not } = schema;
  const judge = (one: StructuralSchema): Findings => {
    const own = new Findings();
    checkValue(one, value, place, previous, own);
    return own;
  };
  const composite = (what: string) =>
    found.add({ path: '', kind: 'whole', message: `${JSON.stringify(pathOf(place))} ${what}` });
  if (anyOf.length > 0) {
    let closest: Findings | undefined;
    let fits: Findings | undefined;
    for (const one of anyOf) {
      const own = judge(one);
      if (own.problems.length === 0) {
        fits = own;
        break;
      }
      if (closest === undefined || own.matches > closest.matches) closest = own;
    }
    if (fits === undefined) composite('must validate at least one schema (anyOf)');
    const told = fits ?? closest;
    if (told !== undefined) found.merge(told);
  }
  if (oneOf.length > 0) {
    const judged = oneOf.map(judge);
    const fitting = judged.filter(({ problems }) => problems.length === 0);
    const [first] = fitting;
    if (fitting.length === 1 && first !== undefined) found.merge(first);
    else {
      const many = fitting.length === 0 ? 'Found none valid' : `Found ${fitting.length} valid alternatives`;
      composite(`must validate one and only one schema (oneOf). ${many}`);
      if (fitting.length === 0)
        found.merge(judged.reduce((best, own) => (own.matches > best.matches ? own : best)));
    }
  }
  if (allOf.length > 0) {
    let fitting = 0;
    for (const one of allOf) {
      const own = judge(one);
      if (own.problems.length === 0) fitting++;
      found.merge(own);
    }
    if (fitting < allOf.length)
      composite(`must validate all the schemas (allOf)${fitting === 0 ? '. None validated' : ''}`);
  }
  if (not !== undefined && judge(not).problems.length === 0) composite('must not validate the schema (not)');
}
