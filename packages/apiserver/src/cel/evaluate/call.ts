import { isNullable } from '../check/substitution.js';
import type { Overload } from '../functions/declaration.js';
import type { CelType } from '../types.js';
import { noSuchOverload } from '../values/evaluation-error.js';
import type { Value } from '../values/value.js';
import type { Evaluate, Evaluation } from './evaluation.js';
import { typeTest } from './matches-type.js';

/** A call of a function: which overload it is, where types leave that open, its values decide. */
export function planCall(
  overloads: readonly Overload[],
  args: readonly Evaluate[],
  types: readonly CelType[],
): Evaluate {
  const candidates = overloads.map((overload) => ({
    overload,
    tests: testsOf(overload, types, overloads.length),
  }));
  const [only] = candidates;
  if (candidates.length === 1 && only?.tests.every((test) => test === undefined))
    return planKnown(only.overload, args);
  return (evaluation) => {
    const values = args.map((arg) => arg(evaluation));
    const found = candidates.find(({ tests }) =>
      tests.every((test, index) => test?.(values[index]!) ?? true),
    );
    if (found === undefined) throw noSuchOverload();
    return finish(found.overload, values, evaluation);
  };
}

/** Without an array where the cost does not depend on the arguments. */
function planKnown(overload: Overload, args: readonly Evaluate[]): Evaluate {
  const { call, cost } = overload;
  const [first, second] = args;
  if (cost?.actual === undefined && args.length === 2)
    return (evaluation) => {
      const a = first!(evaluation);
      const b = second!(evaluation);
      evaluation.charge(1);
      return call(a, b);
    };
  if (cost?.actual === undefined && args.length === 1)
    return (evaluation) => {
      const a = first!(evaluation);
      evaluation.charge(1);
      return call(a);
    };
  return (evaluation) =>
    finish(
      overload,
      args.map((arg) => arg(evaluation)),
      evaluation,
    );
}

function finish({ call, cost }: Overload, values: readonly Value[], evaluation: Evaluation): Value {
  evaluation.charge(cost?.actual?.(values) ?? 1);
  return call(...values);
}

/** Tests only of what the types do not tell. */
function testsOf({ params }: Overload, types: readonly CelType[], count: number) {
  return params.map((param, index) => {
    const type = types[index]!;
    const open = type.kind === 'dyn' || type.kind === 'error' || isNullable(type);
    return count === 1 && !open ? undefined : typeTest(param);
  });
}
