import { displayKey } from '../functions/display.js';
import { typeName } from '../types.js';
import { Double } from './double.js';
import { Duration } from './duration.js';
import { EvaluationError } from './evaluation-error.js';
import { elements, isList } from './list-value.js';
import { isMap, mapGet, mapKeys } from './map-value.js';
import { Timestamp } from './timestamp.js';
import { Uint } from './uint.js';
import { typeOf, type Value } from './value.js';

/**
 * The JSON that a value stands for, nothing shared with it.
 * @throws EvaluationError where it stands for none
 */
export function toJson(value: Value): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Double || value instanceof Uint) return value.value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof Timestamp || value instanceof Duration) return value.toString();
  if (isList(value)) return elements(value).map(toJson);
  if (!isMap(value)) throw new EvaluationError(`no JSON for a value of type ${typeName(typeOf(value))}`);
  const object: Record<string, unknown> = {};
  for (const key of mapKeys(value)) {
    if (typeof key !== 'string') throw new EvaluationError(`map key ${displayKey(key)} is not a string`);
    // A key may be called __proto__.
    Object.defineProperty(object, key, {
      value: toJson(mapGet(value, key)!),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return object;
}
