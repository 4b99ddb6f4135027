import type { FlowSchema, FlowSchemaSpec } from '@kubewright/api/flowcontrol/v1';
import type { User } from '../auth/user.js';
import type { RequestInfo } from '../http/request-info.js';

type Rules = NonNullable<FlowSchemaSpec['rules']>;

/** The order in which schemas are asked: the lowest precedence first, then by name. */
export function compareSchemas(one: FlowSchema, other: FlowSchema): number {
  const difference = precedenceOf(one) - precedenceOf(other);
  if (difference !== 0) return difference;
  return (one.metadata.name ?? '') < (other.metadata.name ?? '') ? -1 : 1;
}

function precedenceOf({ spec }: FlowSchema): number {
  return spec?.matchingPrecedence ?? 1000;
}

/** Whether a request is of the schema: one of its rules is for the user and for what is asked. */
export function matchesSchema({ spec }: FlowSchema, user: User, info: RequestInfo): boolean {
  for (const rule of spec?.rules ?? [])
    if (rule.subjects.some((subject) => isSubject(subject, user)) && matchesRule(rule, info)) return true;
  return false;
}

function isSubject(subject: Rules[number]['subjects'][number], user: User): boolean {
  switch (subject.kind) {
    case 'User':
      return subject.user?.name === '*' || subject.user?.name === user.name;
    case 'Group':
      return subject.group?.name === '*' || user.groups.includes(subject.group?.name ?? '');
    case 'ServiceAccount': {
      const { namespace, name } = subject.serviceAccount ?? { namespace: '', name: '' };
      const prefix = `system:serviceaccount:${namespace}:`;
      return (
        user.name.startsWith(prefix) &&
        (name === '*' || (user.name.length === prefix.length + name.length && user.name.endsWith(name)))
      );
    }
    default:
      return false;
  }
}

function matchesRule(
  { resourceRules = [], nonResourceRules = [] }: Rules[number],
  info: RequestInfo,
): boolean {
  if (!info.isResource)
    return nonResourceRules.some(
      ({ verbs, nonResourceURLs }) =>
        has(verbs, info.verb) && nonResourceURLs.some((url) => covers(url, info.path)),
    );
  const resource = info.subresource === '' ? info.resource : `${info.resource}/${info.subresource}`;
  return resourceRules.some(
    ({ verbs, apiGroups, resources, namespaces, clusterScope = false }) =>
      has(verbs, info.verb) &&
      has(resources, resource) &&
      has(apiGroups, info.group) &&
      (info.namespace === '' ? clusterScope : has(namespaces ?? [], info.namespace)),
  );
}

function has(values: readonly string[], value: string): boolean {
  return values[0] === '*' || values.includes(value);
}

function covers(url: string, path: string): boolean {
  if (url === '*' || url === path) return true;
  const prefix = url.replace(/\*$/, '');
  return path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`);
}
