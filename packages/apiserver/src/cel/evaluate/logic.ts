import { EvaluationError, noSuchOverload } from '../values/evaluation-error.js';
import { Optional } from '../values/optional.js';
import type { Value } from '../values/value.js';
import type { Evaluate, Evaluation } from './evaluation.js';

/**
 * `&&` (decided by false) and `||` (decided by true): an operand that decides makes an error of the other one not
 * matter, whichever comes first.
 */
export function planLogic(deciding: boolean, left: Evaluate, right: Evaluate): Evaluate {
  return (evaluation) => {
    let error: EvaluationError;
    try {
      const value = left(evaluation);
      if (value === deciding) return deciding;
      if (typeof value === 'boolean') return asBoolean(right(evaluation));
      error = noSuchOverload();
    } catch (caught) {
      if (!(caught instanceof EvaluationError)) throw caught;
      error = caught;
    }
    if (decides(right, evaluation, deciding)) return deciding;
    throw error;
  };
}

/** Errors of the second operand are not told when the first one had one. */
function decides(right: Evaluate, evaluation: Evaluation, deciding: boolean): boolean {
  try {
    return right(evaluation) === deciding;
  } catch (error) {
    if (error instanceof EvaluationError) return false;
    throw error;
  }
}

/** `condition ? a : b` */
export function planConditional(condition: Evaluate, ifTrue: Evaluate, ifFalse: Evaluate): Evaluate {
  return (evaluation) => {
    const value = condition(evaluation);
    if (typeof value !== 'boolean') throw noSuchOverload();
    return value ? ifTrue(evaluation) : ifFalse(evaluation);
  };
}

/** `optional.or(optional)` and `optional.orValue(value)`: the second is evaluated when the first is none. */
export function planOptionalOr(unwraps: boolean, left: Evaluate, right: Evaluate): Evaluate {
  return (evaluation) => {
    const value = left(evaluation);
    evaluation.charge(1);
    if (!(value instanceof Optional)) throw noSuchOverload();
    if (value.content === undefined) return right(evaluation);
    return unwraps ? value.content : value;
  };
}

export function asBoolean(value: Value): boolean {
  if (typeof value !== 'boolean') throw noSuchOverload();
  return value;
}
