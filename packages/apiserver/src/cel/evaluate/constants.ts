import type { Expression } from '../syntax/ast.js';
import { equal } from '../values/equality.js';
import { EvaluationError } from '../values/evaluation-error.js';
import type { Value } from '../values/value.js';
import { type Evaluate, Evaluation } from './evaluation.js';

/** Conversions of constants are made when an expression is planned. */
export const conversionNames: ReadonlySet<string> = new Set(
  'bool bytes double duration dyn int string timestamp type uint'.split(' '),
);

/** Whether an expression has its value without an evaluation: such lists and maps cost nothing. */
export function isConstant(expression: Expression): boolean {
  switch (expression.kind) {
    case 'literal':
      return true;
    case 'list':
      return expression.optional.size === 0 && expression.elements.every(isConstant);
    case 'map':
      return expression.entries.every(
        ({ key, value, optional }) => !optional && isConstant(key) && isConstant(value),
      );
    case 'call':
      return (
        expression.target === undefined &&
        conversionNames.has(expression.function) &&
        expression.args.every(isConstant)
      );
    default:
      return false;
  }
}

/** Evaluates at once. What fails does so at each evaluation. */
export function folded(evaluate: Evaluate): Evaluate {
  try {
    const value = evaluate(new Evaluation([], Number.POSITIVE_INFINITY));
    return () => value;
  } catch (error) {
    if (error instanceof EvaluationError) return evaluate;
    throw error;
  }
}

/** `x in ['a', 'b']`: looked up, for nothing; undefined where the list is none of simple constants. */
export function planConstantMembership(element: Evaluate, list: Value | undefined): Evaluate | undefined {
  if (!Array.isArray(list) || list.length === 0) return undefined;
  const members: readonly Value[] = list;
  const simple = members.every((member) => typeof member === 'string' || typeof member === 'boolean');
  if (simple) {
    const set = new Set<Value>(members);
    return (evaluation) => set.has(element(evaluation));
  }
  if (!members.every((member) => typeof member === 'number' && Number.isSafeInteger(member)))
    return undefined;
  return (evaluation) => {
    const value = element(evaluation);
    return members.some((member) => equal(member, value));
  };
}
