import {
  dns1035LabelErrors,
  dns1123SubdomainErrors,
  pathSegmentErrors,
  qualifiedNameErrors,
} from '@kubewright/api';
import type {
  MatchCondition,
  MatchResources,
  NamedRuleWithOperations,
  ParamKind,
  ParamRef,
  RuleWithOperations,
} from '@kubewright/api/admissionregistration/v1';
import { matchConditionErrors } from '../admission/policy/expression.js';
import { validateChoice, validateRequiredChoice } from '../validation/choices.js';
import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  notSupported,
  required,
  tooMany,
} from '../validation/field-error.js';
import { validateFormat } from '../validation/formats.js';
import { validateLabelSelector } from '../validation/label-selector.js';

const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
export const failurePolicies = ['Fail', 'Ignore'];
export const matchPolicies = ['Equivalent', 'Exact'];

/** Which requests are meant. Source: `validateRuleWithOperations` of admissionregistration. */
export function validateRule(rule: RuleWithOperations, field: FieldPath): FieldError[] {
  const { operations: wanted = [], apiGroups = [], apiVersions = [], resources = [] } = rule;
  const errors: FieldError[] = [];
  const only = (name: string, list: readonly string[], what: string) => {
    if (list.length > 1 && list.includes('*'))
      errors.push(invalid(field.child(name), list, `if '*' is present, must not specify other ${what}`));
  };
  if (wanted.length === 0) errors.push(required(field.child('operations')));
  only('operations', wanted, 'operations');
  wanted.forEach((operation, index) => {
    if (!operations.includes(operation))
      errors.push(notSupported(field.child('operations').index(index), operation, operations));
  });
  if (apiGroups.length === 0) errors.push(required(field.child('apiGroups')));
  only('apiGroups', apiGroups, 'API groups');
  if (apiVersions.length === 0) errors.push(required(field.child('apiVersions')));
  only('apiVersions', apiVersions, 'API versions');
  apiVersions.forEach((version, index) => {
    if (version === '') errors.push(required(field.child('apiVersions').index(index)));
  });
  return [
    ...errors,
    ...validateResources(resources, field.child('resources')),
    ...validateChoice(rule.scope, ['*', 'Cluster', 'Namespaced'], field.child('scope')),
  ];
}

// A resource, a subresource behind a slash, either of them a star: nothing may be said twice over.
function validateResources(resources: readonly string[], field: FieldPath): FieldError[] {
  const errors: FieldError[] = resources.length === 0 ? [required(field)] : [];
  const allOf = new Set<string>();
  const everywhere = new Set<string>();
  resources.forEach((text, index) => {
    const at = field.index(index);
    if (text === '') {
      errors.push(required(at));
      return;
    }
    const slash = text.indexOf('/');
    if (slash < 0) return;
    const [resource, sub] = [text.slice(0, slash), text.slice(slash + 1)];
    if (allOf.has(resource))
      errors.push(invalid(at, text, `if '${resource}/*' is present, must not specify ${text}`));
    if (everywhere.has(sub))
      errors.push(invalid(at, text, `if '*/${sub}' is present, must not specify ${text}`));
    if (sub === '*') allOf.add(resource);
    if (resource === '*') everywhere.add(sub);
  });
  if (resources.length > 1 && resources.includes('*/*'))
    errors.push(invalid(field, resources, "if '*/*' is present, must not specify other resources"));
  // The last of those without a subresource decides, as it does upstream.
  const last = resources.findLast((text) => text !== '' && !text.includes('/'));
  if (resources.includes('*') && last !== '*')
    errors.push(
      invalid(field, resources, "if '*' is present, must not specify other resources without subresources"),
    );
  return errors;
}

/** What a policy looks at. A policy that changes objects has nothing to change where one is deleted. */
export function validateMutatedMatch(match: MatchResources | undefined, field: FieldPath): FieldError[] {
  const at = field.child('resourceRules', 'operations');
  const known = operations.filter((operation) => operation !== 'DELETE');
  const unfit = (match?.resourceRules ?? [])
    .flatMap((rule) => rule.operations ?? [])
    .filter((operation) => !known.includes(operation));
  return [...validateMatch(match, field), ...unfit.map((operation) => notSupported(at, operation, known))];
}

