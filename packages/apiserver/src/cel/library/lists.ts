import { createListCost, deepTraversal, sizeOf, traversalFactor } from '../cost/factors.js';
import { fixed, one, plus, type SizeEstimate, scaled, times, unbounded } from '../cost/ranges.js';
import { typeTest } from '../evaluate/matches-type.js';
import type {
  CallCost,
  CallEstimate,
  EstimatedArgument,
  FunctionDeclaration,
  Overload,
} from '../functions/declaration.js';
import { listCost } from '../functions/operator-costs.js';
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
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
import { EvaluationError, noSuchOverload } from '../values/evaluation-error.js';
import { add, type Integer, int, uint } from '../values/integers.js';
import { elements, isList, type List } from '../values/list-value.js';
import { Uint } from '../values/uint.js';
import { boxDouble, typeOf, unboxDouble, type Value } from '../values/value.js';
import { global, method, named } from './define.js';

const T = parameter('T');
const listOfT = listOf(T);
const anyList = listOf(DYN);
const comparable: readonly CelType[] = [INT, UINT, DOUBLE, BOOL, DURATION, TIMESTAMP, STRING, BYTES];

/** Every element is looked at; texts to their end. */
const scanCost: CallCost = {
  estimate: ({ args: [list] }) => {
    const element = list!.type.kind === 'list' ? list!.type.element.kind : '';
    const texts = element === 'string' || element === 'bytes';
    return {
      cost: times(list!.size, texts ? plus(one, scaled(list!.elementSize, traversalFactor)) : one),
    };
  },
  // Upstream's texts of less than ten bytes cost nothing; going through them does.
  actual: ([list]) => Math.max(deepTraversal(list!), Math.ceil((list as List).length * traversalFactor)),
};

/** A list of this size is made. */
function makeCost(factor: number, size: SizeEstimate): CallEstimate {
  return { cost: plus(scaled(size, factor), fixed(1 + createListCost)), size };
}

function literalInt(argument: EstimatedArgument | undefined, otherwise: number): number {
  return typeof argument?.literal === 'number' ? Math.max(0, argument.literal) : otherwise;
}

const flattenCost: CallCost = {
  estimate: ({ args: [list, depth] }) =>
    makeCost(depth === undefined ? 1 : literalInt(depth, unbounded), list!.size),
  actual: ([list, depth]) => listCost(sizeOf(list!), depth === undefined ? 1 : Number(depth as Integer)),
};

/** Every element is compared with every other. */
function compareAllCost(which: 0 | 1, factor: number): CallCost {
  return {
    estimate: ({ args }) => makeCost(factor, times(args[which]!.size, args[which]!.size)),
    actual: (args) => {
      const list = args[which] as List;
      const first = list.at(0);
      const texts = typeof first === 'string' || first instanceof Uint8Array;
      return listCost(list.length ** 2, texts ? 2 + traversalFactor : 2);
    },
  };
}

/** Kubernetes' lists library, version 0, and cel-go's, version 3. */
export const listFunctions: readonly FunctionDeclaration[] = [
  ofEach(
    'isSorted',
    (name) => `list_${name}_is_sorted_bool`,
    () => BOOL,
    isSorted,
  ),
  ofEach(
    'max',
    (name) => `list_${name}_max_${name}`,
    (type) => type,
    (list) => most('max', list, 1),
  ),
  ofEach(
    'min',
    (name) => `list_${name}_min_${name}`,
    (type) => type,
    (list) => most('min', list, -1),
  ),
  named(
    'sum',
    summing(INT, 0, (total, next) => add(total as Integer, next as Integer, int)),
    summing(
      UINT,
      new Uint(0),
      (total, next) => new Uint(add((total as Uint).value, (next as Uint).value, uint)),
    ),
    summing(DOUBLE, boxDouble(0), (total, next) =>
      boxDouble(unboxDouble(total as Double) + unboxDouble(next as Double)),
    ),
    summing(
      DURATION,
      new Duration(0n),
      (total, next) => new Duration((total as Duration).nanos + (next as Duration).nanos),
    ),
  ),
  named('indexOf', method(['list_a_index_of_int', [listOfT, T], INT], indexOf, scanCost)),
  named('lastIndexOf', method(['list_a_last_index_of_int', [listOfT, T], INT], lastIndexOf, scanCost)),
  named(
    'slice',
    method(['list_slice', [listOfT, INT, INT], listOfT], slice, {
      estimate: ({ args: [list, start, end] }) =>
        makeCost(1, fixed(Math.max(0, literalInt(end, list!.size.max) - literalInt(start, 0)))),
      actual: ([, start, end]) => listCost(Math.max(0, Number(end as Integer) - Number(start as Integer)), 1),
    }),
  ),
  named(
    'flatten',
    method(['list_flatten', [listOf(listOfT)], listOfT], flatten, flattenCost),
    method(['list_flatten_int', [anyList, INT], anyList], flatten, flattenCost),
  ),
  named(
    'sort',
    ...comparable.map((type) =>
      method(
        [`list_${typeName(type)}_sort`, [listOf(type)], listOf(type)],
        (list: List) => sort(list, list),
        compareAllCost(0, textFactor(type)),
      ),
    ),
  ),
  named(
    '@sortByAssociatedKeys',
    ...comparable.map((type) =>
      method(
        [`list_${typeName(type)}_sortByAssociatedKeys`, [listOfT, listOf(type)], listOfT],
        sort,
        compareAllCost(1, textFactor(type)),
      ),
    ),
  ),
  named(
    'lists.range',
    global(['lists_range', [INT], listOf(INT)], range, {
      estimate: ({ args: [count] }) => makeCost(1, fixed(literalInt(count, unbounded))),
      actual: ([count]) => listCost(Math.max(0, Number(count as Integer)), 1),
    }),
  ),
  named(
    'reverse',
    method(['list_reverse', [listOfT], listOfT], (list: List) => [...elements(list)].reverse(), {
      estimate: ({ args: [list] }) => makeCost(1, list!.size),
      actual: ([list]) => listCost(sizeOf(list!), 1),
    }),
  ),
  named('distinct', method(['list_distinct', [listOfT], listOfT], distinct, compareAllCost(0, 2))),
  // What the macros transformMap and transformMapEntry stand for; they insert themselves.
  named(
    'cel.@mapInsert',
    global(['@mapInsert_map_key_value', [mapOf(T, DYN), T, DYN], mapOf(T, DYN)], (map: Value) => map),
    global(['@mapInsert_map_map', [mapOf(T, DYN), mapOf(T, DYN)], mapOf(T, DYN)], (map: Value) => map),
  ),
];

