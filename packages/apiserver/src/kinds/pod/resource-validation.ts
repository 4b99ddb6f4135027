import {
  compareQuantities,
  dns1123LabelErrors,
  formatQuantity,
  qualifiedNameErrors,
  quantityMilliValue,
} from '@kubewright/api';
import type { PodSpec, ResourceRequirements } from '@kubewright/api/core/v1';
import type { Quantity } from '@kubewright/api/meta/v1';
import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  notFoundField,
  notSupported,
  required,
} from '../../validation/field-error.js';
import { validateFormat } from '../../validation/formats.js';
import { isHugePages } from '../resource-list.js';
import { amountTogether } from './amount-together.js';

/** What comes in whole ones only. */
export const countedResources: ReadonlySet<string> = new Set([
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
]);

type NameRule = (name: string, field: FieldPath) => FieldError[];

export function validateContainerResources(
  resources: ResourceRequirements,
  spec: PodSpec,
  field: FieldPath,
): FieldError[] {
  return validateRequirements(resources, validateContainerResourceName, spec, field);
}

/** Requests and limits of the pod as a whole. Source: KEP-2837. */
export function validatePodResources(spec: PodSpec, field: FieldPath): FieldError[] {
  if (spec.resources === undefined) return [];
  const at = field.child('resources');
  if (spec.os?.name === 'windows') return [forbiddenField(at, 'may not be set for a windows pod')];
  return [
    ...(spec.resources.claims === undefined
      ? []
      : [forbiddenField(at.child('claims'), 'claims may not be set for Resources at pod-level')]),
    ...validateRequirements(spec.resources, podResourceName, spec, at),
    ...validateShares(spec, 'requests', at.child('requests')),
    ...validateShares(spec, 'limits', at.child('limits')),
  ];
}

/** The pod as a whole has no less than its containers together; of limits that counts for huge pages alone. */
function validateShares(spec: PodSpec, list: 'requests' | 'limits', field: FieldPath): FieldError[] {
  return Object.entries(spec.resources?.[list] ?? {}).flatMap(([name, whole]) => {
    if (list === 'limits' && !isHugePages(name)) return [];
    const together = amountTogether(spec, list, name);
    if (together === undefined || compareQuantities(together, whole) <= 0) return [];
    const detail = `must be greater than or equal to aggregate container ${list} of ${formatQuantity(together)}`;
    return [invalid(field.key(name), whole, detail)];
  });
}

