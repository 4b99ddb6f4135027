import { ClusterRole } from '@kubewright/api/rbac/v1';
import type { Manager } from '../framework/manager.js';
import { sameValue } from '../framework/same-value.js';
import { aggregatedRules } from './aggregated-rules.js';

const fieldManager = 'clusterrole-aggregation-controller';

/** Keeps the rules of roles that gather those of others by label. Source: "Aggregated ClusterRoles" of the RBAC page. */
export function addClusterRoleAggregation(manager: Manager): void {
  const roles = manager.informer(ClusterRole);
  // Which role gathers which isn't known before it is looked at, and there are few.
  const gathering = () =>
    roles
      .list()
      .filter(({ aggregationRule }) => aggregationRule !== undefined)
      .map(({ metadata }) => ({ name: metadata.name ?? '' }));
  manager
    .controller(ClusterRole, { name: fieldManager })
    .watches(ClusterRole, gathering)
    .reconcile(async ({ name }, { client, signal }) => {
      const role = roles.get(name);
      if (role === undefined) return undefined;
      const rules = aggregatedRules(role, roles.list());
      if (rules === undefined || sameValue(rules, role.rules ?? [])) return undefined;
      await client
        .resource(ClusterRole)
        .apply({ metadata: { name }, rules }, { fieldManager, force: true, signal });
      return undefined;
    });
}
