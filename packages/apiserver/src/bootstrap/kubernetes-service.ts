import { setTimeout as delay } from 'node:timers/promises';
import { isAlreadyExists, isInvalid } from '@kubewright/api';
import { Endpoints, Service } from '@kubewright/api/core/v1';
import { EndpointSlice } from '@kubewright/api/discovery/v1';
import type { ObjectStore } from '../registry/write-context.js';

/** Where clients in the cluster reach a server. */
export interface ServerAddress {
  readonly address: string;
  readonly port: number;
}

/** The same of this server, with the Service's own port: another where this user may not listen on the customary one. */
export interface AdvertisedAddress extends ServerAddress {
  /** @default 443 */
  readonly servicePort?: number;
}

/** How long another server may take to create the Service after its address. */
const mostLooks = 50;
const betweenLooksMs = 100;
const name = 'kubernetes';
const namespace = 'default';
const labels = { component: 'apiserver', provider: 'kubernetes' };

/**
 * Creates the Service `kubernetes`, through which pods reach the API servers, unless it is there.
 * Source: kube-apiserver's `kubernetesservice` controller.
 */
export async function createKubernetesService(
  objects: ObjectStore,
  { port, servicePort = 443 }: AdvertisedAddress,
  firstClusterIP: string,
): Promise<void> {
  if ((await objects.get(Service, namespace, name)) !== undefined) return;
  try {
    await objects.create(Service, {
      metadata: { name, namespace, labels },
      spec: {
        type: 'ClusterIP',
        clusterIP: firstClusterIP,
        ports: [{ name: 'https', port: servicePort, protocol: 'TCP', targetPort: port }],
      },
    });
  } catch (error) {
    // Another server of the same store was quicker: with the Service, or with its address, which comes first.
    if (!isAlreadyExists(error) && !isInvalid(error)) throw error;
    for (let attempt = 0; (await objects.get(Service, namespace, name)) === undefined; attempt++) {
      if (attempt === mostLooks) throw error;
      await delay(betweenLooksMs);
    }
  }
}

/**
 * Makes these servers the endpoints of the Service `kubernetes`. A slice has one port, so where servers listen on several
 * (of one machine) each further port has a slice of its own.
 */
export async function publishServers(objects: ObjectStore, servers: readonly ServerAddress[]): Promise<void> {
  const byPort = [...groupByPort(servers)].sort(([a], [b]) => a - b);
  await objects.replace(Endpoints, {
    metadata: { name, namespace, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    subsets: byPort.map(([port, addresses]) => ({
      addresses: addresses.map((ip) => ({ ip })),
      ports: [portOf(port)],
    })),
  });
  const wanted = new Set<string>();
  for (const [index, [port, addresses]] of byPort.entries()) {
    const slice = index === 0 ? name : `${name}-${port}`;
    wanted.add(slice);
    await objects.replace(EndpointSlice, {
      metadata: { name: slice, namespace, labels: { 'kubernetes.io/service-name': name } },
      addressType: addresses[0]?.includes(':') ? 'IPv6' : 'IPv4',
      endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
      ports: [portOf(port)],
    });
  }
  for (const { metadata } of await objects.list(EndpointSlice, namespace)) {
    const slice = metadata.name ?? '';
    if (furtherSlice.test(slice) && !wanted.has(slice)) await objects.delete(EndpointSlice, namespace, slice);
  }
}

const furtherSlice = /^kubernetes-\d+$/;

function groupByPort(servers: readonly ServerAddress[]): Map<number, string[]> {
  const byPort = new Map<number, string[]>();
  const sorted = servers.toSorted((a, b) => (a.address < b.address ? -1 : 1));
  for (const { address, port } of sorted) byPort.set(port, [...(byPort.get(port) ?? []), address]);
  return byPort;
}

function portOf(port: number) {
  return { name: 'https', port, protocol: 'TCP' };
}
