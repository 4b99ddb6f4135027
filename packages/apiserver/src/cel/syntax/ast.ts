import type { Value } from '../values/value.js';

/** A parsed expression. Macros are expanded already; operators are calls (`_+_`, `_?_:_`, `_[_]`). */
export type Expression =
  | Literal
  | Identifier
  | Select
  | Call
  | CreateList
  | CreateMap
  | CreateObject
  | Comprehension;

interface Node {
  /** Place in the text, in characters. */
  readonly offset: number;
}

export interface Literal extends Node {
  readonly kind: 'literal';
  readonly value: Value;
}

export interface Identifier extends Node {
  readonly kind: 'identifier';
  /** With a leading dot: of the root, never of an enclosing scope. */
  readonly name: string;
}

export interface Select extends Node {
  readonly kind: 'select';
  readonly operand: Expression;
  readonly field: string;
  /** `has(operand.field)` */
  readonly testOnly: boolean;
}

export interface Call extends Node {
  readonly kind: 'call';
  readonly function: string;
  readonly target: Expression | undefined;
  readonly args: readonly Expression[];
}

export interface CreateList extends Node {
  readonly kind: 'list';
  readonly elements: readonly Expression[];
  /** Which elements are `?element`. */
  readonly optional: ReadonlySet<number>;
}

export interface CreateMap extends Node {
  readonly kind: 'map';
  readonly entries: readonly MapEntry[];
}

export interface MapEntry {
  readonly key: Expression;
  readonly value: Expression;
  readonly optional: boolean;
}

export interface CreateObject extends Node {
  readonly kind: 'object';
  readonly typeName: string;
  readonly fields: readonly ObjectFieldEntry[];
}

export interface ObjectFieldEntry extends Node {
  readonly name: string;
  readonly value: Expression;
  readonly optional: boolean;
}

/** How a macro goes through its range; `bind` has none and only names a value. */
export type MacroKind = 'all' | 'exists' | 'existsOne' | 'list' | 'map' | 'mapEntry' | 'bind';

/**
 * A macro over a range. Types and costs are those of the fold that CEL's specification defines (`initial`, `condition`,
 * `step`, `result`); what runs is the macro itself, out of `filter` and `body`.
 */
export interface Comprehension extends Node {
  readonly kind: 'comprehension';
  readonly macro: MacroKind;
  readonly range: Expression;
  /** With two variables the first is the index or key, the second the value. */
  readonly variable: string;
  readonly variable2: string | undefined;
  readonly accumulator: string;
  readonly initial: Expression;
  readonly condition: Expression;
  readonly step: Expression;
  readonly result: Expression;
  readonly filter: Expression | undefined;
  readonly body: Expression;
}

/** The accumulator of a macro: no identifier of an expression can be it. */
export const accumulator = '@result';
/** The variable of a {@link Comprehension} that only binds. */
export const unused = '#unused';

/** The expressions that an expression is made of. */
export function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'select':
      return [expression.operand];
    case 'call':
      return expression.target === undefined ? expression.args : [expression.target, ...expression.args];
    case 'list':
      return expression.elements;
    case 'map':
      return expression.entries.flatMap(({ key, value }) => [key, value]);
    case 'object':
      return expression.fields.map(({ value }) => value);
    case 'comprehension':
      return [expression.range, expression.initial, expression.condition, expression.step, expression.result];
    default:
      return [];
  }
}
