import { NumberLiteral } from '@kubewright/api';

/** A parsed JSON object. Members are read with {@link own} and written with {@link put}: `__proto__` is a key like any other. */
export type JsonObject = Record<string, unknown>;

/** True for objects as the decoder makes them: no list, no null, no number. */
export function isObject(value: unknown): value is JsonObject {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberLiteral)
  );
}

/** An object's own member, never one of its prototype. */
export function own(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Sets a member, also the one named `__proto__`, which an assignment would make the prototype. */
export function put(object: JsonObject, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  else object[key] = value;
}

/** Equality of JSON values: the order of members does not matter, that of items does; integers go by their value. */
export function jsonEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return sameInteger(a, b);
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!jsonEqual(a[i], b[i])) return false;
    return true;
  }
  return !Array.isArray(b) && equalMembers(a as JsonObject, b as JsonObject);
}

/** Whether one is a bigint and the other the number of the same value. */
function sameInteger(a: unknown, b: unknown): boolean {
  return (
    ((typeof a === 'bigint' && typeof b === 'number') || (typeof a === 'number' && typeof b === 'bigint')) &&
    // biome-ignore lint/suspicious/noDoubleEquals: 1n is 1
    a == b
  );
}

// Walks whole objects several times in each update, so it makes nothing on the way.
function equalMembers(a: JsonObject, b: JsonObject): boolean {
  let surplus = 0;
  for (const key in a) {
    if (!Object.hasOwn(b, key) || !jsonEqual(a[key], b[key])) return false;
    surplus++;
  }
  for (const _ in b) surplus--;
  return surplus === 0;
}

/** What Go calls the type of a JSON value; upstream's patch errors print it. */
export function goType(value: unknown): string {
  if (value === null || value === undefined) return '%!s(<nil>)';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'string' ? 'string' : 'map[string]interface {}';
}

/** A JSON value as Go's `%v` prints it: `map[a:1 b:[x y]]`; upstream's patch errors contain it. */
export function goValue(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goValue).join(' ')}]`;
  if (!isObject(value)) return String(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${key}:${goValue(value[key])}`);
  return `map[${members.join(' ')}]`;
}

/** The value with the members of its objects in the order that Go writes those of maps in. */
export function sortedJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedJson);
  if (!isObject(value)) return value;
  const sorted: JsonObject = {};
  for (const key of Object.keys(value).sort()) put(sorted, key, sortedJson(value[key]));
  return sorted;
}

/** What Go's JSON decoder calls a value of the wrong type. */
export function goJsonName(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'bigint' || value instanceof NumberLiteral ? 'number' : typeof value;
}
