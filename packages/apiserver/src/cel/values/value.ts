import { BOOL, BYTES, type CelType, DOUBLE, DYN, INT, listOf, mapOf, NULL, STRING } from '../types.js';
import { CelValue } from './cel-value.js';
import { Double } from './double.js';
import type { Integer } from './integers.js';

/**
 * A value of CEL. JSON's own values stand for themselves, so that objects are not converted to be looked at:
 * - a number that is a safe integer is an int, any other number a double; a bigint is an int beyond 2^53
 * - arrays are lists, plain objects maps with string keys
 * - everything else is a {@link CelValue}, or Uint8Array for bytes
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Value[]
  | JsonMap
  | CelValue;

export interface JsonMap {
  readonly [key: string]: Value;
}

const anyList = listOf(DYN);
const anyMap = mapOf(DYN, DYN);

/** A double; integral ones are told from ints by their box. */
export function boxDouble(value: number): number | Double {
  return Number.isSafeInteger(value) ? new Double(value) : value;
}

export function isInt(value: Value): value is Integer {
  return typeof value === 'bigint' || Number.isSafeInteger(value);
}

export function isDouble(value: Value): value is number | Double {
  return typeof value === 'number' ? !Number.isSafeInteger(value) : value instanceof Double;
}

/** The number of a double. */
export function unboxDouble(value: number | Double): number {
  return typeof value === 'number' ? value : value.value;
}

export function isJsonMap(value: Value): value is JsonMap {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof CelValue) &&
    !(value instanceof Uint8Array)
  );
}

/** The type that a value has at run time; of lists and maps only that they are. */
export function typeOf(value: Value): CelType {
  switch (typeof value) {
    case 'string':
      return STRING;
    case 'boolean':
      return BOOL;
    case 'bigint':
      return INT;
    case 'number':
      return Number.isSafeInteger(value) ? INT : DOUBLE;
    default:
      if (value === null) return NULL;
      if (value instanceof CelValue) return value.type;
      if (Array.isArray(value)) return anyList;
      return value instanceof Uint8Array ? BYTES : anyMap;
  }
}
