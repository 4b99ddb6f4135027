import { type CelType, formatType, typeName, typeOfType } from '../types.js';
import { CelValue } from './cel-value.js';

const metaType = typeOfType(undefined);

/** A type as a value: what `type(x)` gives and `int` names. Parameters are no part of it. */
export class TypeValue extends CelValue {
  readonly of: CelType;

  constructor(of: CelType) {
    super();
    this.of = of;
  }

  get type(): CelType {
    return metaType;
  }

  get name(): string {
    return this.of.kind === 'list' || this.of.kind === 'map' ? this.of.kind : typeName(this.of);
  }

  equals(other: unknown): boolean {
    return other instanceof TypeValue && other.name === this.name;
  }

  override toString(): string {
    return formatType(this.of);
  }
}
