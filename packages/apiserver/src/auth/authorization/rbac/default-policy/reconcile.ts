import { isDeepStrictEqual } from 'node:util';
import type { KubernetesObject } from '@kubewright/api';
import type { ClusterRole, ClusterRoleBinding, RoleBinding, Subject } from '@kubewright/api/rbac/v1';
import { missingRules } from '../covers.js';
import { autoUpdate } from './default-policy.js';

/** A Role or a ClusterRole. */
interface AnyRole extends KubernetesObject, Pick<ClusterRole, 'rules' | 'aggregationRule'> {}

/** The role with what it lacks of the default one; undefined where it lacks nothing or has opted out. */
export function reconciledRole<T extends AnyRole>(existing: T, wanted: T): T | undefined {
  if (optedOut(existing)) return undefined;
  const better = withMetadata(existing, wanted);
  const missing = missingRules(existing.rules ?? [], wanted.rules ?? []);
  if (missing.length > 0) better.rules = [...(existing.rules ?? []), ...missing];
  aggregate(better, wanted);
  return changed(existing, better);
}

/**
 * The same for a binding. A binding to another role can't be changed and is to be made anew.
 */
export function reconciledBinding<T extends RoleBinding | ClusterRoleBinding>(
  existing: T,
  wanted: T,
): T | 'replace' | undefined {
  if (optedOut(existing)) return undefined;
  if (!isDeepStrictEqual({ ...existing.roleRef }, { ...wanted.roleRef })) return 'replace';
  const better = withMetadata(existing, wanted);
  const known = existing.subjects ?? [];
  const missing = (wanted.subjects ?? []).filter(
    (subject) => !known.some((one) => sameSubject(one, subject)),
  );
  if (missing.length > 0) better.subjects = [...known, ...missing];
  return changed(existing, better);
}

function optedOut({ metadata }: KubernetesObject): boolean {
  return metadata.annotations?.[autoUpdate] === 'false';
}

/** A copy; labels and annotations that are set already stay. */
function withMetadata<T extends KubernetesObject>(existing: T, wanted: T): T {
  const better = structuredClone(existing);
  better.metadata.labels = { ...wanted.metadata.labels, ...existing.metadata.labels };
  better.metadata.annotations = { ...wanted.metadata.annotations, ...existing.metadata.annotations };
  return better;
}

function aggregate(better: AnyRole, wanted: AnyRole): void {
  if (wanted.aggregationRule === undefined) {
    delete better.aggregationRule;
    return;
  }
  const selectors = better.aggregationRule?.clusterRoleSelectors ?? [];
  const missing = (wanted.aggregationRule.clusterRoleSelectors ?? []).filter(
    (selector) => !selectors.some((one) => isDeepStrictEqual(one, selector)),
  );
  better.aggregationRule = { clusterRoleSelectors: [...selectors, ...missing] };
}

function changed<T extends KubernetesObject>(existing: T, better: T): T | undefined {
  return isDeepStrictEqual(existing, better) ? undefined : better;
}

function sameSubject(one: Subject, other: Subject): boolean {
  const key = ({ kind, apiGroup = '', namespace = '', name }: Subject) =>
    JSON.stringify([kind, apiGroup, namespace, name]);
  return key(one) === key(other);
}
