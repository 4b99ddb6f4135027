import type { MatchCondition } from '@kubewright/api/admissionregistration/v1';
import type { Environment } from '../../cel/index.js';
import { BOOL } from '../../cel/types.js';
import type { AdmissionMetrics, MatchConditionLabels } from '../../metrics/admission-metrics.js';
import { admissionEnvironment } from './environment.js';
import { compileExpression, type Expression } from './expression.js';
import { Budget, matchConditionBudget, OutOfBudget, runExpression, type Scope } from './run-expression.js';

/** Match conditions, compiled once, of a policy or a webhook. */
export interface MatchConditions {
  readonly conditions: readonly {
    readonly name: string;
    readonly text: string;
    readonly expression: Expression;
  }[];
}

/** @param environment with what the conditions may use: of a webhook no parameters and no variables */
export function compileMatchConditions(
  conditions: readonly MatchCondition[] | undefined,
  environment: Environment = admissionEnvironment({ params: false, authorizer: true }),
): MatchConditions {
  return {
    conditions: (conditions ?? []).map(({ name, expression }) => ({
      name,
      text: expression.trim(),
      expression: compileExpression(expression.trim(), environment, [BOOL]),
    })),
  };
}

/** All hold, one does not (whatever errors others have), or errors keep it open. */
export type MatchVerdict =
  | { readonly matches: true; readonly error?: undefined }
  | { readonly matches: false; readonly error?: undefined; readonly failed: string }
  | { readonly matches: false; readonly error: string };

const match: MatchVerdict = { matches: true };

/** Who counts evaluations. */
export interface MatchObserver {
  readonly metrics: AdmissionMetrics;
  readonly labels: MatchConditionLabels;
}

/** As {@link evaluateMatchConditions}, counted where there is anything to evaluate. @throws AnswerPending */
export function observeMatchConditions(
  conditions: MatchConditions,
  scope: Scope & object,
  { metrics, labels }: MatchObserver,
): MatchVerdict {
  if (conditions.conditions.length === 0) return match;
  const start = performance.now();
  const verdict = evaluateMatchConditions(conditions, scope);
  const failed = verdict.error !== undefined;
  metrics.matchConditions(labels, performance.now() - start, { matches: verdict.matches, failed });
  return verdict;
}

/**
 * Whether match conditions hold for a request. Of a webhook the scope is `new RequestVariables(request).in(served)`
 * wrapped in a {@link PolicyScope} without parameters and variables; the call goes through `untilAnswered`, as a
 * condition may ask the authorizer.
 * Source: apiserver's webhook/matchconditions.
 * @throws AnswerPending
 */
function evaluateMatchConditions({ conditions }: MatchConditions, scope: Scope & object): MatchVerdict {
  if (conditions.length === 0) return match;
  const budget = new Budget(matchConditionBudget);
  const problems: string[] = [];
  try {
    for (const { name, text, expression } of conditions) {
      const { value, problem } = runExpression(text, expression, scope, budget);
      if (problem !== undefined) problems.push(problem);
      else if (value === false) return { matches: false, failed: name };
    }
  } catch (error) {
    if (!(error instanceof OutOfBudget)) throw error;
    return { matches: false, error: error.message };
  }
  if (problems.length === 0) return match;
  return { matches: false, error: problems.length === 1 ? problems[0]! : `[${problems.join(', ')}]` };
}
