import { type Service, Service as ServiceKind } from '@kubewright/api/core/v1';
import { type EndpointSlice, EndpointSlice as EndpointSliceKind } from '@kubewright/api/discovery/v1';
import type { ObjectReader } from '../registry/write-context.js';

/** A service that something of the cluster is reached at. */
export interface ServiceReference {
  readonly namespace: string;
  readonly name: string;
  /** @default 443 */
  readonly port?: number | undefined;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * Where a service is reached now: a ready endpoint of it, or its cluster IP where nobody keeps its endpoints.
 * @throws Error in upstream's words
 */
export function resolveService(objects: ObjectReader, reference: ServiceReference): Address {
  const { namespace, name, port = 443 } = reference;
  const service = objects.lister(ServiceKind).get(namespace, name);
  if (service === undefined) throw new Error(`service "${name}" not found`);
  const { type, externalName = '', clusterIP = '' } = service.spec ?? {};
  if (type === 'ExternalName') return { host: externalName, port };
  const found = (service.spec?.ports ?? []).find((one) => one.port === port);
  if (found === undefined) throw new Error(`no service port ${port} found for service "${name}"`);
  const slices = objects.lister(EndpointSliceKind).list(namespace).filter(isOf(service));
  if (slices.length === 0 && clusterIP !== '' && clusterIP !== 'None') return { host: clusterIP, port };
  const addresses = slices.flatMap((slice) => readyAddresses(slice, found.name ?? ''));
  const chosen = addresses[Math.floor(Math.random() * addresses.length)];
  if (chosen === undefined) throw new Error(`no endpoints available for service "${name}"`);
  return chosen;
}

function isOf({ metadata }: Service): (slice: EndpointSlice) => boolean {
  return (slice) => slice.metadata.labels?.['kubernetes.io/service-name'] === metadata.name;
}

function readyAddresses({ endpoints, ports }: EndpointSlice, portName: string): Address[] {
  const port = (ports ?? []).find(({ name = '' }) => name === portName)?.port;
  if (port === undefined) return [];
  return (endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses }) => addresses.map((host) => ({ host, port })));
}
