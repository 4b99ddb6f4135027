import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  INT,
  listOf,
  mapOf,
  optionalOf,
  parameter,
  STRING,
  TIMESTAMP,
  typeName,
  UINT,
} from '../types.js';
import { compare } from '../values/compare.js';
import type { Double } from '../values/double.js';
import { Duration } from '../values/duration.js';
import { equal } from '../values/equality.js';
import { noSuchOverload } from '../values/evaluation-error.js';
import * as integers from '../values/integers.js';
import { isList, joinLists, type List } from '../values/list-value.js';
import type { Timestamp } from '../values/timestamp.js';
import { Uint } from '../values/uint.js';
import { boxDouble, unboxDouble, type Value } from '../values/value.js';
import type { CallCost, FunctionDeclaration, Overload } from './declaration.js';
import { indexList, indexMap, inMap, optionalIndex } from './indexing.js';
import { compareCost, concatenationCost, equalsCost, inListCost } from './operator-costs.js';

const A = parameter('A');
const B = parameter('B');
const listOfA = listOf(A);
const mapOfAB = mapOf(A, B);

/** What the plan does itself has no call here. */
function inPlan(): never {
  throw noSuchOverload();
}

/** Operators, by the names that the parser gives them. Sources: cel-go's standard library and its optionals. */
export const operators: readonly FunctionDeclaration[] = [
  operator('_?_:_', overload('conditional', [BOOL, A, A], A, inPlan)),
  operator('_&&_', overload('logical_and', [BOOL, BOOL], BOOL, inPlan)),
  operator('_||_', overload('logical_or', [BOOL, BOOL], BOOL, inPlan)),
  operator(
    '!_',
    overload('logical_not', [BOOL], BOOL, (a) => !bool(a)),
  ),
  operator('@not_strictly_false', overload('not_strictly_false', [BOOL], BOOL, inPlan)),
  operator('_==_', overload('equals', [A, A], BOOL, equal, equalsCost)),
  operator(
    '_!=_',
    overload('not_equals', [A, A], BOOL, (a, b) => !equal(a, b), compareCost),
  ),
  ...orders(),
  operator(
    '_+_',
    overload(
      'add_bytes',
      [BYTES, BYTES],
      BYTES,
      (a, b) => concatBytes(a as Uint8Array, b as Uint8Array),
      concatenationCost,
    ),
    double('add_double', (a, b) => a + b),
    overload('add_duration_duration', [DURATION, DURATION], DURATION, (a, b) =>
      sum(a as Duration, b as Duration),
    ),
    overload('add_duration_timestamp', [DURATION, TIMESTAMP], TIMESTAMP, (a, b) =>
      (b as Timestamp).plus(a as Duration),
    ),
    overload('add_timestamp_duration', [TIMESTAMP, DURATION], TIMESTAMP, (a, b) =>
      (a as Timestamp).plus(b as Duration),
    ),
    int('add_int64', integers.add),
    overload('add_list', [listOfA, listOfA], listOfA, (a, b) => joinLists(a as List, b as List)),
    overload(
      'add_string',
      [STRING, STRING],
      STRING,
      (a, b) => (a as string) + (b as string),
      concatenationCost,
    ),
    uint('add_uint64', integers.add),
  ),
  operator(
    '_-_',
    double('subtract_double', (a, b) => a - b),
    overload(
      'subtract_duration_duration',
      [DURATION, DURATION],
      DURATION,
      (a, b) => new Duration((a as Duration).nanos - (b as Duration).nanos),
    ),
    int('subtract_int64', integers.subtract),
    overload('subtract_timestamp_duration', [TIMESTAMP, DURATION], TIMESTAMP, (a, b) =>
      (a as Timestamp).minus(b as Duration),
    ),
    overload('subtract_timestamp_timestamp', [TIMESTAMP, TIMESTAMP], DURATION, (a, b) =>
      (a as Timestamp).since(b as Timestamp),
    ),
    uint('subtract_uint64', integers.subtract),
  ),
  operator(
    '_*_',
    double('multiply_double', (a, b) => a * b),
    int('multiply_int64', integers.multiply),
    uint('multiply_uint64', integers.multiply),
  ),
  operator(
    '_/_',
    double('divide_double', (a, b) => a / b),
    int('divide_int64', integers.divide),
    uint('divide_uint64', integers.divide),
  ),
  operator('_%_', int('modulo_int64', integers.modulo), uint('modulo_uint64', integers.modulo)),
  operator(
    '-_',
    overload('negate_double', [DOUBLE], DOUBLE, (a) => boxDouble(-unboxDouble(a as Double))),
    overload('negate_int64', [INT], INT, (a) => integers.negate(a as integers.Integer)),
  ),
  operator(
    '_[_]',
    overload('index_list', [listOfA, INT], A, indexList),
    overload('index_map', [mapOfAB, A], B, indexMap),
    overload('optional_list_index_int', [optionalOf(listOfA), INT], optionalOf(A), optionalIndex),
    overload('optional_map_index_value', [optionalOf(mapOfAB), A], optionalOf(B), optionalIndex),
  ),
  operator(
    '_[?_]',
    overload('list_optindex_optional_int', [listOfA, INT], optionalOf(A), optionalIndex),
    overload('optional_list_optindex_optional_int', [optionalOf(listOfA), INT], optionalOf(A), optionalIndex),
    overload('map_optindex_optional_value', [mapOfAB, A], optionalOf(B), optionalIndex),
    overload('optional_map_optindex_optional_value', [optionalOf(mapOfAB), A], optionalOf(B), optionalIndex),
  ),
  operator(
    '@in',
    overload('in_list', [A, listOfA], BOOL, inList, inListCost),
    overload('in_map', [A, mapOfAB], BOOL, inMap),
  ),
];

