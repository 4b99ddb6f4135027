import { isDeepStrictEqual } from 'node:util';
import { ApiError, type KubernetesObject } from '@kubewright/api';
import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
} from '@kubewright/api/admissionregistration/v1';
import { AnswerPending } from '../../cel/library/authorizer.js';
import type { JsonObject } from '../../patch/json-object.js';
import type { Lister } from '../../registry/lister.js';
import type { ServedKind } from '../../registry/resource.js';
import { type BodyKind, builtinBodyKind } from '../../schema/body-kind.js';
import type { AdmissionPlugin } from '../admission-plugin.js';
import type { AdmissionRequest } from '../admission-request.js';
import { PolicyScope } from '../policy/composed-variables.js';
import { observeMatchConditions } from '../policy/match-conditions.js';
import {
  type CompiledMutatingPolicy,
  compileMutatingPolicy,
  MutationError,
  mutate,
} from '../policy/mutating-policy.js';
import { ConfigurationError, type ParamSource, paramsOf } from '../policy/params.js';
import { PolicyIndex } from '../policy/policy-index.js';
import { RequestVariables } from '../policy/policy-variables.js';
import { refusal } from '../refusal.js';
import { Reinvocation } from '../reinvocation.js';
import { becomes, inVersion, isOwnKind, readChanged } from '../webhooks/webhook-objects.js';
import type { PolicyObservers } from './validating-admission-policy.js';

/** A policy through a binding with one set of parameters. */
interface Invocation {
  readonly key: string;
  readonly policy: CompiledMutatingPolicy;
  readonly binding: string;
  readonly served: ServedKind;
  readonly params: KubernetesObject | undefined;
}

/** Why a policy could not do its work. */
interface Failure {
  readonly policy: string;
  readonly binding: string;
  readonly message: string;
  readonly reason: 'Invalid' | 'Forbidden';
}

/** Lets MutatingAdmissionPolicies change the object through their bindings, one after the other. */
export function mutatingAdmissionPolicy(
  lists: { policies: Lister<MutatingAdmissionPolicy>; bindings: Lister<MutatingAdmissionPolicyBinding> },
  params: ParamSource,
  metrics: PolicyObservers,
): AdmissionPlugin {
  const index = new PolicyIndex(lists, compileMutatingPolicy);
  const rounds = new WeakMap<AdmissionRequest, Reinvocation<string>>();
  return {
    name: 'MutatingAdmissionPolicy',
    admit(request) {
      // What the server writes on its own waits for nobody.
      if (request.context.request === undefined) return undefined;
      const matches = index.matching(request);
      if (matches.length === 0) return undefined;
      const round = rounds.get(request) ?? new Reinvocation();
      rounds.set(request, round);
      const failures: Failure[] = [];
      const invocations = matches.flatMap(({ policy, served, bindings }) =>
        bindings.flatMap((binding) => invocationsOf({ policy, served, binding, request, params, failures })),
      );
      return new Run(request, { round, failures, metrics }).all(invocations);
    },
  };
}

function invocationsOf({
  policy,
  served,
  binding,
  request,
  params,
  failures,
}: {
  readonly policy: CompiledMutatingPolicy;
  readonly served: ServedKind;
  readonly binding: MutatingAdmissionPolicyBinding;
  readonly request: AdmissionRequest;
  readonly params: ParamSource;
  readonly failures: Failure[];
}): Invocation[] {
  const name = binding.metadata.name ?? '';
  try {
    const { paramKind } = policy.object.spec ?? {};
    return paramsOf(params, paramKind, binding.spec?.paramRef, request.namespace).map((param) => {
      const { namespace = '', name: paramName = '' } = param?.metadata ?? {};
      const key = `${policy.name}/${name}/${namespace}/${paramName}`;
      return { key, policy, binding: name, served, params: param };
    });
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const { message } = error;
    if (!policy.ignoresFailure)
      failures.push({ policy: policy.name, binding: name, message, reason: 'Forbidden' });
    return [];
  }
}

