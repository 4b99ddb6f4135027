import { EvaluationStopped } from '../values/evaluation-error.js';
import type { Value } from '../values/value.js';

/** One evaluation: its variables and what it has cost. */
export class Evaluation {
  /** Variables, then those of macros. */
  readonly slots: (Value | undefined)[];
  cost = 0;
  readonly #limit: number;

  constructor(slots: (Value | undefined)[], limit: number) {
    this.slots = slots;
    this.#limit = limit;
  }

  /** @throws EvaluationStopped beyond the limit */
  charge(cost: number): void {
    this.cost += cost;
    if (this.cost > this.#limit)
      throw new EvaluationStopped('operation cancelled: actual cost limit exceeded');
  }
}

/** An expression, or a part of one, ready to be evaluated. @throws EvaluationError, EvaluationStopped */
export type Evaluate = (evaluation: Evaluation) => Value;
