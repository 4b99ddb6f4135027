import { Endpoints, Service } from '@kubewright/api/core/v1';
import { EndpointSlice } from '@kubewright/api/discovery/v1';
import type { ObjectStore } from '../registry/write-context.js';

/** Where clients in the cluster reach this server. */
export interface AdvertisedAddress {
  readonly address: string;
  readonly port: number;
  /** The Service's own port: another where this user may not listen on the customary one. @default 443 */
  readonly servicePort?: number;
}

const name = 'kubernetes';
const namespace = 'default';
const labels = { component: 'apiserver', provider: 'kubernetes' };

/**
 * Keeps the Service `kubernetes` and its endpoints, through which pods reach the API server.
 * Source: kube-apiserver's `kubernetesservice` controller.
 */
export async function publishKubernetesService(
  objects: ObjectStore,
  { address, port, servicePort = 443 }: AdvertisedAddress,
  firstClusterIP: string,
): Promise<void> {
  if ((await objects.get(Service, namespace, name)) === undefined) {
    await objects.create(Service, {
      metadata: { name, namespace, labels },
      spec: {
        type: 'ClusterIP',
        clusterIP: firstClusterIP,
        ports: [{ name: 'https', port: servicePort, protocol: 'TCP', targetPort: port }],
      },
    });
  }
  const ports = [{ name: 'https', port, protocol: 'TCP' }];
  await objects.replace(Endpoints, {
    metadata: { name, namespace, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    subsets: [{ addresses: [{ ip: address }], ports }],
  });
  await objects.replace(EndpointSlice, {
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: address.includes(':') ? 'IPv6' : 'IPv4',
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports,
  });
}
