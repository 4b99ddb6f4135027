import type { KubernetesObject } from '@kubewright/api';
import type { RuleWithOperations } from '@kubewright/api/admissionregistration/v1';
import type { ServedKind } from '../../registry/resource.js';
import type { AdmissionOperation } from '../admission-request.js';

/** Which requests: the version is the one that the client speaks. */
export interface RequestedResource {
  readonly operation: AdmissionOperation;
  readonly served: ServedKind;
  readonly subresource: string;
}

/** Resources whose objects decide about admission itself: nobody but the server's own plugins has a say in them. */
export function isExemptResource({
  group,
  plural,
}: {
  readonly group: string;
  readonly plural: string;
}): boolean {
  return group === 'admissionregistration.k8s.io' && exempt.has(plural);
}

const exempt = new Set([
  ...['validatingwebhookconfigurations', 'mutatingwebhookconfigurations'],
  ...['validatingadmissionpolicies', 'validatingadmissionpolicybindings'],
  ...['mutatingadmissionpolicies', 'mutatingadmissionpolicybindings'],
]);

/**
 * The version in which rules want to see a request: the client's own where a rule names it, else, unless the policy is
 * `Exact`, another one of the same resource that a rule names. Undefined: no rule matches. Source: the admission
 * webhooks page, "matchPolicy".
 */
export function matchRules(
  rules: readonly RuleWithOperations[],
  matchPolicy: string | undefined,
  requested: RequestedResource,
): ServedKind | undefined {
  if (rules.some((rule) => matches(rule, requested))) return requested.served;
  if (matchPolicy === 'Exact') return undefined;
  for (const rule of rules)
    for (const served of requested.served.resource.served)
      if (served !== requested.served && matches(rule, { ...requested, served })) return served;
  return undefined;
}

function matches(rule: RuleWithOperations, { operation, served, subresource }: RequestedResource): boolean {
  const { group, version, plural } = served.kind;
  return (
    inScope(rule.scope ?? '*', served) &&
    has(rule.operations, operation) &&
    has(rule.apiGroups, group) &&
    has(rule.apiVersions, version) &&
    (rule.resources ?? []).some((pattern) => {
      const slash = pattern.indexOf('/');
      const resource = slash < 0 ? pattern : pattern.slice(0, slash);
      const wanted = slash < 0 ? '' : pattern.slice(slash + 1);
      return (resource === '*' || resource === plural) && (wanted === '*' || wanted === subresource);
    })
  );
}

function inScope<T extends KubernetesObject>(scope: string, { resource }: ServedKind<T>): boolean {
  return scope === '*' || (scope === 'Namespaced') === resource.namespaced;
}

function has(list: readonly string[] | undefined, item: string): boolean {
  return list?.some((one) => one === '*' || one === item) ?? false;
}