/** Requests and limits of anything: names, amounts, and that no request is above its limit. */
function validateRequirements(
  { limits = {}, requests = {}, claims = [] }: ResourceRequirements,
  nameRule: NameRule,
  spec: PodSpec,
  field: FieldPath,
): FieldError[] {
  const limitsField = field.child('limits');
  const requestsField = field.child('requests');
  const errors: FieldError[] = [];
  for (const [name, quantity] of Object.entries(limits)) {
    const at = limitsField.key(name);
    errors.push(
      ...nameRule(name, at),
      ...validateQuantity(name, quantity, at),
      ...validatePages(name, quantity, at),
    );
  }
  for (const [name, quantity] of Object.entries(requests)) {
    const at = requestsField.key(name);
    errors.push(...nameRule(name, at), ...validateQuantity(name, quantity, at));
    const limit = Object.hasOwn(limits, name) ? limits[name] : undefined;
    if (limit === undefined) {
      if (!mayOvercommit(name))
        errors.push(required(limitsField, 'Limit must be set for non overcommitable resources'));
    } else {
      const order = compareQuantities(quantity, limit);
      if (order !== 0 && !mayOvercommit(name))
        errors.push(invalid(requestsField, quantity, `must be equal to ${name} limit of ${limit}`));
      else if (order > 0)
        errors.push(
          invalid(requestsField, quantity, `must be less than or equal to ${name} limit of ${limit}`),
        );
    }
    errors.push(...validatePages(name, quantity, at));
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  if (names.some(isHugePages) && !names.some((name) => name === 'cpu' || name === 'memory'))
    errors.push(forbiddenField(field, 'HugePages require cpu or memory'));
  errors.push(...validateClaims(claims, spec, field.child('claims')));
  return errors;
}

/** Huge pages come in whole pages of the size that the name says. */
function validatePages(name: string, quantity: Quantity, field: FieldPath): FieldError[] {
  if (!isHugePages(name)) return [];
  const size = quantityMilliValue(name.slice('hugepages-'.length));
  const fits = size > 0n && quantityMilliValue(quantity) % size === 0n;
  return fits ? [] : [invalid(field, quantity, `${quantity} is not positive integer multiple of ${name}`)];
}

/** An amount of a resource: not negative, and whole where only whole ones can be had. */
export function validateQuantity(name: string, quantity: Quantity, field: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (compareQuantities(quantity, '0') < 0)
    errors.push(invalid(field, quantity, 'must be greater than or equal to 0'));
  const wholeOnly = isExtended(name) || countedResources.has(name);
  if (wholeOnly && quantityMilliValue(quantity) % 1000n !== 0n)
    errors.push(invalid(field, quantity, 'must be an integer'));
  return errors;
}

/** Names without a domain that mean something to Kubernetes. */
const standardResources = new Set([
  'cpu',
  'memory',
  'ephemeral-storage',
  'storage',
  'requests.cpu',
  'requests.memory',
  'requests.storage',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  ...countedResources,
]);

const containerResources: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage']);

/** A resource that a container may ask for. */
export function validateContainerResourceName(name: string, field: FieldPath): FieldError[] {
  const wrong = validateResourceName(name, field);
  if (!name.includes('/')) {
    const known = containerResources.has(name) || isHugePages(name);
    return known ? wrong : [...wrong, invalid(field, name, 'must be a standard resource for containers')];
  }
  const isNative = (name.split('/')[0] ?? '').endsWith('kubernetes.io');
  return isNative || isExtended(name)
    ? wrong
    : [...wrong, invalid(field, name, "doesn't follow extended resource name standard")];
}

function podResourceName(name: string, field: FieldPath): FieldError[] {
  const wrong = validateResourceName(name, field);
  if (wrong.length > 0 || name === 'cpu' || name === 'memory' || isHugePages(name)) return wrong;
  return [notSupported(field, name, ['cpu', 'hugepages-', 'memory'])];
}

/** A name of something that is counted or measured. */
export function validateResourceName(name: string, field: FieldPath): FieldError[] {
  if (standardResources.has(name)) return [];
  const wrong = validateFormat(qualifiedNameErrors, name, field);
  if (wrong.length > 0 || name.includes('/') || isQuotaHugePages(name)) return wrong;
  return [invalid(field, name, 'must be a standard resource type or fully qualified')];
}

/** `hugepages-2Mi`, also behind `requests.` */
export function isQuotaHugePages(name: string): boolean {
  return isHugePages(name) || name.startsWith('requests.hugepages-');
}

/** A resource that somebody other than Kubernetes counts (`example.com/gpu`). */
export function isExtended(name: string): boolean {
  const slash = name.indexOf('/');
  if (slash < 0 || name.slice(0, slash).endsWith('kubernetes.io') || name.startsWith('requests.'))
    return false;
  // A quota must be able to name it.
  return qualifiedNameErrors(`requests.${name}`).length === 0;
}

/** False for what can't be shared: a request is its limit. */
export function mayOvercommit(name: string): boolean {
  const isNative = !name.includes('/') || name.includes('kubernetes.io/');
  return isNative && !isHugePages(name);
}

function validateClaims(
  claims: readonly { name: string; request?: string | undefined }[],
  spec: PodSpec,
  field: FieldPath,
): FieldError[] {
  if (claims.length === 0) return [];
  const known = (spec.resourceClaims ?? []).map(({ name }) => name).sort();
  const seen = new Set<string>();
  const listed =
    known.length === 0
      ? 'must be one of the names in pod.spec.resourceClaims which is empty'
      : `must be one of the names in pod.spec.resourceClaims: ${known.join(', ')}`;
  return claims.flatMap(({ name, request = '' }, index) => {
    const at = field.index(index);
    if (!name) return [required(at)];
    const key = request === '' ? name : `${name}/${request}`;
    const errors: FieldError[] = [];
    if (seen.has(name)) errors.push(duplicate(at, name));
    else {
      if (request !== '') errors.push(...validateFormat(dns1123LabelErrors, request, at.child('request')));
      if (seen.has(key)) errors.push(duplicate(at, key));
      else if (request === '' && [...seen].some((other) => other.startsWith(`${name}/`)))
        errors.push(duplicate(at, name));
      seen.add(key);
    }
    if (!known.includes(name)) {
      const { message, ...error } = notFoundField(at, name);
      errors.push({ ...error, message: `${message}: ${listed}` });
    }
    return errors;
  });
}