function ofEach(
  name: string,
  id: (type: string) => string,
  result: (type: CelType) => CelType,
  call: (list: List) => Value,
): FunctionDeclaration {
  return named(
    name,
    ...comparable.map((type) => {
      const shortName = type.kind;
      return method([id(shortName), [listOf(type)], result(type)], call, scanCost);
    }),
  );
}

function summing(type: CelType, zero: Value, plus: (total: Value, next: Value) => Value): Overload {
  const fits = typeTest(type);
  const name = type.kind;
  const total = (list: List) =>
    elements(list).reduce((sum, next) => {
      if (fits?.(next) === false) throw noSuchOverload();
      return plus(sum, next);
    }, zero);
  return method([`list_${name}_sum_${name}`, [listOf(type)], type], total, scanCost);
}

function textFactor(type: CelType): number {
  return type === STRING || type === BYTES ? 2 + traversalFactor : 2;
}

function isSorted(list: List): boolean {
  for (let index = 1; index < list.length; index++)
    if (compare(list.at(index - 1)!, list.at(index)!) > 0) return false;
  return true;
}

function most(name: string, list: List, sign: 1 | -1): Value {
  let found = list.at(0);
  if (found === undefined) throw new EvaluationError(`${name} called on empty list`);
  for (let index = 1; index < list.length; index++) {
    const next = list.at(index)!;
    if (compare(next, found) === sign) found = next;
  }
  return found;
}

function indexOf(list: List, item: Value): number {
  for (let index = 0; index < list.length; index++) if (equal(list.at(index)!, item)) return index;
  return -1;
}

function lastIndexOf(list: List, item: Value): number {
  for (let index = list.length - 1; index >= 0; index--) if (equal(list.at(index)!, item)) return index;
  return -1;
}

function slice(list: List, start: Integer, end: Integer): List {
  const call = `cannot slice(${start}, ${end})`;
  if (start < 0 || end < 0) throw new EvaluationError(`${call}, negative indexes not supported`);
  if (start > end) throw new EvaluationError(`${call}, start index must be less than or equal to end index`);
  if (list.length < end) throw new EvaluationError(`${call}, list is length ${list.length}`);
  return elements(list).slice(Number(start), Number(end));
}

function flatten(list: List, depth: Integer = 1): List {
  if (depth < 0) throw new EvaluationError('level must be non-negative');
  return elements(list).flatMap((element) =>
    isList(element) && depth > 0 ? [...elements(flatten(element, Number(depth) - 1))] : [element],
  );
}

function range(count: Integer): List {
  return Array.from({ length: Math.max(0, Number(count)) }, (_, index) => index);
}

function sort(list: List, keys: List): List {
  if (list.length !== keys.length)
    throw new EvaluationError(
      `@sortByAssociatedKeys() expected a list of the same size as the associated keys list, but got ${list.length} and ${keys.length} elements respectively`,
    );
  const order = elements(keys);
  const first = order[0];
  if (first === undefined) return list;
  const name = typeName(typeOf(first));
  if (order.some((key) => typeName(typeOf(key)) !== name))
    throw new EvaluationError('list elements must have the same type');
  const items = elements(list);
  const indices = order.map((_, index) => index);
  indices.sort((a, b) => compare(order[a]!, order[b]!));
  return indices.map((index) => items[index]!);
}

function distinct(list: List): List {
  const kept: Value[] = [];
  for (const element of elements(list)) if (!kept.some((other) => equal(other, element))) kept.push(element);
  return kept;
}
