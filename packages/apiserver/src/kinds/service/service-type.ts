import type { Service } from '@kubewright/api/core/v1';

/** What each type of Service has. Source: the Service page of the Kubernetes documentation. */
export function needsClusterIP({ spec }: Service): boolean {
  return spec?.type !== 'ExternalName';
}

export function needsNodePorts({ spec }: Service): boolean {
  return spec?.type === 'NodePort' || spec?.type === 'LoadBalancer';
}

/** Node ports are given unasked to all but load balancers that want none. */
export function givesNodePorts({ spec }: Service): boolean {
  return (
    spec?.type === 'NodePort' ||
    (spec?.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)
  );
}

/** Load balancers that keep to the node ask it whether it has an endpoint. */
export function needsHealthCheckPort({ spec }: Service): boolean {
  return spec?.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
}

/** Reached from outside of the cluster. */
export function isExternal(service: Service): boolean {
  const { spec } = service;
  return needsNodePorts(service) || (spec?.type === 'ClusterIP' && (spec.externalIPs ?? []).length > 0);
}

/** Without an address of its own: DNS names its pods. */
export function isHeadless({ spec }: Service): boolean {
  return spec?.clusterIPs?.length === 1 && spec.clusterIPs[0] === 'None';
}
