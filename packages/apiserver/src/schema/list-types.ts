import { duplicate, type FieldError, type FieldPath, invalid } from '../validation/field-error.js';
import { fieldOf } from './schema-problem.js';
import type { StructuralSchema } from './structural-schema.js';

type JsonRecord = Readonly<Record<string, unknown>>;

/**
 * What occurs twice in lists of the types `set` and `map`. Source: apiextensions' `ValidateListSetsAndMaps`.
 * @param field undefined for a whole object
 */
export function validateListTypes(schema: StructuralSchema, value: unknown, field?: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  walk(schema, value, field, errors);
  return errors;
}

function walk(
  schema: StructuralSchema,
  value: unknown,
  field: FieldPath | undefined,
  errors: FieldError[],
): void {
  if (Array.isArray(value)) {
    if (field !== undefined) for (const error of duplicates(schema, value, field)) errors.push(error);
    const { items } = schema;
    if (items === undefined || !mayHaveLists(items)) return;
    for (const [index, item] of value.entries()) walk(items, item, field?.index(index), errors);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value as JsonRecord)) {
    if (typeof member !== 'object' || member === null) continue;
    const property = schema.property(name);
    if (property !== undefined) walk(property, member, fieldOf(field, name), errors);
    else if (schema.additional !== undefined)
      walk(schema.additional, member, field?.key(name) ?? fieldOf(field, name), errors);
  }
}

function mayHaveLists({ types }: StructuralSchema): boolean {
  return types.length === 0 || types.includes('array') || types.includes('object');
}

function duplicates(schema: StructuralSchema, list: readonly unknown[], field: FieldPath): FieldError[] {
  switch (schema.listType) {
    case 'set':
      return repeated(list).map((index) => duplicate(field.index(index), list[index]));
    case 'map':
      return repeatedKeys(schema, list, field);
    default:
      return [];
  }
}

function repeatedKeys(
  { mapKeys }: StructuralSchema,
  list: readonly unknown[],
  field: FieldPath,
): FieldError[] {
  const wrong = list.findIndex((item) => item !== null && (typeof item !== 'object' || Array.isArray(item)));
  if (wrong >= 0)
    return [invalid(field.index(wrong), list[wrong], 'must be an object for an array of list-type map')];
  const keys = list.map((item) => {
    const own = (item ?? {}) as JsonRecord;
    return Object.fromEntries(mapKeys.filter((key) => Object.hasOwn(own, key)).map((key) => [key, own[key]]));
  });
  return repeated(keys).map((index) => duplicate(field.index(index), keys[index]));
}

/** Where a value occurs the second time; later times are not told. */
function repeated(list: readonly unknown[]): number[] {
  if (list.length <= 1) return [];
  const seen = new Map<unknown, number>();
  const found: number[] = [];
  for (const [index, item] of list.entries()) {
    const known = typeof item === 'object' && item !== null ? canonical(item) : item;
    const times = seen.get(known) ?? 0;
    if (times === 1) found.push(index);
    seen.set(known, times + 1);
  }
  return found;
}

/** JSON with sorted members, which no scalar is. */
function canonical(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const members = Object.entries(value as JsonRecord).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`;
}
