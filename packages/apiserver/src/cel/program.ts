import type { CheckedExpression } from './check/checked-expression.js';
import type { CostEstimate } from './cost/ranges.js';
import type { Environment } from './environment.js';
import { Evaluation } from './evaluate/evaluation.js';
import { type Plan, plan } from './evaluate/plan.js';
import type { CelType } from './types.js';
import type { Value } from './values/value.js';

/** What one evaluation of an expression may cost. Source: PerCallLimit of Kubernetes' CEL. */
export const perCallLimit = 1_000_000;

export interface EvaluationResult {
  readonly value: Value;
  /** What it cost, to be taken off the budget of the request. */
  readonly cost: number;
}

/** An expression that is ready to run. It may be kept and run any number of times. */
export class Program {
  readonly expression: string;
  readonly resultType: CelType;
  /** What an evaluation costs at least and at most, going by the limits of schemas. */
  readonly cost: CostEstimate;
  readonly #plan: Plan;
  readonly #fromJson: readonly (((json: unknown) => Value) | undefined)[];

  /** Of what was found out it keeps the plan alone: there are thousands of programs. */
  constructor(
    expression: string,
    {
      checked,
      cost,
      environment,
    }: {
      readonly checked: CheckedExpression;
      readonly cost: CostEstimate;
      readonly environment: Environment;
    },
  ) {
    this.expression = expression;
    this.resultType = checked.types.get(checked.expression)!;
    this.cost = cost;
    this.#plan = plan(checked);
    this.#fromJson = this.#plan.variables.map((name) => environment.variables.get(name)?.declared?.fromJson);
  }

  /** Whether the expression refers to a variable of the environment. */
  uses(variable: string): boolean {
    return this.#plan.variables.includes(variable);
  }

  /**
   * Evaluates with these variables, by name: plain JSON, or values of CEL. Only those that the expression uses are read. One that is missing or undefined is an error when the
   * expression comes to it.
   * @param limit most that it may cost: the rest of the request's budget where that is less
   * @throws EvaluationError where the expression has no value
   * @throws EvaluationStopped beyond the limit
   */
  evaluate(variables: object, limit = perCallLimit): EvaluationResult {
    const evaluation = new Evaluation(
      this.#plan.variables.map((name, index) => {
        const given = (variables as Readonly<Record<string, unknown>>)[name];
        const fromJson = this.#fromJson[index];
        return (
          fromJson === undefined || given === undefined || given === null ? given : fromJson(given)
        ) as Value;
      }),
      Math.min(limit, perCallLimit),
    );
    return { value: this.#plan.evaluate(evaluation), cost: evaluation.cost };
  }
}
