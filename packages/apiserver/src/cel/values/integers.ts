import { EvaluationError } from './evaluation-error.js';

/** An int or uint of 64 bits: a number where that is exact, else a bigint. There is one form of each value. */
export type Integer = number | bigint;

export const minInt = -(2n ** 63n);
export const maxInt = 2n ** 63n - 1n;
export const maxUint = 2n ** 64n - 1n;

/** The one form of an integer. */
export function canonicalInt(value: bigint): Integer {
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}

/** @throws EvaluationError integer overflow */
export function int(value: bigint): Integer {
  if (value > maxInt || value < minInt) throw new EvaluationError('integer overflow');
  return canonicalInt(value);
}

/** @throws EvaluationError unsigned integer overflow */
export function uint(value: bigint): Integer {
  if (value > maxUint || value < 0n) throw new EvaluationError('unsigned integer overflow');
  return canonicalInt(value);
}

/** What becomes of a result beyond the range: {@link int} or {@link uint}. */
type Range = (value: bigint) => Integer;

export function add(a: Integer, b: Integer, range: Range): Integer {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum) && (sum >= 0 || range === int)) return sum;
  }
  return range(BigInt(a) + BigInt(b));
}

export function subtract(a: Integer, b: Integer, range: Range): Integer {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b;
    if (Number.isSafeInteger(difference) && (difference >= 0 || range === int)) return difference;
  }
  return range(BigInt(a) - BigInt(b));
}

export function multiply(a: Integer, b: Integer, range: Range): Integer {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b;
    if (Number.isSafeInteger(product)) return product + 0;
  }
  return range(BigInt(a) * BigInt(b));
}

/** Towards zero. */
export function divide(a: Integer, b: Integer, range: Range): Integer {
  if (b === 0) throw new EvaluationError('division by zero');
  if (typeof a === 'number' && typeof b === 'number') return (a - (a % b)) / b + 0;
  return range(BigInt(a) / BigInt(b));
}

/** With the sign of the dividend. */
export function modulo(a: Integer, b: Integer, range: Range): Integer {
  if (b === 0) throw new EvaluationError('modulus by zero');
  if (typeof a === 'number' && typeof b === 'number') return (a % b) + 0;
  if (a === minInt && b === -1) throw new EvaluationError('integer overflow');
  return range(BigInt(a) % BigInt(b));
}

export function negate(a: Integer): Integer {
  return typeof a === 'number' ? 0 - a : int(-a);
}
