import { IPAddress, NetworkPolicy, ServiceCIDR } from '@kubewright/api/networking/v1';
import { familyOf, validateCidr } from '../validation/addresses.js';
import { validateChoice } from '../validation/choices.js';
import { type FieldError, invalid, path, required } from '../validation/field-error.js';
import { validateImmutable } from '../validation/immutable.js';
import { validateLabelSelector } from '../validation/label-selector.js';
import { ageColumn, nameColumn, orNone, text } from './columns.js';
import { defineRules } from './kind-rules.js';
import { canonicalAddress } from './service/address-range.js';
import { selectorText } from './workload-columns.js';

export const networkPolicyRules = defineRules<NetworkPolicy>({
  kind: NetworkPolicy,
  storageKey: 'networkpolicies',
  generation: true,
  default(policy) {
    policy.spec ??= {};
    const { spec } = policy;
    spec.podSelector ??= {};
    for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])])
      for (const port of rule.ports ?? []) port.protocol ??= 'TCP';
    if (!spec.policyTypes?.length)
      spec.policyTypes = spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress'];
  },
  validate: ({ spec }) => [
    ...validateLabelSelector(spec?.podSelector, path('spec', 'podSelector')),
    ...(spec?.policyTypes ?? []).flatMap((type, index) =>
      validateChoice(type, ['Egress', 'Ingress'], path('spec', 'policyTypes').index(index)),
    ),
  ],
  columns: [
    nameColumn,
    text('Pod-Selector', 'Pods that the policy is for.', ({ spec }) =>
      orNone(selectorText(spec?.podSelector)),
    ),
    ageColumn,
  ],
});

export const ipAddressRules = defineRules<IPAddress>({
  kind: IPAddress,
  storageKey: 'ipaddresses',
  generation: true,
  validateName(name) {
    if (familyOf(name) === undefined)
      return ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'];
    const canonical = canonicalAddress(name);
    return canonical === name ? [] : [`must be in canonical form ("${canonical}")`];
  },
  validate({ spec }) {
    const field = path('spec', 'parentRef');
    if (spec?.parentRef === undefined) return [required(field)];
    const errors: FieldError[] = [];
    if (!spec.parentRef.resource) errors.push(required(field.child('resource')));
    if (!spec.parentRef.name) errors.push(required(field.child('name')));
    return errors;
  },
  validateUpdate: (address, old) =>
    validateImmutable(address.spec?.parentRef, old.spec?.parentRef, path('spec', 'parentRef')),
  columns: [
    nameColumn,
    text('ParentRef', 'What has the address.', ({ spec }) => {
      const parent = spec?.parentRef;
      if (parent === undefined) return '<none>';
      const resource = parent.group ? `${parent.resource}.${parent.group}` : parent.resource;
      return [resource.toLowerCase(), parent.namespace, parent.name].filter((part) => part).join('/');
    }),
    ageColumn,
  ],
});

export const serviceCidrRules = defineRules<ServiceCIDR>({
  kind: ServiceCIDR,
  storageKey: 'servicecidrs',
  generation: true,
  prepareForCreate(range) {
    range.status = {};
  },
  validate({ spec }) {
    const cidrs = spec?.cidrs ?? [];
    const field = path('spec', 'cidrs');
    if (cidrs.length === 0) return [required(field, 'at least one CIDR required')];
    if (cidrs.length > 2) return [invalid(field, cidrs, 'may only hold up to 2 values')];
    return cidrs.flatMap((cidr, index) => validateCidr(cidr, field.index(index)));
  },
  validateUpdate: (range, old) =>
    validateImmutable(range.spec?.cidrs, old.spec?.cidrs, path('spec', 'cidrs')),
  columns: [
    nameColumn,
    text('CIDRs', 'Where addresses of Services come from.', ({ spec }) => (spec?.cidrs ?? []).join(',')),
    ageColumn,
  ],
});
