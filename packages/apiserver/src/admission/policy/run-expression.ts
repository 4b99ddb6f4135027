import { EvaluationError, EvaluationStopped, type Value } from '../../cel/index.js';
import { AnswerPending } from '../../cel/library/authorizer.js';
import type { Expression } from './expression.js';

/** What expressions of one evaluation of a policy may cost together. */
export class Budget {
  #left: number;

  constructor(units: number) {
    this.#left = units;
  }

  /** @throws OutOfBudget */
  spend(units: number): void {
    this.#left -= units;
    if (this.#left < 0) throw new OutOfBudget();
  }
}

/** Source: RuntimeCELCostBudget and RuntimeCELCostBudgetMatchConditions of apiserver's CEL. */
export const validationBudget = 10_000_000;
export const matchConditionBudget = 2_500_000;

export class OutOfBudget extends Error {
  constructor() {
    super('validation failed due to running out of cost budget, no further validation rules will be run');
  }
}

/** What came of an expression: its value, or why it has none. */
export type Outcome =
  | { readonly value: Value; readonly problem?: undefined }
  | { readonly value?: undefined; readonly problem: string };

/** The variables of an evaluation. Those that cost something on their own say what since they were last asked. */
export interface Scope {
  takeCost?(): number;
}

/**
 * Evaluates an expression of a policy or match condition.
 * @throws OutOfBudget, AnswerPending
 */
export function runExpression(
  text: string,
  { program, problem }: Expression,
  scope: Scope & object,
  budget: Budget,
): Outcome {
  if (program === undefined) return { problem: `compilation error: ${problem}` };
  try {
    const { value, cost } = program.evaluate(scope);
    budget.spend(cost + (scope.takeCost?.() ?? 0));
    return { value };
  } catch (error) {
    if (error instanceof AnswerPending) throw error;
    if (!(error instanceof EvaluationError) && !(error instanceof EvaluationStopped)) throw error;
    budget.spend(scope.takeCost?.() ?? 0);
    return { problem: `expression '${text}' resulted in error: ${error.message}` };
  }
}

/** Calls a function again as long as it comes to an answer of the authorizer that is still to come. */
export function untilAnswered(run: () => void): void | Promise<void> {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof AnswerPending) return error.answer.then(() => untilAnswered(run));
    throw error;
  }
}
