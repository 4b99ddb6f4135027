import { sizeOf, traversal } from '../cost/factors.js';
import { indexList, indexMap, optionalIndex } from '../functions/indexing.js';
import { equalityCost } from '../functions/operator-costs.js';
import type { CelType } from '../types.js';
import { compare } from '../values/compare.js';
import { equal } from '../values/equality.js';
import { noSuchOverload } from '../values/evaluation-error.js';
import { add, type Integer, int, subtract } from '../values/integers.js';
import { isList, joinLists, ListValue } from '../values/list-value.js';
import { Optional } from '../values/optional.js';
import type { Value } from '../values/value.js';
import type { Evaluate } from './evaluation.js';

const texts = new Set(['string', 'bytes', 'dyn', 'error']);

/**
 * Operators that are worth a plan of their own: ints without dispatch, and those that take values of any type. Undefined
 * for all others.
 */
export function planOperator(
  name: string,
  [left, right]: readonly Evaluate[],
  [leftType, rightType]: readonly CelType[],
): Evaluate | undefined {
  if (left === undefined || right === undefined || leftType === undefined || rightType === undefined)
    return undefined;
  const ints = leftType.kind === 'int' && rightType.kind === 'int';
  switch (name) {
    case '_<_':
      return ints
        ? planInts(left, right, (a, b) => a < b)
        : planOrder(left, right, leftType, (order) => order < 0);
    case '_<=_':
      return ints
        ? planInts(left, right, (a, b) => a <= b)
        : planOrder(left, right, leftType, (order) => order <= 0);
    case '_>_':
      return ints
        ? planInts(left, right, (a, b) => a > b)
        : planOrder(left, right, leftType, (order) => order > 0);
    case '_>=_':
      return ints
        ? planInts(left, right, (a, b) => a >= b)
        : planOrder(left, right, leftType, (order) => order >= 0);
    case '_+_':
      return ints
        ? planInts(left, right, (a, b) => add(a, b, int))
        : leftType.kind === 'list'
          ? planJoin(left, right)
          : undefined;
    case '_-_':
      return ints ? planInts(left, right, (a, b) => subtract(a, b, int)) : undefined;
    case '_==_':
      return planEquality(left, right, true);
    case '_!=_':
      return planEquality(left, right, false);
    case '_[_]':
      return planIndex(left, right);
    default:
      return undefined;
  }
}

/** JavaScript compares numbers and bigints with each other exactly. */
function planInts(left: Evaluate, right: Evaluate, apply: (a: Integer, b: Integer) => Value): Evaluate {
  return (evaluation) => {
    const result = apply(left(evaluation) as Integer, right(evaluation) as Integer);
    evaluation.charge(1);
    return result;
  };
}

function planOrder(
  left: Evaluate,
  right: Evaluate,
  type: CelType,
  holds: (order: number) => boolean,
): Evaluate {
  const sized = texts.has(type.kind);
  return (evaluation) => {
    const a = left(evaluation);
    const b = right(evaluation);
    evaluation.charge(sized && typeof a !== 'number' ? traversal(Math.min(sizeOf(a), sizeOf(b))) : 1);
    return holds(compare(a, b));
  };
}

/** Comparing large values counts for more than upstream's cost, which is that of their own size alone. */
const comparedForOne = 100;

function planEquality(left: Evaluate, right: Evaluate, wanted: boolean): Evaluate {
  return (evaluation) => {
    const a = left(evaluation);
    const b = right(evaluation);
    if (typeof a === 'number' || typeof a === 'boolean') {
      evaluation.charge(1);
      return equal(a, b) === wanted;
    }
    evaluation.charge(equalityCost(a, b));
    if (typeof a !== 'object' || a === null) return equal(a, b) === wanted;
    const work = { compared: 0 };
    const result = equal(a, b, work);
    evaluation.charge(Math.floor(work.compared / comparedForOne));
    return result === wanted;
  };
}

/** Lists that are sets or maps by their schema are gone through to be joined. */
function planJoin(left: Evaluate, right: Evaluate): Evaluate {
  return (evaluation) => {
    const a = left(evaluation);
    const b = right(evaluation);
    if (!isList(a) || !isList(b)) throw noSuchOverload();
    evaluation.charge(a instanceof ListValue ? Math.max(1, traversal(a.joinCost + b.length)) : 1);
    return joinLists(a, b);
  };
}

function planIndex(left: Evaluate, right: Evaluate): Evaluate {
  return (evaluation) => {
    const container = left(evaluation);
    const key = right(evaluation);
    evaluation.charge(1);
    if (container instanceof Optional) return optionalIndex(container, key);
    return isList(container) ? indexList(container, key) : indexMap(container, key);
  };
}
