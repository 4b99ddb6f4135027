import { selectorMatches } from '@kubewright/api';
import type { ClusterRole, PolicyRule } from '@kubewright/api/rbac/v1';
import { sameValue } from '../framework/same-value.js';

/**
 * The rules that a role gathers from others by their labels, in the order of its selectors and of the names.
 * @returns undefined for a role that gathers none
 */
export function aggregatedRules(role: ClusterRole, all: readonly ClusterRole[]): PolicyRule[] | undefined {
  if (role.aggregationRule === undefined) return undefined;
  const rules: PolicyRule[] = [];
  for (const selector of role.aggregationRule.clusterRoleSelectors ?? []) {
    const selected = all
      .filter(
        ({ metadata }) => metadata.name !== role.metadata.name && selectorMatches(selector, metadata.labels),
      )
      .sort((one, other) => ((one.metadata.name ?? '') < (other.metadata.name ?? '') ? -1 : 1));
    for (const rule of selected.flatMap((one) => one.rules ?? []))
      if (!rules.some((known) => sameValue(known, rule))) rules.push(rule);
  }
  return rules;
}
