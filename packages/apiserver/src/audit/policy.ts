import { dns1123SubdomainErrors } from '@kubewright/api';
import { fromYaml } from '../encoding/yaml.js';
import {
  type FieldError,
  type FieldPath,
  invalid,
  notSupported,
  path,
  required,
} from '../validation/field-error.js';
import { type AuditLevel, type AuditStage, auditLevels, auditStages } from './audit-event.js';

/** `audit.k8s.io/v1` Policy. */
export interface AuditPolicy {
  readonly rules: readonly AuditRule[];
  readonly omitStages: readonly AuditStage[];
  readonly omitManagedFields: boolean;
}

/** The first rule that matches a request decides. Lists that are empty match all. */
export interface AuditRule {
  readonly level: AuditLevel;
  readonly users: readonly string[];
  readonly userGroups: readonly string[];
  readonly verbs: readonly string[];
  readonly resources: readonly GroupResources[];
  readonly namespaces: readonly string[];
  readonly nonResourceURLs: readonly string[];
  readonly omitStages: readonly AuditStage[];
  readonly omitManagedFields: boolean;
}

export interface GroupResources {
  readonly group: string;
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
}

/** @throws Error naming what is wrong, for a file that is no policy */
export function parseAuditPolicy(text: string): AuditPolicy {
  const { value } = fromYaml(text);
  const { apiVersion, kind, rules, omitStages, omitManagedFields } = record(value);
  if (apiVersion !== 'audit.k8s.io/v1' || kind !== 'Policy')
    throw new Error(
      `no Policy of audit.k8s.io/v1, but ${JSON.stringify(kind)} of ${JSON.stringify(apiVersion)}`,
    );
  if (!Array.isArray(rules) || rules.length === 0) throw new Error('loaded illegal policy with 0 rules');
  const errors = stageErrors(omitStages, path('omitStages'));
  const parsed = rules.map((rule, index) => {
    const fields = record(rule);
    errors.push(...ruleErrors(fields, path('rules').index(index)));
    return {
      level: fields.level as AuditLevel,
      users: texts(fields.users),
      userGroups: texts(fields.userGroups),
      verbs: texts(fields.verbs),
      namespaces: texts(fields.namespaces),
      nonResourceURLs: texts(fields.nonResourceURLs),
      resources: groupResources(fields.resources),
      // The stages of the whole policy are left out everywhere.
      omitStages: [...new Set([...texts(fields.omitStages), ...texts(omitStages)])] as AuditStage[],
      omitManagedFields:
        typeof fields.omitManagedFields === 'boolean' ? fields.omitManagedFields : omitManagedFields === true,
    };
  });
  if (errors.length > 0)
    throw new Error(errors.map(({ field, message }) => `${field}: ${message}`).join(', '));
  return {
    rules: parsed,
    omitStages: texts(omitStages) as AuditStage[],
    omitManagedFields: omitManagedFields === true,
  };
}

function ruleErrors(rule: Readonly<Record<string, unknown>>, at: FieldPath): FieldError[] {
  const { level } = rule;
  const errors: FieldError[] = [];
  if (level === undefined || level === '') errors.push(required(at.child('level')));
  else if (!auditLevels.some((one) => one === level))
    errors.push(notSupported(at.child('level'), level, auditLevels));
  const urls = at.child('nonResourceURLs');
  texts(rule.nonResourceURLs).forEach((url, index) => {
    if (url === '*') return;
    if (!url.startsWith('/'))
      errors.push(invalid(urls.index(index), url, "non-resource URL rules must begin with a '/' character"));
    if (url.slice(0, -1).includes('*'))
      errors.push(
        invalid(
          urls.index(index),
          url,
          "non-resource URL wildcards '*' must be the final character of the rule",
        ),
      );
  });
  const resources = groupResources(rule.resources);
  for (const { group, resources: names, resourceNames } of resources) {
    const wrong = group === '' || group === '*' ? [] : dns1123SubdomainErrors(group);
    if (wrong.length > 0) errors.push(invalid(at.child('resources', 'group'), group, wrong.join(',')));
    if (resourceNames.length > 0 && names.length === 0)
      errors.push(
        invalid(
          at.child('resources', 'resourceNames'),
          resourceNames,
          'using resourceNames requires at least one resource',
        ),
      );
  }
  errors.push(...stageErrors(rule.omitStages, at.child('omitStages')));
  if (texts(rule.nonResourceURLs).length > 0 && (resources.length > 0 || texts(rule.namespaces).length > 0))
    errors.push(
      invalid(
        urls,
        rule.nonResourceURLs,
        'rules cannot apply to both regular resources and non-resource URLs',
      ),
    );
  return errors;
}

function stageErrors(stages: unknown, at: FieldPath): FieldError[] {
  return texts(stages).flatMap((stage, index) =>
    auditStages.some((one) => one === stage)
      ? []
      : [invalid(at.index(index), stage, `allowed stages are ${auditStages.join(',')}`)],
  );
}

function groupResources(value: unknown): GroupResources[] {
  return (Array.isArray(value) ? value : []).map((each) => {
    const { group, resources, resourceNames } = record(each);
    return {
      group: typeof group === 'string' ? group : '',
      resources: texts(resources),
      resourceNames: texts(resourceNames),
    };
  });
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