/** What a policy looks at. */
export function validateMatch(match: MatchResources | undefined, field: FieldPath): FieldError[] {
  if (match === undefined) return [];
  const rules = (name: 'resourceRules' | 'excludeResourceRules') =>
    (match[name] ?? []).flatMap((rule, index) => validateNamedRule(rule, field.child(name).index(index)));
  return [
    ...validateChoice(match.matchPolicy, matchPolicies, field.child('matchPolicy')),
    ...validateLabelSelector(match.namespaceSelector, field.child('namespaceSelector')),
    ...validateLabelSelector(match.objectSelector, field.child('objectSelector')),
    ...rules('resourceRules'),
    ...rules('excludeResourceRules'),
  ];
}

function validateNamedRule(rule: NamedRuleWithOperations, field: FieldPath): FieldError[] {
  const seen = new Set<string>();
  const errors = (rule.resourceNames ?? []).flatMap((name, index) => {
    const at = field.child('resourceNames').index(index);
    const wrong = validateFormat(pathSegmentErrors, name, at);
    if (seen.has(name)) wrong.push(duplicate(at, name));
    seen.add(name);
    return wrong;
  });
  return [...errors, ...validateRule(rule, field)];
}

const maxConditions = 64;

/** @param params whether expressions may use `params`, as those of a policy with parameters may */
export function validateMatchConditions(
  conditions: readonly MatchCondition[],
  field: FieldPath,
  params = false,
): FieldError[] {
  const errors: FieldError[] = [];
  if (conditions.length > maxConditions) errors.push(tooMany(field, conditions.length, maxConditions));
  const seen = new Set<string>();
  conditions.forEach(({ name, expression }, index) => {
    const at = field.index(index);
    if (!expression?.trim()) errors.push(required(at.child('expression')));
    else errors.push(...matchConditionErrors(expression.trim(), at.child('expression'), params));
    if (!name) errors.push(required(at.child('name')));
    else errors.push(...validateFormat(qualifiedNameErrors, name, at.child('name')));
    if (name && seen.has(name)) errors.push(duplicate(at.child('name'), name));
    seen.add(name);
  });
  return errors;
}

/** The kind of a policy's parameters. */
export function validateParamKind(param: ParamKind, field: FieldPath): FieldError[] {
  const { apiVersion = '', kind = '' } = param;
  const at = field.child('apiVersion');
  const errors: FieldError[] = [];
  const parts = apiVersion.split('/');
  if (apiVersion === '') errors.push(required(at));
  else if (parts.length > 2)
    errors.push(invalid(at, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  else {
    const [group, version] = parts.length === 2 ? [parts[0] ?? '', parts[1] ?? ''] : ['', apiVersion];
    const wrongGroup = group === '' ? [] : dns1123SubdomainErrors(group);
    if (wrongGroup.length > 0) errors.push(invalid(at, group, wrongGroup.join(',')));
    const wrongVersion = dns1035LabelErrors(version);
    if (version === '') errors.push(invalid(at, apiVersion, 'version must be specified'));
    else if (wrongVersion.length > 0) errors.push(invalid(at, version, wrongVersion.join(',')));
  }
  const wrongKind = dns1035LabelErrors(kind.toLowerCase());
  if (kind === '') errors.push(required(field.child('kind')));
  else if (wrongKind.length > 0)
    errors.push(
      invalid(
        field.child('kind'),
        kind,
        `may have mixed case, but should otherwise match: ${wrongKind.join(',')}`,
      ),
    );
  return errors;
}

/** Where a binding's parameters are. */
export function validateParamRef(ref: ParamRef | undefined, field: FieldPath): FieldError[] {
  if (ref === undefined) return [];
  const { name = '', selector, parameterNotFoundAction: action } = ref;
  const errors: FieldError[] = [];
  const both = 'name and selector are mutually exclusive';
  if (name !== '') {
    errors.push(...validateFormat(pathSegmentErrors, name, field.child('name')));
    if (selector !== undefined) errors.push(forbiddenField(field.child('name'), both));
  }
  if (selector !== undefined) {
    errors.push(...validateLabelSelector(selector, field.child('selector')));
    if (name !== '') errors.push(forbiddenField(field.child('selector'), both));
  }
  if (name === '' && selector === undefined)
    errors.push(required(field, 'one of name or selector must be specified'));
  return [
    ...errors,
    ...validateRequiredChoice(action, ['Deny', 'Allow'], field.child('parameterNotFoundAction')),
  ];
}
