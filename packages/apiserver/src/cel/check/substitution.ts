import { type CelType, DYN, type OpaqueType, sameType, typeOfType } from '../types.js';

/** What is known of type parameters while an expression is checked. Source: cel-go's checker. */
export class Substitution {
  readonly #types = new Map<string, CelType>();
  /** What was there before each change, so that a failed attempt leaves nothing. */
  readonly #changes: { readonly name: string; readonly before: CelType | undefined }[] = [];
  #fresh = 0;

  freshParameter(): CelType {
    return { kind: 'parameter', name: `_var${this.#fresh++}` };
  }

  /** Whether each of the second types can be used where the first is wanted; learns what parameters stand for. */
  assignable(a: readonly CelType[], b: readonly CelType[]): boolean {
    const mark = this.#changes.length;
    if (this.#allAssignable(a, b)) return true;
    while (this.#changes.length > mark) {
      const { name, before } = this.#changes.pop()!;
      if (before === undefined) this.#types.delete(name);
      else this.#types.set(name, before);
    }
    return false;
  }

  /** The type with what parameters stand for in their place; those that stand for nothing stay or are dyn. */
  apply(type: CelType, unknownIsDyn: boolean): CelType {
    if (type.kind === 'parameter') {
      const found = this.#types.get(type.name);
      if (found !== undefined) return this.apply(found, unknownIsDyn);
      return unknownIsDyn ? DYN : type;
    }
    switch (type.kind) {
      case 'list':
        return { kind: 'list', element: this.apply(type.element, unknownIsDyn) };
      case 'map':
        return {
          kind: 'map',
          key: this.apply(type.key, unknownIsDyn),
          value: this.apply(type.value, unknownIsDyn),
        };
      case 'opaque':
        return type.parameters.length === 0
          ? type
          : { ...type, parameters: type.parameters.map((part) => this.apply(part, unknownIsDyn)) };
      case 'type':
        return type.of === undefined ? type : typeOfType(this.apply(type.of, unknownIsDyn));
      default:
        return type;
    }
  }

  #allAssignable(a: readonly CelType[], b: readonly CelType[]): boolean {
    return a.length === b.length && a.every((type, index) => this.#isAssignable(type, b[index]!));
  }

  #isAssignable(a: CelType, b: CelType): boolean {
    if (b.kind === 'parameter') {
      const { valid, known } = this.#substitutes(a, b);
      if (valid) return true;
      if (known) return false;
    }
    if (a.kind === 'parameter') return this.#substitutes(b, a).valid;
    if (isAny(a) || isAny(b)) return true;
    if (a.kind === 'null') return isNullable(b);
    if (b.kind === 'null') return isNullable(a);
    if (a.kind !== b.kind) return false;
    switch (a.kind) {
      case 'list':
        return b.kind === 'list' && this.#isAssignable(a.element, b.element);
      case 'map':
        return b.kind === 'map' && this.#isAssignable(a.key, b.key) && this.#isAssignable(a.value, b.value);
      case 'opaque': {
        const other = b as OpaqueType;
        return a.name === other.name && this.#allAssignable(a.parameters, other.parameters);
      }
      case 'type':
        return true;
      default:
        return sameType(a, b);
    }
  }

  /** Whether the type can be what the parameter stands for, and whether it stood for something before. */
  #substitutes(
    type: CelType,
    parameter: CelType & { kind: 'parameter' },
  ): { valid: boolean; known: boolean } {
    if (type.kind === 'parameter' && type.name === parameter.name) return { valid: true, known: true };
    const found = this.#types.get(parameter.name);
    if (found === undefined) {
      const valid = !this.#mentions(type, parameter);
      if (valid) this.#set(parameter.name, type);
      return { valid, known: false };
    }
    if (sameType(type, found)) return { valid: true, known: true };
    if (!this.#isAssignable(type, found)) return { valid: false, known: true };
    const general = mostGeneral(type, found);
    if (!this.#mentions(general, parameter)) this.#set(parameter.name, general);
    return { valid: true, known: true };
  }

  #set(name: string, type: CelType): void {
    this.#changes.push({ name, before: this.#types.get(name) });
    this.#types.set(name, type);
  }

  /** Whether the parameter occurs in the type: then it can't stand for it. */
  #mentions(type: CelType, parameter: CelType & { kind: 'parameter' }): boolean {
    switch (type.kind) {
      case 'parameter': {
        if (type.name === parameter.name) return true;
        const found = this.#types.get(type.name);
        return found !== undefined && this.#mentions(found, parameter);
      }
      case 'list':
        return this.#mentions(type.element, parameter);
      case 'map':
        return this.#mentions(type.key, parameter) || this.#mentions(type.value, parameter);
      case 'opaque':
        return type.parameters.some((part) => this.#mentions(part, parameter));
      case 'type':
        return type.of !== undefined && this.#mentions(type.of, parameter);
      default:
        return false;
    }
  }
}

/** The one of two that agree which says less. */
export function mostGeneral(a: CelType, b: CelType): CelType {
  return isLessSpecific(a, b) ? a : b;
}

function isLessSpecific(a: CelType, b: CelType): boolean {
  if (a.kind === 'dyn' || a.kind === 'parameter') return true;
  if (b.kind === 'dyn' || b.kind === 'parameter' || a.kind !== b.kind) return false;
  switch (a.kind) {
    case 'list':
      return b.kind === 'list' && isLessSpecific(a.element, b.element);
    case 'map':
      return b.kind === 'map' && isLessSpecific(a.key, b.key) && isLessSpecific(a.value, b.value);
    case 'opaque': {
      const other = b as OpaqueType;
      return (
        a.name === other.name &&
        a.parameters.length === other.parameters.length &&
        a.parameters.every((part, index) => isLessSpecific(part, other.parameters[index]!))
      );
    }
    case 'type':
      return true;
    default:
      return sameType(a, b);
  }
}

function isAny(type: CelType): boolean {
  return type.kind === 'dyn' || type.kind === 'error';
}

/** What null can be used for. */
export function isNullable({ kind }: CelType): boolean {
  return (
    kind === 'null' || kind === 'opaque' || kind === 'object' || kind === 'duration' || kind === 'timestamp'
  );
}
