import type { Service } from '@kubewright/api/core/v1';
import { sameValue } from '../../validation/immutable.js';
import {
  givesNodePorts,
  isExternal,
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

/**
 * `clusterIP` and the first of `clusterIPs` are one value that old clients set by the one name and newer ones by both.
 * Source: `normalizeClusterIPs` of the service storage.
 */
export function joinClusterIPs({ spec }: Service, old: Service | undefined): void {
  if (spec === undefined) return;
  if (old === undefined) {
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
    return;
  }
  const before = old.spec ?? {};
  const sameOne = (spec.clusterIP ?? '') === (before.clusterIP ?? '');
  if (sameOne && !spec.clusterIPs?.length && before.clusterIPs?.length)
    spec.clusterIPs = [...before.clusterIPs];
  if (sameOne || !sameValue(spec.clusterIPs, before.clusterIPs)) return;
  if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP];
  else delete spec.clusterIPs;
}

/** What an update leaves out stays as it was allocated. Source: `patchAllocatedValues` of the service storage. */
export function keepAllocated(service: Service, old: Service): void {
  const { spec } = service;
  const before = old.spec;
  if (spec === undefined || before === undefined) return;
  if (needsClusterIP(old) && needsClusterIP(service)) {
    if (!spec.clusterIP && before.clusterIP) spec.clusterIP = before.clusterIP;
    if (!spec.clusterIPs?.length && before.clusterIPs?.length) spec.clusterIPs = [...before.clusterIPs];
  }
  if (givesNodePorts(old) && givesNodePorts(service)) {
    const had = new Map((before.ports ?? []).map(({ name = '', nodePort }) => [name, nodePort]));
    const used = new Set((spec.ports ?? []).map(({ nodePort }) => nodePort));
    for (const port of spec.ports ?? []) {
      const own = had.get(port.name ?? '');
      if (!port.nodePort && own && !used.has(own)) port.nodePort = own;
    }
  }
  if (needsHealthCheckPort(old) && needsHealthCheckPort(service) && before.healthCheckNodePort)
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

/** Upstream shows none of a Service that leads elsewhere; one that is wrong is for validation to refuse. */
export function dropInternalPolicy({ spec }: Service): void {
  if (spec?.type !== 'ExternalName') return;
  if (['Cluster', 'Local'].includes(spec.internalTrafficPolicy ?? '')) delete spec.internalTrafficPolicy;
}
