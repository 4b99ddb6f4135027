import { dns1123SubdomainErrors, pathSegmentErrors } from '@kubewright/api';
import {
  ClusterRole,
  ClusterRoleBinding,
  type PolicyRule,
  Role,
  RoleBinding,
  type RoleRef,
  type Subject,
} from '@kubewright/api/rbac/v1';
import { refuseBinding, refuseEscalation } from '../auth/authorization/rbac/escalation.js';
import {
  type FieldError,
  type FieldPath,
  invalid,
  notSupported,
  path,
  required,
} from '../validation/field-error.js';
import { validateFormat } from '../validation/formats.js';
import { sameValue } from '../validation/immutable.js';
import { validateLabelSelector } from '../validation/label-selector.js';
import { ageColumn, createdAtColumn, nameColumn, text, wide } from './columns.js';
import { defineRules } from './kind-rules.js';

const group = 'rbac.authorization.k8s.io';

export const roleRules = defineRules<Role>({
  kind: Role,
  metadataChecks: 'as new',
  authorizeWrite: (role, old, context) => refuseEscalation(Role, role, old, context),
  createdByUpdate: true,
  storageKey: 'roles',
  validateName: pathSegmentErrors,
  validate: ({ rules }) => validateRules(rules, { namespaced: true }),
  columns: [nameColumn, createdAtColumn],
});

export const clusterRoleRules = defineRules<ClusterRole>({
  kind: ClusterRole,
  metadataChecks: 'as new',
  authorizeWrite: (role, old, context) => refuseEscalation(ClusterRole, role, old, context),
  createdByUpdate: true,
  storageKey: 'clusterroles',
  validateName: pathSegmentErrors,
  validate({ rules, aggregationRule }) {
    const errors = validateRules(rules, { namespaced: false });
    if (aggregationRule === undefined) return errors;
    const field = path('aggregationRule', 'clusterRoleSelectors');
    const selectors = aggregationRule.clusterRoleSelectors ?? [];
    if (selectors.length === 0)
      errors.push(required(field, 'at least one clusterRoleSelector required if aggregationRule is non-nil'));
    selectors.forEach((selector, index) => {
      const at = field.index(index);
      const wrong = validateLabelSelector(selector, at);
      errors.push(...wrong);
      if (wrong.length > 0) errors.push(invalid(at, null, 'invalid label selector.'));
    });
    return errors;
  },
  columns: [nameColumn, createdAtColumn],
});

interface Binding {
  roleRef: RoleRef;
  subjects?: Subject[] | undefined;
}

const bindingColumns = [
  text<Binding>(
    'Role',
    'The role that is given.',
    ({ roleRef }) => `${roleRef?.kind ?? ''}/${roleRef?.name ?? ''}`,
  ),
];
const subjectColumns = [
  wide(text<Binding>('Users', 'Users that get it.', (binding) => subjectsText(binding, 'User'))),
  wide(text<Binding>('Groups', 'Groups that get it.', (binding) => subjectsText(binding, 'Group'))),
  wide(
    text<Binding>('ServiceAccounts', 'Service accounts that get it.', (binding) =>
      subjectsText(binding, 'ServiceAccount'),
    ),
  ),
];

export const roleBindingRules = defineRules<RoleBinding>({
  kind: RoleBinding,
  metadataChecks: 'as new',
  authorizeWrite: (binding, old, context) => refuseBinding(RoleBinding, binding, old, context),
  createdByUpdate: true,
  storageKey: 'rolebindings',
  validateName: pathSegmentErrors,
  default: defaultBinding,
  validate: (binding) => validateBinding(binding, ['Role', 'ClusterRole'], { namespaced: true }),
  validateUpdate: (binding, old) => validateSameRole(binding, old),
  columns: [nameColumn, ...bindingColumns, ageColumn, ...subjectColumns],
});

export const clusterRoleBindingRules = defineRules<ClusterRoleBinding>({
  kind: ClusterRoleBinding,
  metadataChecks: 'as new',
  authorizeWrite: (binding, old, context) => refuseBinding(ClusterRoleBinding, binding, old, context),
  createdByUpdate: true,
  storageKey: 'clusterrolebindings',
  validateName: pathSegmentErrors,
  default: defaultBinding,
  validate: (binding) => validateBinding(binding, ['ClusterRole'], { namespaced: false }),
  validateUpdate: (binding, old) => validateSameRole(binding, old),
  columns: [nameColumn, ...bindingColumns, ageColumn, ...subjectColumns],
});

