import { isAlreadyExists, isNotFound } from '@kubewright/api';
import { type EndpointAddress, type EndpointSubset, Endpoints, Pod, Service } from '@kubewright/api/core/v1';
import type { Endpoint } from '@kubewright/api/discovery/v1';
import type { Manager } from '../framework/manager.js';
import { sameValue } from '../framework/same-value.js';
import { isNamespaceTerminating } from '../namespace/namespace-terminating.js';
import { addressTypesOf, endpointsOf, isHeadless, type PortGroup } from './service-endpoints.js';
import { hasEndpoints, selectsPod, servicesOf } from './services-of-pod.js';

const managedByLabel = 'endpoints.kubernetes.io/managed-by';
const managedBy = 'endpoint-controller';

/** Keeps the Endpoints of services with selectors, the older form of EndpointSlices that some clients still read. */
export function addEndpointsController(manager: Manager): void {
  const services = manager.informer(Service);
  const pods = manager.informer(Pod);
  const endpoints = manager.informer(Endpoints);
  manager
    .controller(Service, { name: 'endpoints-controller', concurrency: 5 })
    .watches(Pod, (pod) => servicesOf(pod, services))
    .watches(Endpoints, ({ metadata }) => [{ namespace: metadata.namespace, name: metadata.name ?? '' }])
    .reconcile(async (name, { client, signal }) => {
      const service = services.get(name.name, name.namespace);
      const found = endpoints.get(name.name, name.namespace);
      const resource = client.resource(Endpoints);
      if (service === undefined) {
        // Endpoints have no owner, as upstream's have none: they go with the service of their name.
        if (found?.metadata.labels?.[managedByLabel] !== managedBy) return undefined;
        await resource
          .namespace(name.namespace)
          .delete(name.name, { signal })
          .catch((error: unknown) => {
            if (!isNotFound(error)) throw error;
          });
        return undefined;
      }
      if (!hasEndpoints(service) || service.metadata.deletionTimestamp !== undefined) return undefined;
      const selected = pods.list(name.namespace).filter((pod) => selectsPod(service, pod));
      const wanted = endpointsObject(service, selected);
      try {
        if (found === undefined) await resource.create(wanted, { signal });
        else if (!sameEndpoints(found, wanted))
          await resource.replace(
            {
              ...found,
              metadata: { ...found.metadata, labels: wanted.metadata.labels },
              subsets: wanted.subsets,
            },
            { signal },
          );
      } catch (error) {
        if (!isAlreadyExists(error) && !isNamespaceTerminating(error)) throw error;
      }
      return undefined;
    });
}

/** The Endpoints that a service has in its pods, in its first family. Pods that are going away are left out. */
export function endpointsObject(service: Service, pods: readonly Pod[]): Endpoints {
  const { name, namespace, labels } = service.metadata;
  const [addressType = 'IPv4'] = addressTypesOf(service);
  const staying = pods.filter(
    ({ metadata }) => service.spec?.publishNotReadyAddresses || metadata.deletionTimestamp === undefined,
  );
  const groups = endpointsOf(service, staying, { addressType, nodeOf: () => undefined });
  return {
    metadata: {
      name,
      namespace,
      labels: {
        ...labels,
        ...(isHeadless(service) ? { 'service.kubernetes.io/headless': '' } : {}),
        [managedByLabel]: managedBy,
      },
    },
    subsets: groups.map(subsetOf),
  };
}

function subsetOf({ ports, endpoints }: PortGroup): EndpointSubset {
  const ready = endpoints.filter(({ conditions }) => conditions?.ready);
  const notReady = endpoints.filter(({ conditions }) => !conditions?.ready);
  return {
    ...(ready.length === 0 ? {} : { addresses: ready.map(addressOf) }),
    ...(notReady.length === 0 ? {} : { notReadyAddresses: notReady.map(addressOf) }),
    ...(ports.length === 0
      ? {}
      : {
          ports: ports.map(({ name, port = 0, ...rest }) => ({ ...(name ? { name } : {}), port, ...rest })),
        }),
  };
}

function addressOf({ addresses, hostname, nodeName, targetRef }: Endpoint): EndpointAddress {
  return {
    ip: addresses[0] ?? '',
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(targetRef === undefined ? {} : { targetRef }),
  };
}

function sameEndpoints(a: Endpoints, b: Endpoints): boolean {
  return sameValue(a.metadata.labels, b.metadata.labels) && sameValue(a.subsets ?? [], b.subsets ?? []);
}
