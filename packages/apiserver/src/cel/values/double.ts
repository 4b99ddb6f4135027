import { type CelType, DOUBLE } from '../types.js';
import { CelValue } from './cel-value.js';

/** A double that as a plain number would be taken for an int. */
export class Double extends CelValue {
  readonly value: number;

  constructor(value: number) {
    super();
    this.value = value;
  }

  get type(): CelType {
    return DOUBLE;
  }

  equals(other: unknown): boolean {
    return other instanceof Double && other.value === this.value;
  }
}
