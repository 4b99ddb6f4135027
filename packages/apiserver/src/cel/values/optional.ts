import { type CelType, DYN, optionalOf } from '../types.js';
import { CelValue } from './cel-value.js';
import { equal, type Work } from './equality.js';
import { EvaluationError } from './evaluation-error.js';
import type { Value } from './value.js';

const anyOptional = optionalOf(DYN);

/** A value or none. */
export class Optional extends CelValue {
  static readonly none = new Optional(undefined);
  readonly #value: Value | undefined;

  private constructor(value: Value | undefined) {
    super();
    this.#value = value;
  }

  static of(value: Value): Optional {
    return new Optional(value);
  }

  get type(): CelType {
    return anyOptional;
  }

  get hasValue(): boolean {
    return this.#value !== undefined;
  }

  /** Undefined for none. */
  get content(): Value | undefined {
    return this.#value;
  }

  /** @throws EvaluationError when there is none */
  value(): Value {
    if (this.#value === undefined) throw new EvaluationError('optional.none() dereference');
    return this.#value;
  }

  equals(other: unknown, work?: Work): boolean {
    if (!(other instanceof Optional)) return false;
    const a = this.#value;
    const b = other.#value;
    return a === undefined || b === undefined ? a === b : equal(a, b, work);
  }
}
