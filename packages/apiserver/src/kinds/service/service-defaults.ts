import type { Service } from '@kubewright/api/core/v1';
import type { ServiceRanges } from '../../registry/write-context.js';
import { familyOf } from '../../validation/addresses.js';
import { sameValue } from '../../validation/immutable.js';
import { AddressRange } from './address-range.js';
import {
  isExternal,
  isHeadless,
  needsClusterIP,
  needsHealthCheckPort,
  needsNodePorts,
} from './service-type.js';

const affinitySeconds = 10_800;

/** Fills in what a Service leaves out and what needs no request to know. */
export function defaultService(service: Service): void {
  service.spec ??= {};
  const { spec } = service;
  spec.sessionAffinity ||= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (
    spec.sessionAffinity === 'ClientIP' &&
    spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined
  )
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: affinitySeconds } };
  spec.type ||= 'ClusterIP';
  for (const port of spec.ports ?? []) {
    port.protocol ||= 'TCP';
    port.targetPort ||= port.port;
  }
  if (isExternal(service)) spec.externalTrafficPolicy ||= 'Cluster';
  if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type === 'LoadBalancer') {
    spec.allocateLoadBalancerNodePorts ??= true;
    for (const ingress of service.status?.loadBalancer?.ingress ?? []) {
      if (ingress.ip) ingress.ipMode ??= 'VIP';
    }
  }
}

/** `clusterIP` and the first of `clusterIPs` are one value that clients may set by either name. */
export function joinClusterIPs({ spec }: Service, old: Service | undefined): void {
  if (spec === undefined) return;
  if (old === undefined) {
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
    return;
  }
  const sameOne = (spec.clusterIP ?? '') === (old.spec?.clusterIP ?? '');
  const sameAll = sameValue(spec.clusterIPs, old.spec?.clusterIPs);
  if (!sameOne && sameAll) {
    if (!spec.clusterIP) delete spec.clusterIPs;
    else spec.clusterIPs = [spec.clusterIP, ...(spec.clusterIPs ?? []).slice(1)];
  } else if (sameOne && !sameAll) {
    const first = spec.clusterIPs?.[0];
    if (first === undefined) delete spec.clusterIP;
    // A client that knows only clusterIP leaves the list out; one that knows both changes them together.
    else if (!spec.clusterIP) spec.clusterIP = first;
  }
}

/** What an update leaves out stays as it was allocated. */
export function keepAllocated(service: Service, old: Service): void {
  const { spec } = service;
  const before = old.spec;
  if (spec === undefined || before === undefined) return;
  if (needsClusterIP(old) && needsClusterIP(service)) {
    if (!spec.clusterIP) spec.clusterIP = before.clusterIP;
    if (!spec.clusterIPs?.length && spec.clusterIP === before.clusterIP) spec.clusterIPs = before.clusterIPs;
    if (!spec.ipFamilies?.length && sameValue(spec.clusterIPs, before.clusterIPs))
      spec.ipFamilies = before.ipFamilies;
    spec.ipFamilyPolicy ??= before.ipFamilyPolicy;
  }
  if (needsNodePorts(old) && needsNodePorts(service)) {
    const used = new Set((spec.ports ?? []).map(({ nodePort }) => nodePort));
    for (const port of spec.ports ?? []) {
      if (port.nodePort) continue;
      const had = before.ports?.find((one) => one.protocol === port.protocol && one.port === port.port);
      if (had?.nodePort && !used.has(had.nodePort)) port.nodePort = had.nodePort;
    }
  }
  if (needsHealthCheckPort(old) && needsHealthCheckPort(service))
    spec.healthCheckNodePort ||= before.healthCheckNodePort;
}

/** A client that changes the type alone means to drop what only the old type had. */
export function dropForeign(service: Service, old: Service): void {
  const { spec } = service;
  const before = old.spec;
  if (spec === undefined || before === undefined) return;
  if (needsClusterIP(old) && !needsClusterIP(service)) {
    const untouched =
      sameValue(spec.clusterIPs, before.clusterIPs) && (spec.clusterIP ?? '') === (before.clusterIP ?? '');
    if (untouched) {
      delete spec.clusterIP;
      delete spec.clusterIPs;
    }
    if (sameValue(spec.ipFamilies, before.ipFamilies)) delete spec.ipFamilies;
    if (spec.ipFamilyPolicy === before.ipFamilyPolicy) delete spec.ipFamilyPolicy;
    if (spec.internalTrafficPolicy === before.internalTrafficPolicy) delete spec.internalTrafficPolicy;
  }
  if (needsNodePorts(old) && !needsNodePorts(service)) {
    const had = new Set((before.ports ?? []).map(({ nodePort }) => nodePort));
    if ((spec.ports ?? []).every(({ nodePort }) => !nodePort || had.has(nodePort)))
      for (const port of spec.ports ?? []) delete port.nodePort;
  }
  if (
    needsHealthCheckPort(old) &&
    !needsHealthCheckPort(service) &&
    spec.healthCheckNodePort === before.healthCheckNodePort
  )
    delete spec.healthCheckNodePort;
  if (before.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    for (const name of ['allocateLoadBalancerNodePorts', 'loadBalancerClass'] as const)
      if (spec[name] === before[name]) delete spec[name];
  }
  if (isExternal(old) && !isExternal(service) && spec.externalTrafficPolicy === before.externalTrafficPolicy)
    delete spec.externalTrafficPolicy;
}

/** Which families of addresses a Service has, and by what policy. Source: KEP-563. */
export function defaultFamilies(service: Service, ranges: ServiceRanges): void {
  const { spec } = service;
  if (spec === undefined || spec.type === 'ExternalName') return;
  const configured = ranges.clusterIPs.map((cidr) => new AddressRange(cidr).family);
  const given = (spec.clusterIPs ?? []).map(familyOf).filter((family) => family !== undefined);
  const families = spec.ipFamilies?.length ? [...spec.ipFamilies] : [...given];
  if (isHeadless(service) && Object.keys(spec.selector ?? {}).length === 0) {
    spec.ipFamilyPolicy ??= families.length === 1 ? 'SingleStack' : 'RequireDualStack';
    if (families.length === 0 && configured[0] !== undefined) families.push(configured[0]);
    const [first = 'IPv4'] = families;
    if (spec.ipFamilyPolicy !== 'SingleStack' && families.length === 1)
      families.push(first === 'IPv4' ? 'IPv6' : 'IPv4');
  } else {
    spec.ipFamilyPolicy ??= families.length === 2 ? 'RequireDualStack' : 'SingleStack';
    if (families.length === 0 && configured[0] !== undefined) families.push(configured[0]);
    const second = configured.find((family) => family !== families[0]);
    if (spec.ipFamilyPolicy !== 'SingleStack' && families.length === 1 && second !== undefined)
      families.push(second);
  }
  spec.ipFamilies = families;
}
