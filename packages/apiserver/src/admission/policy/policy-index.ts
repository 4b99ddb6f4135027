import type { KubernetesObject } from '@kubewright/api';
import type { MatchResources, ParamRef } from '@kubewright/api/admissionregistration/v1';
import type { Lister } from '../../registry/lister.js';
import type { Resource, ServedKind } from '../../registry/resource.js';
import type { AdmissionRequest } from '../admission-request.js';
import { isExemptResource, type RequestedResource } from '../matching/rule-match.js';
import { isSelected } from '../matching/selectors.js';
import { type MatchByName, ResourceMatch } from './resource-match.js';

interface PolicyObject extends KubernetesObject {
  spec?: { matchConstraints?: MatchResources | undefined } | undefined;
}

interface BindingObject extends KubernetesObject {
  spec?:
    | {
        policyName?: string | undefined;
        paramRef?: ParamRef | undefined;
        matchResources?: MatchResources | undefined;
      }
    | undefined;
}

/** A policy, ready to run, with those of its bindings whose rules match a kind of requests. */
interface Candidate<C, B> {
  readonly policy: C;
  readonly constraints: ResourceMatch;
  readonly matches: MatchByName;
  readonly bindings: readonly {
    readonly binding: B;
    readonly resources: ResourceMatch;
    readonly matches: MatchByName;
  }[];
}

/** A policy that concerns a request, and the bindings through which it does. */
export interface PolicyMatch<C, B> {
  readonly policy: C;
  /** The version in which the policy wants to see the request. */
  readonly served: ServedKind;
  readonly bindings: readonly B[];
}

/**
 * Which policies concern a request, and through which bindings. What the rules say is found out once for each operation,
 * resource, subresource and version, and forgotten when a policy or binding changes; a policy is compiled once.
 */
export class PolicyIndex<P extends PolicyObject, B extends BindingObject, C> {
  readonly #policies: Lister<P>;
  readonly #bindings: Lister<B>;
  readonly #compile: (policy: P) => C;
  readonly #compiled = new WeakMap<P, { readonly policy: C; readonly constraints: ResourceMatch }>();
  #revisions = '';
  #candidates = new WeakMap<Resource, Map<string, readonly Candidate<C, B>[]>>();

  constructor(lists: { policies: Lister<P>; bindings: Lister<B> }, compile: (policy: P) => C) {
    this.#policies = lists.policies;
    this.#bindings = lists.bindings;
    this.#compile = compile;
  }

  /** In the order of the policies' names. */
  matching(request: AdmissionRequest): readonly PolicyMatch<C, B>[] {
    const candidates = this.#candidatesFor(request);
    if (candidates.length === 0) return none;
    return candidates.flatMap(({ policy, constraints, matches, bindings }) => {
      const served = matches(request.name);
      if (served === undefined || !isSelected(constraints.selectors, request)) return [];
      const concerned = bindings.filter(
        (one) => one.matches(request.name) !== undefined && isSelected(one.resources.selectors, request),
      );
      if (concerned.length === 0) return [];
      return [{ policy, served, bindings: concerned.map(({ binding }) => binding) }];
    });
  }

  #candidatesFor(request: AdmissionRequest): readonly Candidate<C, B>[] {
    const revisions = `${this.#policies.revision} ${this.#bindings.revision}`;
    if (revisions !== this.#revisions) {
      this.#revisions = revisions;
      this.#candidates = new WeakMap();
    }
    const { resource, operation, subresource, served } = request;
    let known = this.#candidates.get(resource);
    if (known === undefined) {
      known = new Map();
      this.#candidates.set(resource, known);
    }
    const key = `${operation}/${served.kind.apiVersion}/${subresource}`;
    let candidates = known.get(key);
    if (candidates === undefined) {
      candidates = this.#find({ operation, served, subresource });
      known.set(key, candidates);
    }
    return candidates;
  }

  #find(requested: RequestedResource): readonly Candidate<C, B>[] {
    if (isExemptResource(requested.served.kind)) return none;
    const bindings = byName(this.#bindings.list());
    return byName(this.#policies.list()).flatMap((object) => {
      const { policy, constraints } = this.#compiledOf(object);
      const matches = constraints.matching(requested);
      if (matches === undefined) return [];
      const own = bindings
        .filter(({ spec }) => spec?.policyName === object.metadata.name)
        .flatMap((binding) => {
          const resources = new ResourceMatch(binding.spec?.matchResources ?? {});
          const match = resources.matching(requested);
          return match === undefined ? [] : [{ binding, resources, matches: match }];
        });
      return own.length === 0 ? [] : [{ policy, constraints, matches, bindings: own }];
    });
  }

  #compiledOf(object: P): { readonly policy: C; readonly constraints: ResourceMatch } {
    let compiled = this.#compiled.get(object);
    if (compiled === undefined) {
      const constraints = new ResourceMatch(object.spec?.matchConstraints ?? {});
      compiled = { policy: this.#compile(object), constraints };
      this.#compiled.set(object, compiled);
    }
    return compiled;
  }
}

const none: readonly never[] = [];

function byName<T extends KubernetesObject>(objects: readonly T[]): T[] {
  return [...objects].sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1));
}
