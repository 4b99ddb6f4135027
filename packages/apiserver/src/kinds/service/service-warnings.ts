import type { Service } from '@kubewright/api/core/v1';
import { path } from '../../validation/field-error.js';
import { addressWarnings, cidrWarnings } from '../warnings.js';

const oldHints = 'service.kubernetes.io/topology-aware-hints';

/** Source: `GetWarningsForService`. */
export function serviceWarnings({ metadata, spec = {} }: Service): string[] {
  const warnings: string[] = [];
  if (metadata.annotations?.[oldHints] !== undefined)
    warnings.push(
      `annotation ${oldHints} is deprecated, please use service.kubernetes.io/topology-mode instead`,
    );
  const addresses = (name: 'clusterIPs' | 'externalIPs') =>
    (spec[name] ?? []).flatMap((address, index) => addressWarnings(address, path('spec', name).index(index)));
  if (spec.clusterIP && spec.clusterIP !== 'None') warnings.push(...addresses('clusterIPs'));
  const hasExternal = (spec.externalIPs ?? []).length > 0;
  const isHeadless = spec.type === 'ClusterIP' && spec.clusterIP === 'None';
  if (hasExternal && !isHeadless && spec.type !== 'ExternalName')
    warnings.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters');
  if (isHeadless) {
    if (spec.loadBalancerIP) warnings.push('spec.loadBalancerIP is ignored for headless services');
    if (hasExternal) warnings.push('spec.externalIPs is ignored for headless services');
    if ((spec.sessionAffinity ?? 'None') !== 'None')
      warnings.push('spec.SessionAffinity is ignored for headless services');
  }
  warnings.push(...addresses('externalIPs'));
  if (spec.loadBalancerIP)
    warnings.push(...addressWarnings(spec.loadBalancerIP, path('spec', 'loadBalancerIP')));
  (spec.loadBalancerSourceRanges ?? []).forEach((range, index) => {
    warnings.push(...cidrWarnings(range, path('spec', 'loadBalancerSourceRanges').index(index)));
  });
  if (spec.type === 'ExternalName' && hasExternal)
    warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  if (spec.type !== 'ExternalName' && spec.externalName)
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  if (spec.trafficDistribution === 'PreferClose')
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
  return warnings;
}

/** Where a load balancer is reached: addresses written as they should be. */
export function serviceStatusWarnings({ status }: Service): string[] {
  const field = path('status', 'loadBalancer', 'ingress');
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }, index) =>
    ip ? addressWarnings(ip, field.index(index)) : [],
  );
}
