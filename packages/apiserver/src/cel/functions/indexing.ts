import { numberOf } from '../values/equality.js';
import { EvaluationError, noSuchKey, noSuchOverload } from '../values/evaluation-error.js';
import { isList, type List } from '../values/list-value.js';
import { isMap, mapGet, mapHas } from '../values/map-value.js';
import { Optional } from '../values/optional.js';
import type { Value } from '../values/value.js';
import { displayKey } from './display.js';

/** @throws EvaluationError index out of bounds */
export function indexList(list: Value, index: Value): Value {
  const at = listIndex(index);
  const found = at < 0 ? undefined : (list as List).at(at);
  if (found === undefined) throw new EvaluationError(`index out of bounds: ${displayKey(index)}`);
  return found;
}

/** @throws EvaluationError no such key */
export function indexMap(map: Value, key: Value): Value {
  const found = lookUp(map, key);
  if (found === undefined) throw noSuchKey(displayKey(key));
  return found;
}

export function inMap(key: Value, map: Value): boolean {
  if (!isMap(map)) throw noSuchOverload();
  return mapHas(map, key);
}

/** `a[?i]`, and `a[i]` of an optional: an optional, none where there is no such element. */
export function optionalIndex(container: Value, key: Value): Optional {
  const inner = container instanceof Optional ? container.content : container;
  if (inner === undefined) return Optional.none;
  const found = isList(inner) ? elementOrNone(inner, key) : lookUp(inner, key);
  return found === undefined ? Optional.none : Optional.of(found);
}

function elementOrNone(list: List, key: Value): Value | undefined {
  const at = listIndex(key);
  return at < 0 ? undefined : list.at(at);
}

function lookUp(map: Value, key: Value): Value | undefined {
  if (!isMap(map)) throw noSuchOverload();
  return mapGet(map, key);
}

/** Ints index lists, and other numbers that are whole. */
function listIndex(index: Value): number {
  const number = numberOf(index);
  if (number === undefined) throw noSuchOverload();
  if (typeof number === 'bigint') return -1;
  if (!Number.isInteger(number)) throw new EvaluationError(`unsupported index value ${displayKey(index)}`);
  return number;
}
