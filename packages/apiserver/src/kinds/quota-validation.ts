import type { ResourceQuota, ResourceQuotaSpec } from '@kubewright/api/core/v1';
import type { Quantity } from '@kubewright/api/meta/v1';
import { type FieldError, type FieldPath, invalid, path, required } from '../validation/field-error.js';
import {
  countedResources,
  isQuotaHugePages,
  validateQuantity,
  validateResourceName,
} from './pod/resource-validation.js';

const quotaResources = new Set([
  'cpu',
  'memory',
  'ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.storage',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  ...countedResources,
]);

/** A quota but for its metadata. Source: `ValidateResourceQuotaSpec` of core. */
export function validateQuota({ spec = {} }: ResourceQuota): FieldError[] {
  const field = path('spec');
  return [
    ...validateAmounts(spec.hard, field.child('hard')),
    ...validateScopes(spec, field.child('scopes')),
    ...validateSelector(spec, field.child('scopeSelector', 'matchExpressions')),
  ];
}

export function validateQuotaUpdate({ spec }: ResourceQuota, old: ResourceQuota): FieldError[] {
  const [scopes, before] = [new Set(spec?.scopes), new Set(old.spec?.scopes)];
  const same = scopes.size === before.size && [...scopes].every((scope) => before.has(scope));
  return same ? [] : [invalid(path('spec', 'scopes'), spec?.scopes ?? null, 'field is immutable')];
}

export function validateQuotaStatus({ status }: ResourceQuota): FieldError[] {
  return (['hard', 'used'] as const).flatMap((name) => validateAmounts(status?.[name], path('status', name)));
}

function validateAmounts(
  amounts: Readonly<Record<string, Quantity>> | undefined,
  field: FieldPath,
): FieldError[] {
  return Object.entries(amounts ?? {}).flatMap(([name, quantity]) => {
    const at = field.key(name);
    const errors = validateResourceName(name, at);
    if (!name.includes('/') && !isQuotaResource(name))
      errors.push(invalid(at, name, 'must be a standard resource for quota'));
    return [...errors, ...validateQuantity(name, quantity, at)];
  });
}

function isQuotaResource(name: string): boolean {
  return quotaResources.has(name) || isQuotaHugePages(name);
}

const scopes = [
  'Terminating',
  'NotTerminating',
  'BestEffort',
  'NotBestEffort',
  'PriorityClass',
  'CrossNamespacePodAffinity',
  'VolumeAttributesClass',
];
const conflicts = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const;

function validateScopes(spec: ResourceQuotaSpec, field: FieldPath): FieldError[] {
  const wanted = spec.scopes ?? [];
  const errors: FieldError[] = [];
  for (const scope of wanted) {
    if (!scopes.includes(scope)) errors.push(invalid(field, wanted, 'unsupported scope'));
    for (const name of Object.keys(spec.hard ?? {}).sort())
      if (isQuotaResource(name) && !countsIn(scope, name))
        errors.push(invalid(field, wanted, 'unsupported scope applied to resource'));
  }
  return [...errors, ...validateConflicts(wanted, spec, field)];
}

function validateConflicts(
  wanted: readonly string[],
  spec: ResourceQuotaSpec,
  field: FieldPath,
): FieldError[] {
  return conflicts
    .filter((pair) => pair.every((scope) => wanted.includes(scope)))
    .map(() => invalid(field, spec.scopes ?? null, 'conflicting scopes'));
}

function validateSelector(spec: ResourceQuotaSpec, field: FieldPath): FieldError[] {
  const requirements = spec.scopeSelector?.matchExpressions ?? [];
  const errors: FieldError[] = [];
  for (const { scopeName, operator, values = [] } of requirements) {
    if (!scopes.includes(scopeName))
      errors.push(invalid(field.child('scopeName'), scopeName, 'unsupported scope'));
    for (const name of Object.keys(spec.hard ?? {}).sort())
      if (isQuotaResource(name) && !countsIn(scopeName, name))
        // Upstream shows the selector in its internal form here.
        errors.push(
          invalid(
            field,
            {
              MatchExpressions: requirements.map((one) => ({
                ScopeName: one.scopeName,
                Operator: one.operator,
                Values: one.values ?? null,
              })),
            },
            'unsupported scope applied to resource',
          ),
        );
    if (existOnly.has(scopeName) && operator !== 'Exists')
      errors.push(
        invalid(
          field.child('operator'),
          operator,
          "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
        ),
      );
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0)
        errors.push(
          required(
            field.child('values'),
            "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
          ),
        );
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0)
        errors.push(
          invalid(
            field.child('values'),
            values,
            "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
          ),
        );
    } else errors.push(invalid(field.child('operator'), operator, 'not a valid selector operator'));
  }
  const names = requirements.map(({ scopeName }) => scopeName);
  return [...errors, ...validateConflicts(names, spec, field)];
}

const existOnly = new Set([
  'BestEffort',
  'NotBestEffort',
  'Terminating',
  'NotTerminating',
  'CrossNamespacePodAffinity',
]);

const podResources = new Set([
  'pods',
  'cpu',
  'memory',
  'ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
]);

/** True where a scope makes sense for a resource: pods of best effort have nothing but their number. */
function countsIn(scope: string, name: string): boolean {
  switch (scope) {
    case 'Terminating':
    case 'NotTerminating':
    case 'NotBestEffort':
    case 'PriorityClass':
    case 'CrossNamespacePodAffinity':
      return podResources.has(name) || isQuotaHugePages(name);
    case 'BestEffort':
      return name === 'pods';
    case 'VolumeAttributesClass':
      return name === 'persistentvolumeclaims' || name === 'requests.storage';
    default:
      return true;
  }
}
