import { type CelType, UINT } from '../types.js';
import { CelValue } from './cel-value.js';
import type { Integer } from './integers.js';

export class Uint extends CelValue {
  readonly value: Integer;

  constructor(value: Integer) {
    super();
    this.value = value;
  }

  get type(): CelType {
    return UINT;
  }

  equals(other: unknown): boolean {
    return other instanceof Uint && other.value === this.value;
  }
}
