import type { PolicyRule } from '@kubewright/api/rbac/v1';

/**
 * Joins rules of one resource of one group that differ in their verbs alone, as which a comparison leaves them.
 * Source: `CompactRules` of upstream's RBAC validation.
 */
export function compactRules(rules: readonly PolicyRule[]): PolicyRule[] {
  const joined = new Map<string, PolicyRule>();
  const others: PolicyRule[] = [];
  for (const rule of rules) {
    const key = simpleResource(rule);
    if (key === undefined) {
      others.push(rule);
      continue;
    }
    const known = joined.get(key);
    joined.set(key, known === undefined ? rule : { ...known, verbs: [...known.verbs, ...rule.verbs] });
  }
  return [...others, ...joined.values()];
}

/** `{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}` */
export function describeRule(rule: PolicyRule): string {
  const parts: string[] = [];
  const add = (name: string, values: readonly string[] | undefined) => {
    if (values !== undefined && values.length > 0)
      parts.push(`${name}:[${values.map((value) => JSON.stringify(value)).join(' ')}]`);
  };
  add('APIGroups', rule.apiGroups);
  add('Resources', rule.resources);
  add('NonResourceURLs', rule.nonResourceURLs);
  add('ResourceNames', rule.resourceNames);
  add('Verbs', rule.verbs);
  return `{${parts.join(', ')}}`;
}

function simpleResource(rule: PolicyRule): string | undefined {
  const { apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  if (resourceNames.length > 1 || nonResourceURLs.length > 0) return undefined;
  if (apiGroups.length !== 1 || resources.length !== 1) return undefined;
  return JSON.stringify([apiGroups, resources, resourceNames]);
}
