import { dns1123SubdomainErrors, pathSegmentErrors } from '@kubewright/api';
import { IPAddress, NetworkPolicy, type NetworkPolicyPeer, ServiceCIDR } from '@kubewright/api/networking/v1';
import { familyOf, validateCanonicalCidr } from '../validation/addresses.js';
import { type FieldError, type FieldPath, invalid, path, required } from '../validation/field-error.js';
import { validateFormat } from '../validation/formats.js';
import { sameValue } from '../validation/immutable.js';
import { ageColumn, nameColumn, orNone, text } from './columns.js';
import { defineRules, objectMeta } from './kind-rules.js';
import { validateNetworkPolicy } from './network-policy-validation.js';
import { canonicalAddress } from './service/address-range.js';
import { cidrWarnings } from './warnings.js';
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
  validateCreate: (policy) => validateNetworkPolicy(policy),
  validateUpdate: validateNetworkPolicy,
  warnings({ spec }) {
    const ingress = path('spec', 'ingress');
    const egress = path('spec', 'egress');
    return [
      ...(spec?.ingress ?? []).flatMap((rule, index) =>
        peerWarnings(rule.from, ingress.index(index).child('from')),
      ),
      ...(spec?.egress ?? []).flatMap((rule, index) =>
        peerWarnings(rule.to, egress.index(index).child('to')),
      ),
    ];
  },
  columns: [
    nameColumn,
    text('Pod-Selector', 'Pods that the policy is for.', ({ spec }) =>
      orNone(selectorText(spec?.podSelector)),
    ),
    ageColumn,
  ],
});

function peerWarnings(peers: NetworkPolicyPeer[] | undefined, field: FieldPath): string[] {
  return (peers ?? []).flatMap(({ ipBlock }, index) => {
    if (ipBlock === undefined) return [];
    const at = field.index(index).child('ipBlock');
    return [
      ...cidrWarnings(ipBlock.cidr, at.child('cidr')),
      ...(ipBlock.except ?? []).flatMap((range, n) => cidrWarnings(range, at.child('except').index(n))),
    ];
  });
}

export const ipAddressRules = defineRules<IPAddress>({
  kind: IPAddress,
  metadataChecks: 'as new',
  storageKey: 'ipaddresses',
  validateName(name) {
    if (familyOf(name) === undefined)
      return ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'];
    const canonical = canonicalAddress(name);
    return canonical === name ? [] : [`must be in canonical form ("${canonical}")`];
  },
  validate({ spec }) {
    const field = path('spec', 'parentRef');
    if (spec?.parentRef === undefined) return [required(field)];
    const { group = '', resource, name, namespace = '' } = spec.parentRef;
    return [
      ...(group === '' ? [] : validateFormat(dns1123SubdomainErrors, group, field.child('group'))),
      ...validateSegment(resource, field.child('resource')),
      ...validateSegment(name, field.child('name')),
      ...(namespace === '' ? [] : validateSegment(namespace, field.child('namespace'))),
    ];
  },
  validateUpdate: ({ spec }, old) => {
    const parent = spec?.parentRef;
    if (sameValue(parent, old.spec?.parentRef)) return [];
    const { group = '', resource = '', namespace = '', name = '' } = parent ?? {};
    // Upstream shows it in its internal form here.
    const shown = { Group: group, Resource: resource, Namespace: namespace, Name: name };
    return [invalid(path('spec', 'parentRef'), parent === undefined ? null : shown, 'field is immutable')];
  },
  columns: [
    nameColumn,
    text('ParentRef', 'What has the address.', ({ spec }) => {
      const parent = spec?.parentRef;
      if (parent === undefined) return '<none>';
      const resource = parent.group ? `${parent.resource}.${parent.group}` : parent.resource;
      return [resource.toLowerCase(), parent.namespace, parent.name].filter((part) => part).join('/');
    }),
  ],
});

export const serviceCidrRules = defineRules<ServiceCIDR>({
  kind: ServiceCIDR,
  statusKeeps: objectMeta,
  storageKey: 'servicecidrs',
  prepareForCreate(range) {
    range.status = {};
  },
  validateCreate: validateRanges,
  validateUpdate(range, old) {
    const [cidrs, before] = [range.spec?.cidrs ?? [], old.spec?.cidrs ?? []];
    const field = path('spec', 'cidrs');
    const isSecond = before.length === 1 && cidrs.length === 2;
    if (cidrs.length !== before.length && !isSecond)
      return [invalid(field, range.spec?.cidrs, 'field is immutable')];
    const errors = before.flatMap((cidr, index) =>
      cidr === cidrs[index] ? [] : [invalid(field.index(index), cidrs[index], 'field is immutable')],
    );
    // A range of the other family may come later.
    return isSecond ? [...errors, ...validateRanges(range)] : errors;
  },
  columns: [
    nameColumn,
    text('CIDRs', 'Where addresses of Services come from.', ({ spec }) => (spec?.cidrs ?? []).join(',')),
    ageColumn,
  ],
});

function validateSegment(value: string | undefined, field: FieldPath): FieldError[] {
  return value ? validateFormat(pathSegmentErrors, value, field) : [required(field)];
}

function cidrFamilyOf(cidr: string): string | undefined {
  const [address = '', bits] = cidr.split('/');
  return bits === undefined ? undefined : familyOf(address);
}

function validateRanges({ spec }: ServiceCIDR): FieldError[] {
  const cidrs = spec?.cidrs ?? [];
  const field = path('spec', 'cidrs');
  if (cidrs.length === 0) return [required(field, 'at least one CIDR required')];
  // Upstream shows the spec in its internal form here.
  if (cidrs.length > 2) return [invalid(field, { CIDRs: cidrs }, 'may only hold up to 2 values')];
  const errors = cidrs.flatMap((cidr, index) => validateCanonicalCidr(cidr, field.index(index)));
  const [first, second] = cidrs.map(cidrFamilyOf);
  if (first !== undefined && first === second)
    errors.push(
      invalid(
        field,
        cidrs,
        'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
      ),
    );
  return errors;
}
