import { isDeepStrictEqual } from 'node:util';
import { forbidden, type KubernetesObject, notFound } from '@kubewright/api';
import {
  ClusterRole,
  type ClusterRoleBinding,
  type PolicyRule,
  Role,
  type RoleBinding,
  type RoleRef,
} from '@kubewright/api/rbac/v1';
import type { WriteContext } from '../../../registry/write-context.js';
import { type Attributes, privilegedGroup } from '../authorizer.js';
import { compactRules, describeRule } from './compact-rule.js';
import { missingRules } from './covers.js';

const fullAuthority: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

/**
 * Nobody writes a role with more in it than he may do himself, unless he may `escalate`.
 * Source: "Privilege escalation prevention and bootstrapping" of the RBAC page.
 * @throws ApiError Forbidden
 */
export async function refuseEscalation<T extends Role | ClusterRole>(
  kind: typeof Role | typeof ClusterRole,
  role: T,
  old: T | undefined,
  context: WriteContext,
): Promise<void> {
  if (isPrivileged(context) || (old !== undefined && onlyForCollection(role, old))) return;
  const { namespace = '', name = '' } = role.metadata;
  // A create has no name in its path.
  const target = { resource: kind.plural, namespace, name: old === undefined ? '' : name };
  if (await mayDo(context, 'escalate', target)) return;
  const problem = notHeld(role.rules ?? [], namespace, context);
  if (problem !== undefined) throw forbidden(kind, name, problem);
  const aggregates = [role, old].some(
    (one) =>
      one !== undefined && 'aggregationRule' in one && one.aggregationRule?.clusterRoleSelectors?.length,
  );
  if (aggregates && notHeld(fullAuthority, '', context) !== undefined)
    throw forbidden(kind, name, 'must have cluster-admin privileges to use the aggregationRule');
}

/**
 * Nobody binds a role that gives more than he has himself, unless he may `bind` it.
 * @throws ApiError Forbidden, NotFound for a role that there is not
 */
export async function refuseBinding<T extends RoleBinding | ClusterRoleBinding>(
  kind: typeof RoleBinding | typeof ClusterRoleBinding,
  binding: T,
  old: T | undefined,
  context: WriteContext,
): Promise<void> {
  if (isPrivileged(context) || (old !== undefined && onlyForCollection(binding, old))) return;
  const { namespace = '', name = '' } = binding.metadata;
  const { roleRef } = binding;
  const role = roleKind(roleRef);
  // Validation refuses it.
  if (role === undefined) return;
  if (await mayDo(context, 'bind', { resource: role.plural, namespace, name: roleRef.name })) return;
  const rules = context.roles.rulesOfRole(roleRef, namespace);
  // Upstream speaks of the binding here, by the role's name.
  if (rules === undefined) throw notFound(kind, roleRef.name);
  const problem = notHeld(rules, namespace, context);
  if (problem !== undefined) throw forbidden(kind, name, problem);
}

function roleKind({ kind }: RoleRef) {
  return kind === 'Role' ? Role : kind === 'ClusterRole' ? ClusterRole : undefined;
}

function isPrivileged({ user }: WriteContext): boolean {
  return user.groups.includes(privilegedGroup);
}

async function mayDo(
  { user, authorizer }: WriteContext,
  verb: string,
  target: Pick<Attributes, 'resource' | 'namespace' | 'name'>,
): Promise<boolean> {
  const decision = await authorizer.authorize({
    user,
    verb,
    isResource: true,
    path: '',
    apiGroup: Role.group,
    apiVersion: '*',
    subresource: '',
    ...target,
  });
  return decision.verdict === 'allow';
}

/** What is wrong with granting these rules; undefined when the user has them all. */
function notHeld(rules: readonly PolicyRule[], namespace: string, context: WriteContext): string | undefined {
  const { user, roles } = context;
  const held = roles.rulesFor(user, namespace);
  const missing = missingRules(held.rules, rules);
  if (missing.length === 0) return undefined;
  const lines = [...new Set(compactRules(missing).map(describeRule))].sort();
  const groups = user.groups.map((group) => JSON.stringify(group)).join(' ');
  const problem = held.problem === undefined ? '' : `; resolution errors: [${held.problem}]`;
  return `user ${JSON.stringify(user.name)} (groups=[${groups}]) is attempting to grant RBAC permissions not currently held:\n${lines.join('\n')}${problem}`;
}

/** True for a write of the garbage collector's fields alone. */
function onlyForCollection(object: KubernetesObject, old: KubernetesObject): boolean {
  return isDeepStrictEqual(withoutCollection(object), withoutCollection(old));
}

function withoutCollection(object: KubernetesObject): unknown {
  const { ownerReferences: _o, finalizers: _f, managedFields: _m, ...metadata } = object.metadata;
  return JSON.parse(JSON.stringify({ ...object, metadata }));
}
