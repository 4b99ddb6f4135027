import { numberOf } from '../values/equality.js';
import type { Value } from '../values/value.js';

/** A key or index as errors show it. */
export function displayKey(key: Value): string {
  if (typeof key === 'string') return key;
  const number = numberOf(key);
  return String(number ?? key);
}
