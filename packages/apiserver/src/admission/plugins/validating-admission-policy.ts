import { ApiError, type StatusReason, statusCodes } from '@kubewright/api';
import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '@kubewright/api/admissionregistration/v1';
import type { AdmissionMetrics } from '../../metrics/admission-metrics.js';
import type { PolicyMetrics } from '../../metrics/policy-metrics.js';
import type { Lister } from '../../registry/lister.js';
import type { AdmissionPlugin } from '../admission-plugin.js';
import type { AdmissionRequest } from '../admission-request.js';
import { PolicyScope } from '../policy/composed-variables.js';
import { ConfigurationError, type ParamSource, paramsOf } from '../policy/params.js';
import { PolicyIndex, type PolicyMatch } from '../policy/policy-index.js';
import { RequestVariables } from '../policy/policy-variables.js';
import { untilAnswered } from '../policy/run-expression.js';
import {
  type CompiledValidatingPolicy,
  compileValidatingPolicy,
  type Denial,
  evaluatePolicy,
  type ValidationOutcome,
} from '../policy/validating-policy.js';
import { refusal } from '../refusal.js';

/** What counts policies. */
export interface PolicyObservers {
  readonly admission: AdmissionMetrics;
  readonly policies: PolicyMetrics;
}

type Match = PolicyMatch<CompiledValidatingPolicy, ValidatingAdmissionPolicyBinding>;

/** Asks ValidatingAdmissionPolicies through their bindings. */
export function validatingAdmissionPolicy(
  lists: { policies: Lister<ValidatingAdmissionPolicy>; bindings: Lister<ValidatingAdmissionPolicyBinding> },
  params: ParamSource,
  metrics: PolicyObservers,
): AdmissionPlugin {
  const index = new PolicyIndex(lists, compileValidatingPolicy);
  return {
    name: 'ValidatingAdmissionPolicy',
    validate(request) {
      // What the server writes on its own waits for nobody.
      if (request.context.request === undefined) return undefined;
      const matches = index.matching(request);
      if (matches.length === 0) return undefined;
      const variables = new RequestVariables(request);
      return untilAnswered(() =>
        publish(request, decide(request, matches, { variables, params, metrics }), metrics.policies),
      );
    },
  };
}

/** What became of one policy through one binding. */
interface Decision {
  readonly policy: CompiledValidatingPolicy;
  /** Undefined where the policy itself can't work. */
  readonly binding: ValidatingAdmissionPolicyBinding | undefined;
  readonly outcomes: readonly ValidationOutcome[];
  readonly misconfigured?: string;
  /** Milliseconds. */
  readonly elapsed: number;
}

function decide(
  request: AdmissionRequest,
  matches: readonly Match[],
  {
    variables,
    params,
    metrics,
  }: {
    readonly variables: RequestVariables;
    readonly params: ParamSource;
    readonly metrics: PolicyObservers;
  },
): Decision[] {
  return matches.flatMap(({ policy, served, bindings }) =>
    bindings.map((binding): Decision => {
      const start = performance.now();
      const labels = {
        name: policy.name,
        kind: 'policy',
        operation: request.operation,
        type: 'validate',
      } as const;
      try {
        const found = paramsOf(
          params,
          policy.object.spec?.paramKind,
          binding.spec?.paramRef,
          request.namespace,
        );
        const outcomes = found.map((param) =>
          evaluatePolicy(policy, new PolicyScope(variables.in(served), param, policy.variables), {
            ...{ metrics: metrics.admission, labels },
          }),
        );
        return { policy, binding, outcomes, elapsed: performance.now() - start };
      } catch (error) {
        if (!(error instanceof ConfigurationError)) throw error;
        const { message } = error;
        return {
          policy,
          binding: error.of === 'policy' ? undefined : binding,
          outcomes: [],
          misconfigured: message,
          elapsed: performance.now() - start,
        };
      }
    }),
  );
}

/** Warns, annotates, and refuses with the first denial. */
function publish(request: AdmissionRequest, decisions: readonly Decision[], metrics: PolicyMetrics): void {
  const denied: { readonly decision: Decision; readonly denial: Denial }[] = [];
  const failures: object[] = [];
  for (const decision of decisions) {
    const { policy, binding, outcomes, misconfigured, elapsed } = decision;
    const name = binding?.metadata.name ?? '';
    const actions = binding?.spec?.validationActions ?? [];
    if (misconfigured !== undefined && !policy.ignoresFailure)
      denied.push({ decision, denial: { message: misconfigured, reason: '', index: 0 } });
    for (const { denials, annotationErrors } of outcomes) {
      for (const denial of denials) {
        const { message, index } = denial;
        const checked = { policy: policy.name, binding: name, message };
        for (const action of actions)
          if (isAction(action)) metrics.validated(checked, lower[action], elapsed);
        if (actions.includes('Deny')) denied.push({ decision, denial });
        if (actions.includes('Audit'))
          failures.push({
            message,
            policy: policy.name,
            binding: name,
            expressionIndex: index,
            validationActions: actions,
          });
        if (actions.includes('Warn'))
          request.warn(
            `Validation failed for ValidatingAdmissionPolicy '${policy.name}' with binding '${name}': ${message}`,
          );
      }
      for (const message of annotationErrors) {
        denied.push({ decision, denial: { message, reason: '', index: 0 } });
        metrics.validated({ policy: policy.name, binding: name, message }, 'deny', elapsed);
      }
    }
  }
  annotate(request, decisions);
  if (failures.length > 0)
    request.annotate(
      'validation.policy.admission.k8s.io/validation_failure',
      JSON.stringify(failures.slice(0, mostFailures)),
    );
  const [first] = denied;
  if (first !== undefined) throw denialError(request, first.decision, first.denial);
}

/** What a binding may want done with a denial, as metrics call it. */
const lower = { Deny: 'deny', Audit: 'audit', Warn: 'warn' } as const;

function isAction(action: string): action is keyof typeof lower {
  return action in lower;
}

const mostFailures = 50;
const longestAnnotation = 10 * 1024;

/** One annotation a key of a policy; bindings and parameters that say different things are joined. */
function annotate(request: AdmissionRequest, decisions: readonly Decision[]): void {
  if (decisions.every(({ policy }) => policy.auditAnnotations.length === 0)) return;
  const values = new Map<string, Set<string>>();
  for (const { policy, outcomes } of decisions)
    for (const { key, value } of outcomes.flatMap(({ annotations }) => annotations)) {
      const qualified = `${policy.name}/${key}`;
      const known = values.get(qualified) ?? new Set();
      values.set(qualified, known.add(value.slice(0, longestAnnotation)));
    }
  for (const [key, all] of values) request.annotate(key, [...all].join(', '));
}

function denialError(
  request: AdmissionRequest,
  { policy, binding }: Decision,
  { message: why, reason }: Denial,
): ApiError {
  const through = binding === undefined ? '' : ` with binding '${binding.metadata.name ?? ''}'`;
  const message = `ValidatingAdmissionPolicy '${policy.name}'${through} denied request: ${why}`;
  const refused = refusal(request, message);
  return new ApiError(isReason(reason) ? reason : 'Invalid', refused.message, {
    details: { ...refused.details, causes: [{ message }] },
  });
}

function isReason(reason: string): reason is StatusReason & keyof typeof statusCodes {
  return reason in statusCodes;
}
