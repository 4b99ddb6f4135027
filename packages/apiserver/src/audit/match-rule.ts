import type { Attributes } from '../auth/authorization/authorizer.js';
import type { AuditLevel, AuditStage } from './audit-event.js';
import type { AuditPolicy, AuditRule, GroupResources } from './policy.js';

/** How one request is audited. */
export interface AuditRuling {
  readonly level: AuditLevel;
  readonly omitStages: readonly AuditStage[];
  readonly omitManagedFields: boolean;
}

const unmatched: AuditLevel = 'None';

/** The ruling of the first rule that matches; what none matches is not audited. */
export function auditRuling(policy: AuditPolicy, attributes: Attributes): AuditRuling {
  const { omitStages, omitManagedFields } = policy;
  return (
    policy.rules.find((rule) => matches(rule, attributes)) ?? {
      level: unmatched,
      omitStages,
      omitManagedFields,
    }
  );
}

function matches(rule: AuditRule, attributes: Attributes): boolean {
  const { user, verb } = attributes;
  if (rule.users.length > 0 && !rule.users.includes(user.name)) return false;
  if (rule.userGroups.length > 0 && !user.groups.some((group) => rule.userGroups.includes(group)))
    return false;
  if (rule.verbs.length > 0 && !rule.verbs.includes(verb)) return false;
  if (rule.namespaces.length > 0 || rule.resources.length > 0) return matchesResource(rule, attributes);
  if (rule.nonResourceURLs.length > 0) return matchesPath(rule.nonResourceURLs, attributes);
  return true;
}

function matchesPath(urls: readonly string[], { isResource, path }: Attributes): boolean {
  if (isResource) return false;
  return urls.some((url) => url === path || (url.endsWith('*') && path.startsWith(url.replace(/\*+$/, ''))));
}

function matchesResource({ namespaces, resources }: AuditRule, attributes: Attributes): boolean {
  if (!attributes.isResource) return false;
  if (namespaces.length > 0 && !namespaces.includes(attributes.namespace)) return false;
  return resources.length === 0 || resources.some((one) => matchesGroup(one, attributes));
}

function matchesGroup({ group, resources, resourceNames }: GroupResources, attributes: Attributes): boolean {
  const { apiGroup, resource, subresource, name } = attributes;
  if (group !== apiGroup && group !== '*') return false;
  if (resources.length === 0) return true;
  if (resourceNames.length > 0 && !resourceNames.includes(name)) return false;
  const combined = subresource === '' ? resource : `${resource}/${subresource}`;
  return resources.some(
    (one) =>
      one === combined ||
      one === '*' ||
      (subresource !== '' && one === `*/${subresource}`) ||
      one === `${resource}/*`,
  );
}
