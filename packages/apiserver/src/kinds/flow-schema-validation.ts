import { dns1123LabelErrors, dns1123SubdomainErrors } from '@kubewright/api';
import type {
  FlowSchema,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  Subject,
} from '@kubewright/api/flowcontrol/v1';
import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  notSupported,
  path,
  required,
} from '../validation/field-error.js';
import { validateFormat } from '../validation/formats.js';

const largestPrecedence = 10_000;
const methods = ['ByNamespace', 'ByUser'];
/** Of resources and of paths alike. */
const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];

/** A schema but for its metadata. Source: `ValidateFlowSchemaSpec` of flowcontrol. */
export function validateFlowSchema({ metadata, spec }: FlowSchema): FieldError[] {
  const field = path('spec');
  const at = field.child('matchingPrecedence');
  const precedence = spec?.matchingPrecedence ?? 0;
  const errors: FieldError[] = [];
  if (precedence <= 0) errors.push(invalid(at, precedence, 'must be a positive value'));
  if (precedence > largestPrecedence)
    errors.push(invalid(at, precedence, `must not be greater than ${largestPrecedence}`));
  if (precedence === 1 && metadata.name !== 'exempt')
    errors.push(invalid(at, precedence, "only the schema named 'exempt' may have matchingPrecedence 1"));
  const method = spec?.distinguisherMethod?.type;
  if (spec?.distinguisherMethod !== undefined && !methods.includes(method ?? ''))
    // Upstream shows the method in its internal form here.
    errors.push(notSupported(field.child('distinguisherMethod', 'type'), { Type: method ?? '' }, methods));
  const level = spec?.priorityLevelConfiguration?.name;
  const levelField = field.child('priorityLevelConfiguration', 'name');
  errors.push(
    ...(level
      ? validateFormat(dns1123SubdomainErrors, level, levelField)
      : [required(levelField, 'must reference a priority level')]),
  );
  (spec?.rules ?? []).forEach((rule, index) => {
    errors.push(...validateRule(rule, field.child('rules').index(index)));
  });
  return errors;
}

/** Conditions of a schema or a level: each has a type, no type comes twice. */
export function validateConditionTypes(
  conditions: readonly { type?: string | undefined }[] | undefined,
): FieldError[] {
  const seen = new Set<string>();
  return (conditions ?? []).flatMap(({ type = '' }, index) => {
    const at = path('status', 'conditions').index(index).child('type');
    const errors = seen.has(type) ? [duplicate(at, type)] : [];
    seen.add(type);
    return type === '' ? [...errors, required(at)] : errors;
  });
}

function validateRule(rule: PolicyRulesWithSubjects, field: FieldPath): FieldError[] {
  const { resourceRules = [], nonResourceRules = [] } = rule;
  const subjects = rule.subjects ?? [];
  const errors: FieldError[] = [];
  if (subjects.length === 0)
    errors.push(required(field.child('subjects'), 'subjects must contain at least one value'));
  subjects.forEach((subject, index) => {
    errors.push(...validateSubject(subject, field.child('subjects').index(index)));
  });
  if (resourceRules.length === 0 && nonResourceRules.length === 0)
    errors.push(required(field, 'at least one of resourceRules and nonResourceRules has to be non-empty'));
  resourceRules.forEach((one, index) => {
    errors.push(...validateResourceRule(one, field.child('resourceRules').index(index)));
  });
  nonResourceRules.forEach((one, index) => {
    errors.push(...validateNonResourceRule(one, field.child('nonResourceRules').index(index)));
  });
  return errors;
}

const subjectFields = [
  ['serviceAccount', 'ServiceAccount'],
  ['user', 'User'],
  ['group', 'Group'],
] as const;

