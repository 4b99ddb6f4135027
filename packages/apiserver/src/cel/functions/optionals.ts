import { BOOL, listOf, optionalOf, parameter } from '../types.js';
import { Duration } from '../values/duration.js';
import { numberOf } from '../values/equality.js';
import { noSuchOverload } from '../values/evaluation-error.js';
import { elements, isList, type List } from '../values/list-value.js';
import { isMap, mapSize } from '../values/map-value.js';
import { Optional } from '../values/optional.js';
import type { Value } from '../values/value.js';
import type { FunctionDeclaration, Overload } from './declaration.js';

const V = parameter('V');
const optionalOfV = optionalOf(V);
const listOfV = listOf(V);
const optionals = listOf(optionalOfV);

/** Functions of and over optionals. `or` and `orValue` are the plan's: the second operand may not be needed. */
export const optionalFunctions: readonly FunctionDeclaration[] = [
  one('optional.of', 'optional_of', [V], optionalOfV, (value) => Optional.of(value)),
  one('optional.ofNonZeroValue', 'optional_ofNonZeroValue', [V], optionalOfV, (value) =>
    isZero(value) ? Optional.none : Optional.of(value),
  ),
  one('optional.none', 'optional_none', [], optionalOfV, () => Optional.none),
  one('value', 'optional_value', [optionalOfV], V, (value) => asOptional(value).value(), true),
  one('hasValue', 'optional_hasValue', [optionalOfV], BOOL, (value) => asOptional(value).hasValue, true),
  one('or', 'optional_or_optional', [optionalOfV, optionalOfV], optionalOfV, inPlan, true),
  one('orValue', 'optional_orValue_value', [optionalOfV, V], V, inPlan, true),
  one(
    'last',
    'list_last',
    [listOfV],
    optionalOfV,
    (list) => at(list as List, (list as List).length - 1),
    true,
  ),
  one('first', 'list_first', [listOfV], optionalOfV, (list) => at(list as List, 0), true),
  one('optional.unwrap', 'optional_unwrap', [optionals], listOfV, unwrap),
  one('unwrapOpt', 'optional_unwrapOpt', [optionals], listOfV, unwrap, true),
];

function one(
  name: string,
  id: string,
  params: Overload['params'],
  result: Overload['result'],
  call: (value: Value) => Value,
  member = false,
): FunctionDeclaration {
  return { name, overloads: [{ id, member, params, result, call: (value) => call(value!) }] };
}

function inPlan(): never {
  throw noSuchOverload();
}

function asOptional(value: Value): Optional {
  if (value instanceof Optional) return value;
  throw noSuchOverload();
}

function at(list: List, index: number): Optional {
  const found = index < 0 ? undefined : list.at(index);
  return found === undefined ? Optional.none : Optional.of(found);
}

function unwrap(list: Value): Value {
  if (!isList(list)) throw noSuchOverload();
  return elements(list)
    .map((element) => asOptional(element).content)
    .filter((content) => content !== undefined);
}

/** Null, false, zero, and what is empty. */
function isZero(value: Value): boolean {
  if (value === null || value === false || value === '') return true;
  if (numberOf(value) === 0) return true;
  if (isList(value) || value instanceof Uint8Array) return value.length === 0;
  if (value instanceof Duration) return value.nanos === 0n;
  if (value instanceof Optional) return !value.hasValue;
  return isMap(value) && mapSize(value) === 0;
}
