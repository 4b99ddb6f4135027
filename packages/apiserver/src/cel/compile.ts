import { check } from './check/check.js';
import type { CheckedExpression } from './check/checked-expression.js';
import { checkLiterals } from './check/literals.js';
import { estimateCost } from './cost/estimate.js';
import type { CostEstimate } from './cost/ranges.js';
import type { Environment } from './environment.js';
import { Program } from './program.js';
import { parse } from './syntax/parser.js';
import { type Problem, Source } from './syntax/source.js';

/** Why an expression can't be used. The message is what `compilation failed: …` shows: each problem with its line. */
export class CompileError extends Error {
  readonly problems: readonly Problem[];

  constructor(source: Source, problems: readonly Problem[]) {
    super(source.display(problems));
    this.name = 'CompileError';
    this.problems = problems;
  }
}

/**
 * Parses and checks an expression and makes it ready to run.
 *
 * ```ts
 * const self = declareType(schemaSource)!;
 * const environment = extendEnvironment(kubernetesEnvironment, { variables: { self, oldSelf: self } });
 * const program = compile('self.replicas <= self.maxReplicas', environment);
 * program.resultType.kind;                    // 'bool'
 * program.uses('oldSelf');                    // false
 * program.cost.max;                           // 5, to be compared with the limit of a rule
 * program.evaluate({ self: object }).value;   // true; throws EvaluationError
 * ```
 * @throws CompileError with all problems at once
 */
export function compile(expression: string, environment: Environment): Program {
  const { source, checked, cost } = checkExpression(expression, environment);
  return new Program(source.text, { checked, cost: cost(), environment });
}

/** What {@link compile} finds wrong with an expression, without making it ready to run. @throws CompileError */
export function checkExpression(
  expression: string,
  environment: Environment,
): { readonly source: Source; readonly checked: CheckedExpression; cost(): CostEstimate } {
  const source = new Source(expression);
  const parsed = parse(source, environment.bindings);
  if (parsed.expression === undefined || parsed.problems.length > 0)
    throw new CompileError(source, parsed.problems);
  const { checked, problems } = check(source, parsed.expression, environment);
  const all = problems.length > 0 ? problems : checkLiterals(source, checked);
  if (all.length > 0) throw new CompileError(source, all);
  return { source, checked, cost: () => estimateCost(checked, environment) };
}