function validateSubject(subject: Subject, field: FieldPath): FieldError[] {
  const own = subjectFields.find(([, kind]) => kind === subject.kind);
  if (own === undefined)
    return [notSupported(field.child('kind'), subject.kind ?? '', ['Group', 'ServiceAccount', 'User'])];
  const [name, kind] = own;
  const at = field.child(name);
  const errors: FieldError[] = [];
  const value = subject[name];
  if (value === undefined) errors.push(required(at, `${name} is required when subject kind is '${kind}'`));
  else if (!value.name) errors.push(required(at.child('name')));
  if (name === 'serviceAccount' && subject.serviceAccount !== undefined) {
    const { name: account, namespace } = subject.serviceAccount;
    if (account && account !== '*')
      errors.push(...validateFormat(dns1123SubdomainErrors, account, at.child('name')));
    errors.push(
      ...(namespace
        ? validateFormat(dns1123LabelErrors, namespace, at.child('namespace'))
        : [required(at.child('namespace'), 'must specify namespace for service account')]),
    );
  }
  for (const [other, otherKind] of subjectFields)
    if (other !== name && subject[other] !== undefined)
      errors.push(
        forbiddenField(field.child(other), `${other} is forbidden when subject kind is not '${otherKind}'`),
      );
  return errors;
}

function validateVerbs(wanted: readonly string[], field: FieldPath): FieldError[] {
  const at = field.child('verbs');
  if (wanted.length === 0) return [required(at, 'verbs must contain at least one value')];
  if (wanted.includes('*'))
    return wanted.length > 1 ? [invalid(at, wanted, "if '*' is present, must not specify other verbs")] : [];
  return wanted.every((verb) => verbs.includes(verb)) ? [] : [notSupported(at, wanted, verbs)];
}

function validateResourceRule(rule: ResourcePolicyRule, field: FieldPath): FieldError[] {
  const apiGroups = rule.apiGroups ?? [];
  const resources = rule.resources ?? [];
  const namespaces = rule.namespaces ?? [];
  const errors = validateVerbs(rule.verbs ?? [], field);
  const lists = [
    ['apiGroups', apiGroups, 'api group', 'api groups'],
    ['resources', resources, 'resource', 'resources'],
  ] as const;
  for (const [name, list, one, many] of lists) {
    if (list.length === 0)
      errors.push(required(field.child(name), `resource rules must supply at least one ${one}`));
    else if (list.length > 1 && list.includes('*'))
      errors.push(invalid(field.child(name), list, `if '*' is present, must not specify other ${many}`));
  }
  const at = field.child('namespaces');
  if (namespaces.length === 0 && rule.clusterScope !== true)
    errors.push(
      required(at, 'resource rules that are not cluster scoped must supply at least one namespace'),
    );
  else if (namespaces.includes('*')) {
    if (namespaces.length > 1)
      errors.push(invalid(at, namespaces, "if '*' is present, must not specify other namespaces"));
  } else
    namespaces.forEach((namespace, index) => {
      errors.push(
        ...dns1123LabelErrors(namespace).map((message) =>
          invalid(
            at.index(index),
            namespace,
            `each member of this list must be '*' or a DNS-1123 label; ${message}`,
          ),
        ),
      );
    });
  return errors;
}

function validateNonResourceRule(rule: NonResourcePolicyRule, field: FieldPath): FieldError[] {
  const at = field.child('nonResourceURLs');
  const urls = rule.nonResourceURLs ?? [];
  const errors = validateVerbs(rule.verbs ?? [], field);
  if (urls.length === 0) return [...errors, required(at, 'nonResourceURLs must contain at least one value')];
  if (urls.includes('*'))
    return urls.length > 1
      ? [...errors, invalid(at, urls, "if '*' is present, must not specify other non-resource URLs")]
      : errors;
  return [
    ...errors,
    ...urls.flatMap((url, index) => {
      const detail = wrongUrl(url);
      return detail === undefined ? [] : [invalid(at.index(index), url, detail)];
    }),
  ];
}

function wrongUrl(url: string): string | undefined {
  if (url === '') return 'must not be empty';
  if (url === '/') return undefined;
  if (!url.startsWith('/')) return 'must start with slash';
  if (url.includes(' ')) return 'must not contain white-space';
  if (url.includes('//')) return 'must not contain double slash';
  const stars = url.split('*').length - 1;
  return stars > 1 || (stars === 1 && !url.endsWith('/*'))
    ? 'wildcard can only do suffix matching'
    : undefined;
}
