import type { MatchResources, NamedRuleWithOperations } from '@kubewright/api/admissionregistration/v1';
import type { ServedKind } from '../../registry/resource.js';
import { matchRules, type RequestedResource } from '../matching/rule-match.js';
import { readSelectors, type Selectors } from '../matching/selectors.js';

/** By the name of the object: the version in which a match wants to see a request, or undefined where it does not. */
export type MatchByName = (name: string) => ServedKind | undefined;

/** `matchConstraints` of a policy or `matchResources` of a binding, read once. */
export class ResourceMatch {
  readonly selectors: Selectors;
  readonly #rules: readonly NamedRuleWithOperations[];
  readonly #excluded: readonly NamedRuleWithOperations[];
  readonly #matchPolicy: string | undefined;

  constructor({ resourceRules = [], excludeResourceRules = [], ...rest }: MatchResources) {
    this.selectors = readSelectors(rest);
    this.#rules = resourceRules;
    this.#excluded = excludeResourceRules;
    this.#matchPolicy = rest.matchPolicy ?? 'Equivalent';
  }

  /** What the rules say of a kind of requests; undefined where they match none of them, whatever the name. */
  matching(requested: RequestedResource): MatchByName | undefined {
    const named = [...this.#rules, ...this.#excluded].some(({ resourceNames }) => resourceNames?.length);
    if (named) return (name) => this.#find(requested, name);
    const served = this.#find(requested, '');
    return served && (() => served);
  }

  /** Excluded is what any of the exclusions names; no rule at all is every rule. */
  #find(requested: RequestedResource, name: string): ServedKind | undefined {
    const of = (rules: readonly NamedRuleWithOperations[]) =>
      rules.filter(({ resourceNames }) => !resourceNames?.length || resourceNames.includes(name));
    if (matchRules(of(this.#excluded), this.#matchPolicy, requested) !== undefined) return undefined;
    return this.#rules.length === 0
      ? requested.served
      : matchRules(of(this.#rules), this.#matchPolicy, requested);
  }
}
