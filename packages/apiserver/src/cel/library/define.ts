import type { CallCost, FunctionDeclaration, Overload } from '../functions/declaration.js';
import type { CelType } from '../types.js';
import type { Value } from '../values/value.js';

/** A signature: the id, what it takes and gives. */
type Signature = readonly [id: string, params: readonly CelType[], result: CelType];

/** An overload that is called as `target.name(…)`. */
export function method(signature: Signature, call: (...args: never[]) => Value, cost?: CallCost): Overload {
  return overload(true, signature, call, cost);
}

/** An overload that is called as `name(…)`. */
export function global(signature: Signature, call: (...args: never[]) => Value, cost?: CallCost): Overload {
  return overload(false, signature, call, cost);
}

export function named(name: string, ...overloads: Overload[]): FunctionDeclaration {
  return { name, overloads };
}

/** The checker and the plan see to it that values are of the types of the signature. */
function overload(
  member: boolean,
  [id, params, result]: Signature,
  call: (...args: never[]) => Value,
  cost: CallCost | undefined,
): Overload {
  return { id, member, params, result, call: call as Overload['call'], ...(cost && { cost }) };
}
