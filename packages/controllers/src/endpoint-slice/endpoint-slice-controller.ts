import { isNotFound } from '@kubewright/api';
import { Node, Pod, Service } from '@kubewright/api/core/v1';
import { EndpointSlice } from '@kubewright/api/discovery/v1';
import type { Manager } from '../framework/manager.js';
import { keyOf } from '../framework/object-name.js';
import { OwnWrites } from '../framework/own-writes.js';
import type { ReconcileContext } from '../framework/reconcile.js';
import { isNamespaceTerminating } from '../namespace/namespace-terminating.js';
import { type AddressType, addressTypesOf, endpointsOf } from './service-endpoints.js';
import { hasEndpoints, selectsPod, servicesOf } from './services-of-pod.js';
import { managedBy, managedByLabel, planSlices, type SlicePlan, serviceNameLabel } from './slice-plan.js';

const labelSelector = `${managedByLabel}=${managedBy}`;
const behindMs = 1000;

/** Keeps the EndpointSlices of services with selectors. */
export function addEndpointSliceController(manager: Manager): void {
  const services = manager.informer(Service);
  const pods = manager.informer(Pod);
  const nodes = manager.informer(Node);
  const slices = manager.informer(EndpointSlice, {
    labelSelector,
    indexes: {
      service: ({ metadata }: EndpointSlice) => [
        `${metadata.namespace}/${metadata.labels?.[serviceNameLabel] ?? ''}`,
      ],
    },
  });
  const own = new OwnWrites(slices, manager);
  manager
    .controller(Service, { name: 'endpointslice-controller', concurrency: 5 })
    .watches(Pod, (pod) => servicesOf(pod, services))
    .watches(
      EndpointSlice,
      ({ metadata }) => [{ namespace: metadata.namespace, name: metadata.labels?.[serviceNameLabel] ?? '' }],
      { labelSelector },
    )
    .reconcile(async (name, context) => {
      const key = keyOf(name);
      const service = services.get(name.name, name.namespace);
      // The slices of a service that is gone are collected with it.
      if (service === undefined || service.metadata.deletionTimestamp !== undefined) {
        own.forget(key);
        return undefined;
      }
      if (!hasEndpoints(service)) return undefined;
      // Slices have generated names: counting before the last ones show would make them twice.
      if (!own.seen(key)) return { requeueAfterMs: behindMs };
      const selected = pods.list(name.namespace).filter((pod) => selectsPod(service, pod));
      const wanted = new Map(
        addressTypesOf(service).map((addressType) => [
          addressType,
          endpointsOf(service, selected, { addressType, nodeOf: (node) => nodes.get(node) }),
        ]),
      );
      const plan = planSlices(
        service,
        wanted satisfies ReadonlyMap<AddressType, unknown>,
        slices.byIndex('service', key),
      );
      await carryOut(plan, key, own, context);
      return undefined;
    });
}

async function carryOut(
  { create, update, remove }: SlicePlan,
  key: string,
  own: OwnWrites<EndpointSlice>,
  { client, signal }: ReconcileContext,
): Promise<void> {
  const resource = client.resource(EndpointSlice);
  for (const slice of create) {
    try {
      own.stored(key, await resource.create(slice, { signal }));
    } catch (error) {
      if (isNamespaceTerminating(error)) return;
      throw error;
    }
  }
  for (const slice of update) own.stored(key, await resource.replace(slice, { signal }));
  for (const slice of remove) {
    const { name = '', namespace, uid } = slice.metadata;
    try {
      await resource
        .namespace(namespace)
        .delete(name, { signal, ...(uid === undefined ? {} : { preconditions: { uid } }) });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    own.deleted(key, slice);
  }
}