function defaultBinding({ roleRef, subjects }: Binding): void {
  if (roleRef !== undefined) roleRef.apiGroup ||= group;
  for (const subject of subjects ?? []) {
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= group;
  }
}

function subjectsText({ subjects }: Binding, kind: string): string {
  return (subjects ?? [])
    .filter((subject) => subject.kind === kind)
    .map(({ name, namespace }) => (kind === 'ServiceAccount' && namespace ? `${namespace}/${name}` : name))
    .join(', ');
}

function validateRules(
  rules: readonly PolicyRule[] | undefined,
  scope: { readonly namespaced: boolean },
): FieldError[] {
  return (rules ?? []).flatMap((rule, index) => {
    const at = path('rules').index(index);
    const { nonResourceURLs = [], apiGroups = [], resources = [] } = rule;
    const errors: FieldError[] = [];
    if ((rule.verbs ?? []).length === 0)
      errors.push(required(at.child('verbs'), 'verbs must contain at least one value'));
    if (nonResourceURLs.length > 0) {
      if (scope.namespaced)
        errors.push(
          invalid(
            at.child('nonResourceURLs'),
            nonResourceURLs,
            'namespaced rules cannot apply to non-resource URLs',
          ),
        );
      if (apiGroups.length > 0 || resources.length > 0 || (rule.resourceNames ?? []).length > 0)
        errors.push(
          invalid(
            at.child('nonResourceURLs'),
            nonResourceURLs,
            'rules cannot apply to both regular resources and non-resource URLs',
          ),
        );
      return errors;
    }
    if (apiGroups.length === 0)
      errors.push(required(at.child('apiGroups'), 'resource rules must supply at least one api group'));
    if (resources.length === 0)
      errors.push(required(at.child('resources'), 'resource rules must supply at least one resource'));
    return errors;
  });
}

function validateBinding(
  { roleRef, subjects }: Binding,
  kinds: readonly string[],
  scope: { readonly namespaced: boolean },
): FieldError[] {
  const field = path('roleRef');
  const { apiGroup = '', kind = '', name = '' } = roleRef ?? {};
  const errors: FieldError[] = [];
  if (apiGroup !== group) errors.push(notSupported(field.child('apiGroup'), apiGroup, [group]));
  if (!kinds.includes(kind)) errors.push(notSupported(field.child('kind'), kind, kinds));
  if (name === '') errors.push(required(field.child('name')));
  else errors.push(...validateFormat(pathSegmentErrors, name, field.child('name')));
  (subjects ?? []).forEach((subject, index) => {
    errors.push(...validateSubject(subject, scope.namespaced, path('subjects').index(index)));
  });
  return errors;
}

function validateSubject(subject: Subject, namespaced: boolean, field: FieldPath): FieldError[] {
  const { kind = '', name = '', apiGroup = '', namespace = '' } = subject;
  const errors: FieldError[] = [];
  if (name === '') errors.push(required(field.child('name')));
  switch (kind) {
    case 'ServiceAccount':
      if (name !== '') errors.push(...validateFormat(dns1123SubdomainErrors, name, field.child('name')));
      if (apiGroup !== '') errors.push(notSupported(field.child('apiGroup'), apiGroup, ['']));
      if (!namespaced && namespace === '') errors.push(required(field.child('namespace')));
      break;
    case 'User':
    case 'Group':
      if (apiGroup !== group) errors.push(notSupported(field.child('apiGroup'), apiGroup, [group]));
      break;
    default:
      errors.push(notSupported(field.child('kind'), kind, ['ServiceAccount', 'User', 'Group']));
  }
  return errors;
}

function validateSameRole({ roleRef }: Binding, old: Binding): FieldError[] {
  if (sameValue(roleRef, old.roleRef)) return [];
  const { apiGroup = '', kind = '', name = '' } = roleRef ?? {};
  // Upstream shows the reference in its internal form here.
  return [invalid(path('roleRef'), { APIGroup: apiGroup, Kind: kind, Name: name }, 'cannot change roleRef')];
}
