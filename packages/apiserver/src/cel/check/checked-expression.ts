import type { Overload } from '../functions/declaration.js';
import type { Expression } from '../syntax/ast.js';
import type { CelType } from '../types.js';

/** What the checker found out of an expression and of each of its parts. */
export interface CheckedExpression {
  readonly expression: Expression;
  /** Of every part; none is a parameter. */
  readonly types: ReadonlyMap<Expression, CelType>;
  readonly references: ReadonlyMap<Expression, Reference>;
}

/** What an identifier, a selection that is a qualified name, or a call refers to. */
export type Reference =
  | { readonly kind: 'variable'; readonly name: string }
  /** A variable of a macro. */
  | { readonly kind: 'local'; readonly name: string }
  | { readonly kind: 'type'; readonly type: CelType }
  | {
      readonly kind: 'call';
      /** All that fit as far as types are known. */
      readonly overloads: readonly Overload[];
      /** The target is a part of the function's name (`sets.contains`), not a value. */
      readonly namespaced: boolean;
    };
