import type { CostEstimate, SizeEstimate } from '../cost/ranges.js';
import type { CelType } from '../types.js';
import type { Value } from '../values/value.js';

/** A function by its name with all its overloads. Names of namespaced ones are dotted: `sets.contains`. */
export interface FunctionDeclaration {
  readonly name: string;
  readonly overloads: readonly Overload[];
}

/** One signature of a function. */
export interface Overload {
  /** As cel-go and Kubernetes name it; unique. */
  readonly id: string;
  /** Called as `target.name(…)`; then the target is the first of `params`. */
  readonly member: boolean;
  readonly params: readonly CelType[];
  readonly result: CelType;
  /** @throws EvaluationError */
  readonly call: (...args: Value[]) => Value;
  /** What a call costs, arguments not counted; 1 without it. */
  readonly cost?: CallCost;
}

/** The cost of a call, known as a range from the expression and exactly from the arguments. The two must agree. */
export interface CallCost {
  /** Undefined: 1. */
  readonly estimate?: (call: EstimatedCall) => CallEstimate | undefined;
  /** Charged before the call is made, so that a call beyond the budget is never made. */
  readonly actual?: (args: readonly Value[]) => number;
}

/** What is known of a call before it is made. */
export interface EstimatedCall {
  /** The target, where there is one, is the first. */
  readonly args: readonly EstimatedArgument[];
}

export interface EstimatedArgument {
  readonly type: CelType;
  readonly size: SizeEstimate;
  /** The size of the elements of a list or of the values of a map. */
  readonly elementSize: SizeEstimate;
  /** The value of a literal. */
  readonly literal: Value | undefined;
}

export interface CallEstimate {
  readonly cost: CostEstimate;
  /** Of a string, bytes, list or map. */
  readonly size?: SizeEstimate;
}

/** Functions by name, those of one name joined. */
export function joinFunctions(
  ...libraries: readonly (readonly FunctionDeclaration[])[]
): ReadonlyMap<string, FunctionDeclaration> {
  const byName = new Map<string, FunctionDeclaration>();
  for (const declaration of libraries.flat()) {
    const { name, overloads } = declaration;
    const known = byName.get(name);
    byName.set(
      name,
      known === undefined ? declaration : { name, overloads: [...known.overloads, ...overloads] },
    );
  }
  return byName;
}
