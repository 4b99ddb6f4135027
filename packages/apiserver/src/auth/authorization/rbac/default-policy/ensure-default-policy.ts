import { isAlreadyExists, isConflict, type Kind, type KubernetesObject } from '@kubewright/api';
import { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '@kubewright/api/rbac/v1';
import type { ObjectStore } from '../../../../registry/write-context.js';
import { defaultPolicy } from './default-policy.js';
import { reconciledBinding, reconciledRole } from './reconcile.js';

/**
 * Creates the default roles and bindings, and gives back to those that are there what they lack. Nothing that was
 * added is taken away, and what has opted out stays as it is. Source: "Auto-reconciliation" of the RBAC page.
 */
export async function ensureDefaultPolicy(objects: ObjectStore): Promise<void> {
  const { clusterRoles, clusterRoleBindings, roles, roleBindings } = defaultPolicy();
  // All at once, so that they share a few flushes of the store.
  await Promise.all([
    ...clusterRoles.map((role) => ensure(objects, ClusterRole, role, reconciledRole)),
    ...clusterRoleBindings.map((binding) => ensure(objects, ClusterRoleBinding, binding, reconciledBinding)),
    ...roles.map((role) => ensure(objects, Role, role, reconciledRole)),
    ...roleBindings.map((binding) => ensure(objects, RoleBinding, binding, reconciledBinding)),
  ]);
}

/** How often another server may be quicker. */
const attempts = 5;

async function ensure<T extends KubernetesObject>(
  objects: ObjectStore,
  kind: Kind<T>,
  wanted: T,
  reconciled: (existing: T, wanted: T) => T | 'replace' | undefined,
): Promise<void> {
  const { namespace = '', name = '' } = wanted.metadata;
  for (let attempt = 1; ; attempt++) {
    try {
      const existing = await objects.get(kind, namespace, name);
      if (existing === undefined) {
        await objects.create(kind, wanted);
        return;
      }
      const better = reconciled(existing, wanted);
      if (better === undefined) return;
      if (better === 'replace') {
        await objects.delete(kind, namespace, name);
        await objects.create(kind, wanted);
      } else await objects.replace(kind, better);
      return;
    } catch (error) {
      if (attempt === attempts || !(isAlreadyExists(error) || isConflict(error))) throw error;
    }
  }
}
