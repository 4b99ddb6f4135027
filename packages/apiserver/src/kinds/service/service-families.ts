import type { Service, ServiceSpec } from '@kubewright/api/core/v1';
import { Service as ServiceKind } from '@kubewright/api/core/v1';
import type { ServiceRanges } from '../../registry/write-context.js';
import { type AddressFamily, familyOf } from '../../validation/addresses.js';
import { type FieldError, invalid, invalidObject, path } from '../../validation/field-error.js';
import { sameValue } from '../../validation/immutable.js';
import { AddressRange } from './address-range.js';
import { validateClusterIPs } from './cluster-ip-validation.js';

/**
 * Which families of addresses a Service has, and by what policy. Source: KEP-563, `initIPFamilyFields` of the service
 * storage, which comes before everything else is validated.
 * @throws ApiError Invalid where the addresses, families and policy do not go together
 */
export function defaultFamilies(service: Service, old: Service | undefined, ranges: ServiceRanges): void {
  const { spec } = service;
  if (spec === undefined || spec.type === 'ExternalName' || isSettled(spec, old?.spec)) return;
  const configured = ranges.clusterIPs.map((cidr) => new AddressRange(cidr).family);
  const isOpen = spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0;
  spec.ipFamilyPolicy ??= old?.spec?.ipFamilyPolicy ?? (isOpen ? 'RequireDualStack' : 'SingleStack');
  refuse(service, validateClusterIPs(service, old));
  const errors = old?.spec === undefined ? [] : releaseSecond(spec, old.spec);
  errors.push(...validatePolicy(spec));
  const families = [...(spec.ipFamilies ?? [])];
  (spec.clusterIPs ?? []).forEach((address, index) => {
    const family = familyOf(address);
    if (family === undefined || index < families.length) return;
    if (configured.includes(family)) families.push(family);
    else
      errors.push(
        invalid(
          path('spec', 'clusterIPs').index(index),
          spec.clusterIPs,
          `${family} is not configured on this cluster`,
        ),
      );
  });
  refuse(service, errors);
  if (!isOpen) refuse(service, validateConfigured(spec, families, configured));
  const [first = configured[0] ?? 'IPv4'] = families;
  if (families.length === 0) families.push(first);
  const mayHaveBoth = isOpen || new Set(configured).size > 1;
  if (spec.ipFamilyPolicy !== 'SingleStack' && families.length === 1 && mayHaveBoth)
    families.push(first === 'IPv4' ? 'IPv6' : 'IPv4');
  spec.ipFamilies = families;
}

const dualStack = "must be 'RequireDualStack' or 'PreferDualStack' when multiple";

/**
 * A Service that prefers both families keeps those that it has, whatever the cluster has meanwhile, until somebody
 * changes its type, families or addresses.
 */
function isSettled(spec: ServiceSpec, old: ServiceSpec | undefined): boolean {
  return (
    old !== undefined &&
    spec.type === old.type &&
    spec.type !== 'ExternalName' &&
    spec.ipFamilyPolicy === 'PreferDualStack' &&
    (old.ipFamilyPolicy ?? 'PreferDualStack') === 'PreferDualStack' &&
    sameValue(spec.clusterIPs, old.clusterIPs) &&
    sameValue(spec.ipFamilies, old.ipFamilies)
  );
}

/** To ask for one family is to give the second one back; nobody loses it by leaving it out. */
function releaseSecond(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  if (spec.ipFamilyPolicy === 'SingleStack') {
    for (const list of ['clusterIPs', 'ipFamilies'] as const)
      if (sameValue(spec[list], old[list]) && (spec[list] ?? []).length > 1)
        spec[list] = spec[list]?.slice(0, 1);
    return [];
  }
  const isReduced = (list: 'clusterIPs' | 'ipFamilies'): boolean => {
    const length = (spec[list] ?? []).length;
    return length > 0 && length < (old[list] ?? []).length;
  };
  const told = (what: string) =>
    invalid(
      path('spec', 'ipFamilyPolicy'),
      spec.ipFamilyPolicy,
      `must be 'SingleStack' to release the secondary ${what}`,
    );
  return [
    ...(isReduced('clusterIPs') ? [told('cluster IP')] : []),
    ...(isReduced('ipFamilies') ? [told('IP family')] : []),
  ];
}

function validatePolicy({ ipFamilyPolicy, clusterIPs, ipFamilies }: ServiceSpec): FieldError[] {
  if (ipFamilyPolicy !== 'SingleStack') return [];
  const told = (what: string) =>
    invalid(path('spec', 'ipFamilyPolicy'), ipFamilyPolicy, `${dualStack} ${what} are specified`);
  return [
    ...(clusterIPs?.length === 2 ? [told('cluster IPs')] : []),
    ...(ipFamilies?.length === 2 ? [told('IP families')] : []),
  ];
}

function validateConfigured(
  { ipFamilyPolicy }: ServiceSpec,
  families: readonly string[],
  configured: readonly AddressFamily[],
): FieldError[] {
  const field = path('spec');
  return [
    ...(ipFamilyPolicy === 'RequireDualStack' && new Set(configured).size < 2
      ? [
          invalid(
            field.child('ipFamilyPolicy'),
            ipFamilyPolicy,
            'this cluster is not configured for dual-stack services',
          ),
        ]
      : []),
    ...families.flatMap((family, index) =>
      configured.some((one) => one === family)
        ? []
        : [invalid(field.child('ipFamilies').index(index), family, 'not configured on this cluster')],
    ),
  ];
}

function refuse({ metadata }: Service, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalidObject(ServiceKind, metadata.name ?? '', errors);
}
