import { Duration } from './duration.js';
import { compareNumbers, numberOf } from './equality.js';
import { EvaluationError, noSuchOverload } from './evaluation-error.js';
import { Timestamp } from './timestamp.js';
import type { Value } from './value.js';

/**
 * CEL's order: -1, 0 or 1. Numbers compare across their types, strings by code points, false is before true.
 * @throws EvaluationError where the two have no order
 */
export function compare(a: Value, b: Value): number {
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b);
  const number = numberOf(a);
  if (number !== undefined) {
    const other = numberOf(b);
    if (other === undefined) throw noSuchOverload();
    if (Number.isNaN(number) || Number.isNaN(other))
      throw new EvaluationError('NaN values cannot be ordered');
    return compareNumbers(number, other);
  }
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Timestamp && b instanceof Timestamp) return a.compare(b);
  if (a instanceof Duration && b instanceof Duration)
    return a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0;
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  throw noSuchOverload();
}

/** By code points: JavaScript's own order is that of UTF-16 units, which differs beyond U+FFFF. */
export function compareStrings(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const x = a.charCodeAt(index);
    const y = b.charCodeAt(index);
    if (x !== y)
      return (afterSurrogates(x) - afterSurrogates(y)) / Math.abs(afterSurrogates(x) - afterSurrogates(y));
  }
  return a.length < b.length ? -1 : 1;
}

/** Surrogates stand for code points above all others. */
function afterSurrogates(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
