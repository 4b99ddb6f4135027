import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  Subject,
} from '@kubewright/api/rbac/v1';
import { defaultClusterRoles } from './cluster-roles.js';
import { controllerRoles } from './controller-roles.js';
import { defaultRoles } from './namespaced-roles.js';
import { parsePolicyRules } from './parse-policy-rules.js';

const apiGroup = 'rbac.authorization.k8s.io';

/** With `"false"` a default role or binding is left as its owner made it. */
export const autoUpdate = 'rbac.authorization.kubernetes.io/autoupdate';

/** Roles that gather others by label, the label of what each gathers, and what gathers itself. */
const aggregated: readonly { readonly name: string; readonly gathers: string; readonly label?: string }[] = [
  { name: 'admin', gathers: 'aggregate-to-admin' },
  { name: 'edit', gathers: 'aggregate-to-edit', label: 'aggregate-to-admin' },
  { name: 'view', gathers: 'aggregate-to-view', label: 'aggregate-to-edit' },
];

const user = (name: string): Subject => ({ kind: 'User', apiGroup, name });
const group = (name: string): Subject => ({ kind: 'Group', apiGroup, name });
const account = (name: string): Subject => ({ kind: 'ServiceAccount', name, namespace: 'kube-system' });

/** Subjects of the ClusterRoleBindings that are named as their roles. */
const clusterSubjects: Readonly<Record<string, readonly Subject[]>> = {
  'cluster-admin': [group('system:masters')],
  'system:basic-user': [group('system:authenticated')],
  'system:discovery': [group('system:authenticated')],
  'system:kube-controller-manager': [user('system:kube-controller-manager')],
  'system:kube-dns': [account('kube-dns')],
  'system:kube-scheduler': [user('system:kube-scheduler')],
  'system:monitoring': [group('system:monitoring')],
  // Nodes have the Node authorizer; the binding is there for clusters without it.
  'system:node': [],
  'system:node-proxier': [user('system:kube-proxy')],
  'system:public-info-viewer': [group('system:authenticated'), group('system:unauthenticated')],
  'system:service-account-issuer-discovery': [group('system:serviceaccounts')],
  'system:volume-scheduler': [user('system:kube-scheduler')],
};

/** RoleBindings by `NAMESPACE/NAME`; the role is of the same name where none is given. */
const namespacedSubjects: Readonly<
  Record<string, { readonly role?: string; readonly subjects: readonly Subject[] }>
> = {
  'kube-public/system:controller:bootstrap-signer': { subjects: [account('bootstrap-signer')] },
  'kube-system/system::extension-apiserver-authentication-reader': {
    role: 'extension-apiserver-authentication-reader',
    subjects: [user('system:kube-controller-manager'), user('system:kube-scheduler')],
  },
  'kube-system/system::leader-locking-kube-controller-manager': {
    subjects: [
      user('system:kube-controller-manager'),
      account('kube-controller-manager'),
      account('leader-election-controller'),
    ],
  },
  'kube-system/system::leader-locking-kube-scheduler': {
    subjects: [user('system:kube-scheduler'), account('kube-scheduler')],
  },
  'kube-system/system:controller:bootstrap-signer': { subjects: [account('bootstrap-signer')] },
  'kube-system/system:controller:cloud-provider': { subjects: [account('cloud-provider')] },
  'kube-system/system:controller:token-cleaner': { subjects: [account('token-cleaner')] },
};

const controllerPrefix = 'system:controller:';

/** The roles and bindings that every cluster has. Source: the "Default roles and role bindings" of the RBAC page. */
export interface DefaultPolicy {
  readonly clusterRoles: readonly ClusterRole[];
  readonly clusterRoleBindings: readonly ClusterRoleBinding[];
  readonly roles: readonly Role[];
  readonly roleBindings: readonly RoleBinding[];
}

export function defaultPolicy(): DefaultPolicy {
  return {
    clusterRoles: [
      ...Object.entries(defaultClusterRoles).map(([name, rules]) =>
        clusterRole(name, parsePolicyRules(rules), labelOfPart(name)),
      ),
      ...aggregated.map(({ name, gathers, label }) => ({
        ...clusterRole(name, [], label),
        aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [`${apiGroup}/${gathers}`]: 'true' } }] },
      })),
      ...Object.entries(controllerRoles).map(([name, rules]) =>
        clusterRole(`${controllerPrefix}${name}`, parsePolicyRules(rules)),
      ),
    ],
    clusterRoleBindings: [
      ...Object.entries(clusterSubjects).map(([name, subjects]) => clusterRoleBinding(name, subjects)),
      ...Object.keys(controllerRoles).map((name) =>
        clusterRoleBinding(`${controllerPrefix}${name}`, [account(name)]),
      ),
    ],
    roles: Object.entries(defaultRoles).map(([path, rules]) => ({
      metadata: metadata(path),
      rules: parsePolicyRules(rules),
    })),
    roleBindings: Object.entries(namespacedSubjects).map(([path, { role, subjects }]) => {
      const named = metadata(path);
      return {
        metadata: named,
        roleRef: { apiGroup, kind: 'Role', name: role ?? named.name },
        subjects: [...subjects],
      };
    }),
  };
}

/** What a node may do without looking at what it is for: the rules of `system:node`. */
export function nodeRules(): PolicyRule[] {
  return parsePolicyRules(defaultClusterRoles['system:node'] ?? '');
}

function labelOfPart(name: string): string | undefined {
  return /^system:(aggregate-to-\w+)$/.exec(name)?.[1];
}

function clusterRole(name: string, rules: PolicyRule[], label?: string): ClusterRole {
  const meta = metadata(name);
  if (label !== undefined) meta.labels[`${apiGroup}/${label}`] = 'true';
  return { metadata: meta, rules };
}

function clusterRoleBinding(name: string, subjects: readonly Subject[]): ClusterRoleBinding {
  return {
    metadata: metadata(name),
    roleRef: { apiGroup, kind: 'ClusterRole', name },
    ...(subjects.length === 0 ? {} : { subjects: [...subjects] }),
  };
}

function metadata(path: string) {
  const slash = path.indexOf('/');
  const labels: Record<string, string> = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };
  const annotations = { [autoUpdate]: 'true' };
  // Names of roles have colons, never slashes.
  return slash < 0
    ? { name: path, labels, annotations }
    : { namespace: path.slice(0, slash), name: path.slice(slash + 1), labels, annotations };
}
