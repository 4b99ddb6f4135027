import type { PolicyRule } from '@kubewright/api/rbac/v1';

/**
 * What of some rules others do not give: empty where they give all. Rules are taken apart first, so that two owners
 * may each give a part. Source: `Covers` of component-helpers' RBAC validation.
 */
export function missingRules(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(breakDown).filter((part) => !owned.some((rule) => ruleCovers(rule, part)));
}

/** Rules of one verb and one resource, name or path each. */
export function breakDown(rule: PolicyRule): PolicyRule[] {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const parts: PolicyRule[] = [];
  for (const group of apiGroups)
    for (const resource of resources)
      for (const verb of verbs) {
        const part = { verbs: [verb], apiGroups: [group], resources: [resource] };
        if (resourceNames.length === 0) parts.push(part);
        for (const name of resourceNames) parts.push({ ...part, resourceNames: [name] });
      }
  for (const url of nonResourceURLs)
    for (const verb of verbs) parts.push({ verbs: [verb], nonResourceURLs: [url] });
  return parts;
}

function ruleCovers(owner: PolicyRule, part: PolicyRule): boolean {
  const names = owner.resourceNames ?? [];
  const wantedNames = part.resourceNames ?? [];
  const namesCovered =
    names.length === 0 || (wantedNames.length > 0 && wantedNames.every((name) => names.includes(name)));
  return (
    hasAll(owner.verbs, part.verbs) &&
    hasAll(owner.apiGroups, part.apiGroups) &&
    (part.resources ?? []).every((resource) => resourceCovered(owner.resources ?? [], resource)) &&
    namesCovered &&
    (part.nonResourceURLs ?? []).every((url) =>
      (owner.nonResourceURLs ?? []).some((owned) => urlCovers(owned, url)),
    )
  );
}

function hasAll(owned: readonly string[] = [], wanted: readonly string[] = []): boolean {
  return owned.includes('*') || wanted.every((value) => owned.includes(value));
}

function resourceCovered(owned: readonly string[], resource: string): boolean {
  if (owned.includes('*') || owned.includes(resource)) return true;
  const slash = resource.indexOf('/');
  return slash >= 0 && owned.includes(`*${resource.slice(slash)}`);
}

function urlCovers(owned: string, url: string): boolean {
  return owned === url || (owned.endsWith('*') && url.startsWith(owned.replace(/\*+$/, '')));
}