function operator(name: string, ...overloads: Overload[]): FunctionDeclaration {
  return { name, overloads };
}

function overload(
  id: string,
  params: readonly CelType[],
  result: CelType,
  call: (...args: [Value, Value]) => Value,
  cost?: CallCost,
): Overload {
  return { id, member: false, params, result, call: call as Overload['call'], ...(cost && { cost }) };
}

type Arithmetic = (
  a: integers.Integer,
  b: integers.Integer,
  range: (value: bigint) => integers.Integer,
) => integers.Integer;

function int(id: string, apply: Arithmetic): Overload {
  return overload(id, [INT, INT], INT, (a, b) =>
    apply(a as integers.Integer, b as integers.Integer, integers.int),
  );
}

function uint(id: string, apply: Arithmetic): Overload {
  return overload(
    id,
    [UINT, UINT],
    UINT,
    (a, b) => new Uint(apply((a as Uint).value, (b as Uint).value, integers.uint)),
  );
}

function double(id: string, apply: (a: number, b: number) => number): Overload {
  return overload(id, [DOUBLE, DOUBLE], DOUBLE, (a, b) =>
    boxDouble(apply(unboxDouble(a as Double), unboxDouble(b as Double))),
  );
}

/** `<`, `<=`, `>`, `>=` of every type that has an order, and of numbers of different types. */
function orders(): FunctionDeclaration[] {
  const sized = new Set<CelType>([STRING, BYTES]);
  const pairs: [CelType, CelType][] = [
    [BOOL, BOOL],
    [INT, INT],
    [INT, DOUBLE],
    [INT, UINT],
    [UINT, UINT],
    [UINT, DOUBLE],
    [UINT, INT],
    [DOUBLE, DOUBLE],
    [DOUBLE, INT],
    [DOUBLE, UINT],
    [STRING, STRING],
    [BYTES, BYTES],
    [TIMESTAMP, TIMESTAMP],
    [DURATION, DURATION],
  ];
  const order = (name: string, id: string, holds: (a: Value, b: Value) => boolean) =>
    operator(
      name,
      ...pairs.map(([a, b]) =>
        overload(
          `${id}_${typeName(a)}${a === b ? '' : `_${typeName(b)}`}`,
          [a, b],
          BOOL,
          holds,
          sized.has(a) ? compareCost : undefined,
        ),
      ),
    );
  return [
    order('_<_', 'less', (a, b) => compare(a, b) < 0),
    order('_<=_', 'less_equals', (a, b) => compare(a, b) <= 0),
    order('_>_', 'greater', (a, b) => compare(a, b) > 0),
    order('_>=_', 'greater_equals', (a, b) => compare(a, b) >= 0),
  ];
}

function bool(value: Value): boolean {
  if (typeof value !== 'boolean') throw noSuchOverload();
  return value;
}

function sum(a: Duration, b: Duration): Duration {
  return new Duration(a.nanos + b.nanos);
}

function concatBytes(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

function inList(element: Value, list: Value): boolean {
  if (!isList(list)) throw noSuchOverload();
  for (let index = 0; index < list.length; index++) if (equal(list.at(index)!, element)) return true;
  return false;
}
