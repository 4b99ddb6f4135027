import type { AdmissionMetrics } from '../../metrics/admission-metrics.js';
import type { ServedKind } from '../../registry/resource.js';
import type { AdmissionRequest } from '../admission-request.js';
import { PolicyScope } from '../policy/composed-variables.js';
import { type MatchVerdict, observeMatchConditions } from '../policy/match-conditions.js';
import { RequestVariables } from '../policy/policy-variables.js';
import { untilAnswered } from '../policy/run-expression.js';
import { refusal } from '../refusal.js';
import type { RegisteredWebhook } from './webhook-index.js';

/**
 * Whether the match conditions of a webhook hold. One that can't be evaluated is as a webhook that can't be called:
 * the failure policy says what that means.
 * @throws ApiError Forbidden
 */
export function conditionsHold(
  { conditions, webhook }: RegisteredWebhook,
  request: AdmissionRequest,
  served: ServedKind,
  { metrics, type }: { readonly metrics: AdmissionMetrics; readonly type: 'admit' | 'validate' },
): boolean | Promise<boolean> {
  if (conditions === undefined) return true;
  const scope = new PolicyScope(new RequestVariables(request).in(served), undefined, []);
  let verdict: MatchVerdict | undefined;
  const judge = (): boolean => {
    if (verdict?.error === undefined || webhook.failurePolicy === 'Ignore') return verdict?.matches === true;
    throw refusal(request, verdict.error);
  };
  const pending = untilAnswered(() => {
    const labels = { name: webhook.name, kind: 'webhook', operation: request.operation, type } as const;
    verdict = observeMatchConditions(conditions, scope, { metrics, labels });
  });
  return pending === undefined ? judge() : pending.then(judge);
}