/** One round over a request. */
class Run {
  readonly #request: AdmissionRequest;
  readonly #round: Reinvocation<string>;
  readonly #variables: RequestVariables;
  readonly #failures: Failure[];
  readonly #metrics: PolicyObservers;

  constructor(
    request: AdmissionRequest,
    of: {
      readonly round: Reinvocation<string>;
      readonly failures: Failure[];
      readonly metrics: PolicyObservers;
    },
  ) {
    this.#request = request;
    this.#round = of.round;
    this.#failures = of.failures;
    this.#metrics = of.metrics;
    this.#variables = new RequestVariables(request);
  }

  all(invocations: readonly Invocation[]): void | Promise<void> {
    this.#round.begin(this.#request);
    return this.#from(
      invocations.filter(({ key }) => this.#round.isAsked(key, this.#request)),
      0,
    );
  }

  /** Goes on where it was when an answer of the authorizer has to be waited for. */
  #from(invocations: readonly Invocation[], start: number): void | Promise<void> {
    for (let at = start; at < invocations.length; at++)
      try {
        this.#invoke(invocations[at]!);
      } catch (error) {
        if (error instanceof AnswerPending) return error.answer.then(() => this.#from(invocations, at));
        throw error;
      }
    this.#round.end(this.#request);
    if (this.#failures.length > 0) throw this.#refusal();
    return undefined;
  }

  #invoke({ key, policy, binding, served, params }: Invocation): void {
    const variables = this.#variables.in(served);
    const scopeOf = (of: typeof variables) => new PolicyScope(of, params, policy.variables);
    const start = performance.now();
    const count = (message?: string) =>
      this.#metrics.policies.mutated({ policy: policy.name, binding, message }, performance.now() - start);
    const fail = (message: string) => {
      count(message);
      if (!policy.ignoresFailure)
        this.#failures.push({ policy: policy.name, binding, message, reason: 'Invalid' });
    };
    const { operation } = this.#request;
    const matched = observeMatchConditions(policy.matchConditions, scopeOf(variables), {
      metrics: this.#metrics.admission,
      labels: { name: policy.name, kind: 'policy', operation, type: 'admit' },
    });
    if (matched.error !== undefined) fail(matched.error);
    if (!matched.matches) return;
    const { object } = this.#request;
    if (object === undefined) return;
    const body = this.#body(served);
    const before = inVersion(this.#request, object, served) as unknown as JsonObject;
    let after = before;
    let failed = false;
    for (const mutation of policy.mutations)
      try {
        const scope = scopeOf(variables.withObject(after as unknown as KubernetesObject));
        after = mutate(after, mutation, { scope, body });
      } catch (error) {
        if (!(error instanceof MutationError)) throw error;
        fail(error.message);
        failed = true;
      }
    const changed = after === before ? undefined : readChanged(this.#request, after, served);
    const isChanged = changed !== undefined && !isDeepStrictEqual(changed, before);
    if (isChanged) this.#replace(object, changed, served);
    if (!failed) count();
    this.#round.asked(key, this.#request, { isChanged, wantsMore: policy.wantsReinvocation });
  }

  #body(served: ServedKind): BodyKind {
    const { group, version, kind } = this.#request.kind;
    return isOwnKind(this.#request) ? served.body : builtinBodyKind(group, version, kind);
  }

  #replace(object: KubernetesObject, changed: KubernetesObject, served: ServedKind): void {
    becomes(object, isOwnKind(this.#request) ? served.toStored(changed) : changed);
    this.#variables.objectChanged();
  }

  #refusal(): ApiError {
    const causes = this.#failures.map(({ policy, binding, message }) => ({
      message: `policy '${policy}' with binding '${binding}' denied request: ${message}`,
    }));
    const { details, code } = refusal(this.#request, '');
    return new ApiError(this.#failures[0]!.reason, causes[0]!.message, {
      code,
      details: { ...details, causes },
    });
  }
}
