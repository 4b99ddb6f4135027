import { CelValue } from './cel-value.js';
import { Double } from './double.js';
import type { Integer } from './integers.js';
import { isList, type List } from './list-value.js';
import { type CelMap, isMap, mapGet, mapKeys, mapSize } from './map-value.js';
import { Uint } from './uint.js';
import type { Value } from './value.js';

/** Counts how many elements and entries were compared. */
export interface Work {
  compared: number;
}

/** CEL's `==`: numbers by their value whatever their types, everything else by type and content. Never an error. */
export function equal(a: Value, b: Value, work?: Work): boolean {
  if (a === b) return true;
  const number = numberOf(a);
  if (number !== undefined) {
    const other = numberOf(b);
    return other !== undefined && compareNumbers(number, other) === 0;
  }
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return false;
  if (a instanceof Uint8Array) return b instanceof Uint8Array && equalBytes(a, b);
  // Either side may be one that compares in its own way.
  if (a instanceof CelValue) return a.equals(b, work);
  if (b instanceof CelValue) return b.equals(a, work);
  if (isList(a)) return isList(b) && equalLists(a, b, work);
  return isMap(a) && isMap(b) && equalMaps(a, b, work);
}

/** The value of an int, uint or double. */
export function numberOf(value: Value): Integer | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  return value instanceof Uint || value instanceof Double ? value.value : undefined;
}

/** As upstream: an int beyond 2^53 is compared with a double as a double. NaN equals nothing. */
export function compareNumbers(a: Integer, b: Integer): number {
  const asDouble = typeof a !== typeof b;
  const left = asDouble ? Number(a) : a;
  const right = asDouble ? Number(b) : b;
  return left < right ? -1 : left > right ? 1 : left === right ? 0 : Number.NaN;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** Lists element by element. */
export function equalLists(a: List, b: List, work?: Work): boolean {
  if (a.length !== b.length) return false;
  if (work !== undefined) work.compared += a.length;
  for (let index = 0; index < a.length; index++) if (!equal(a.at(index)!, b.at(index)!, work)) return false;
  return true;
}

export function equalMaps(a: CelMap, b: CelMap, work?: Work): boolean {
  const size = mapSize(a);
  if (size !== mapSize(b)) return false;
  if (work !== undefined) work.compared += size;
  for (const key of mapKeys(a)) {
    const other = mapGet(b, key);
    if (other === undefined || !equal(mapGet(a, key)!, other, work)) return false;
  }
  return true;
}
