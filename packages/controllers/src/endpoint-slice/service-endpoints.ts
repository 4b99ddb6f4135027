import type { Node, Pod, Service, ServicePort } from '@kubewright/api/core/v1';
import type { Endpoint, EndpointPort } from '@kubewright/api/discovery/v1';
import { isPodReady, isPodTerminal } from '../pods/pod-state.js';

export type AddressType = 'IPv4' | 'IPv6';

/** The endpoints that share one set of ports: pods may resolve a port's name to different numbers. */
export interface PortGroup {
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

/** The families that a service's endpoints are of. */
export function addressTypesOf({ spec }: Service): readonly AddressType[] {
  const families = spec?.ipFamilies ?? [];
  return families.length > 0 ? (families as AddressType[]) : ['IPv4'];
}

export function isHeadless({ spec }: Service): boolean {
  return spec?.clusterIP === 'None';
}

/** The endpoints of one family that a service has in its pods. Pods that have ended or have no address are none. */
export function endpointsOf(
  service: Service,
  pods: readonly Pod[],
  {
    addressType,
    nodeOf,
  }: { readonly addressType: AddressType; readonly nodeOf: (name: string) => Node | undefined },
): readonly PortGroup[] {
  const groups = new Map<string, { ports: readonly EndpointPort[]; endpoints: Endpoint[] }>();
  for (const pod of [...pods].sort(byName)) {
    const address = addressOf(pod, addressType);
    if (address === undefined || isPodTerminal(pod)) continue;
    const ports = portsOf(service, pod);
    // A service that has ports has nothing to offer in a pod that has none of them.
    if (ports.length === 0 && (service.spec?.ports ?? []).length > 0) continue;
    const key = portsKey(ports);
    const group = groups.get(key) ?? { ports, endpoints: [] };
    groups.set(key, group);
    group.endpoints.push(endpointOf(service, pod, { address, node: nodeOf(pod.spec?.nodeName ?? '') }));
  }
  return [...groups.values()];
}

/** The same for the same ports in any order. */
export function portsKey(ports: readonly EndpointPort[]): string {
  return ports
    .map(
      ({ name = '', port, protocol = 'TCP', appProtocol = '' }) =>
        `${name}/${port}/${protocol}/${appProtocol}`,
    )
    .sort()
    .join(',');
}

function endpointOf(
  service: Service,
  pod: Pod,
  { address, node }: { readonly address: string; readonly node: Node | undefined },
): Endpoint {
  const { name, namespace, uid, deletionTimestamp } = pod.metadata;
  const { hostname, subdomain, nodeName } = pod.spec ?? {};
  const serving = isPodReady(pod);
  const terminating = deletionTimestamp !== undefined;
  const zone = node?.metadata.labels?.['topology.kubernetes.io/zone'];
  return {
    addresses: [address],
    conditions: {
      ready: service.spec?.publishNotReadyAddresses === true || (serving && !terminating),
      serving,
      terminating,
    },
    ...(hostname && subdomain === service.metadata.name ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    targetRef: { kind: 'Pod', name, namespace, uid },
    ...(zone ? { zone } : {}),
  };
}

function portsOf(service: Service, pod: Pod): EndpointPort[] {
  const ports: EndpointPort[] = [];
  for (const servicePort of service.spec?.ports ?? []) {
    const port = targetPortOf(servicePort, pod);
    if (port === undefined) continue;
    ports.push({
      name: servicePort.name ?? '',
      port,
      protocol: servicePort.protocol ?? 'TCP',
      ...(servicePort.appProtocol === undefined ? {} : { appProtocol: servicePort.appProtocol }),
    });
  }
  return ports;
}

/** The number, or that of the container's port with the name. */
function targetPortOf(
  { targetPort, port, protocol = 'TCP' }: ServicePort,
  { spec }: Pod,
): number | undefined {
  if (targetPort === undefined || targetPort === 0 || targetPort === '') return port;
  if (typeof targetPort === 'number') return targetPort;
  const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  for (const container of [...(spec?.containers ?? []), ...sidecars])
    for (const candidate of container.ports ?? [])
      if (candidate.name === targetPort && (candidate.protocol ?? 'TCP') === protocol)
        return candidate.containerPort;
  return undefined;
}

function addressOf({ status }: Pod, addressType: AddressType): string | undefined {
  const addresses = status?.podIPs?.map(({ ip }) => ip) ?? [];
  if (addresses.length === 0 && status?.podIP) addresses.push(status.podIP);
  return addresses.find((address) => address.includes(':') === (addressType === 'IPv6'));
}

function byName(a: Pod, b: Pod): number {
  return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1;
}
