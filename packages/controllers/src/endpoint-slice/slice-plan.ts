import { ownerReference } from '@kubewright/api';
import { Service } from '@kubewright/api/core/v1';
import type { Endpoint, EndpointPort, EndpointSlice } from '@kubewright/api/discovery/v1';
import { sameValue } from '../framework/same-value.js';
import { type AddressType, isHeadless, type PortGroup, portsKey } from './service-endpoints.js';

/** The most endpoints that one slice holds; upstream's default. */
const largestSlice = 100;

export const serviceNameLabel = 'kubernetes.io/service-name';
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
export const managedBy = 'endpointslice-controller.k8s.io';
const headlessLabel = 'service.kubernetes.io/headless';

/** What has to be written for the slices of a service to be right. */
export interface SlicePlan {
  readonly create: readonly EndpointSlice[];
  readonly update: readonly EndpointSlice[];
  readonly remove: readonly EndpointSlice[];
}

/** A slice while it is filled. */
interface Draft {
  readonly slice: EndpointSlice;
  readonly endpoints: Endpoint[];
}

/**
 * Spreads endpoints over slices so that few slices change: endpoints stay where they are, new ones go first where
 * something changes anyway, then into the fullest slice that can take them all, then into new slices.
 * @param wanted the endpoints of each family that the service has
 */
export function planSlices(
  service: Service,
  wanted: ReadonlyMap<AddressType, readonly PortGroup[]>,
  existing: readonly EndpointSlice[],
): SlicePlan {
  const create: EndpointSlice[] = [];
  const update: EndpointSlice[] = [];
  const remove: EndpointSlice[] = [];
  for (const slice of existing) if (!wanted.has(slice.addressType as AddressType)) remove.push(slice);
  for (const [addressType, found] of wanted) {
    const ofType = existing.filter((slice) => slice.addressType === addressType);
    // A service without endpoints has one empty slice, so that "none" differs from "not known yet".
    const groups = found.length > 0 ? found : [{ ports: [], endpoints: [] }];
    const keys = new Set(groups.map(({ ports }) => portsKey(ports)));
    for (const slice of ofType) if (!keys.has(portsKey(slice.ports ?? []))) remove.push(slice);
    for (const group of groups) {
      const same = ofType.filter(({ ports }) => portsKey(ports ?? []) === portsKey(group.ports));
      const plan = planGroup(service, addressType, group, same);
      create.push(...plan.create);
      update.push(...plan.update);
      remove.push(...plan.remove);
    }
  }
  return { create, update, remove };
}

function planGroup(
  service: Service,
  addressType: AddressType,
  { ports, endpoints }: PortGroup,
  existing: readonly EndpointSlice[],
): SlicePlan {
  const missing = new Map(endpoints.map((endpoint) => [keyOf(endpoint), endpoint]));
  const drafts = existing.map((slice) => ({ slice, endpoints: keep(slice, missing) }));
  const rest = [...missing.values()];
  fill(drafts.filter(isChanged), rest);
  const best = drafts
    .filter((draft) => rest.length > 0 && draft.endpoints.length + rest.length <= largestSlice)
    .sort((a, b) => b.endpoints.length - a.endpoints.length)[0];
  if (best !== undefined) fill([best], rest);
  const create: EndpointSlice[] = [];
  while (rest.length > 0)
    create.push(newSlice(service, addressType, { ports, endpoints: rest.splice(0, largestSlice) }));
  const isEmpty = endpoints.length === 0;
  if (isEmpty && drafts.length === 0) create.push(newSlice(service, addressType, { ports, endpoints: [] }));
  const [placeholder] = isEmpty ? drafts : [];
  const remove = drafts.filter((draft) => draft.endpoints.length === 0 && draft !== placeholder);
  const update = drafts
    .filter((draft) => !remove.includes(draft))
    .map((draft) => ({ draft, slice: finished(draft, service) }))
    .filter(({ draft, slice }) => !sameSlice(draft.slice, slice))
    .map(({ slice }) => slice);
  return { create, update, remove: remove.map(({ slice }) => slice) };
}

/** The slice's endpoints that are still wanted, as they are wanted; takes them out of what is missing. */
function keep({ endpoints }: EndpointSlice, missing: Map<string, Endpoint>): Endpoint[] {
  const kept: Endpoint[] = [];
  for (const endpoint of endpoints ?? []) {
    const wanted = missing.get(keyOf(endpoint));
    if (wanted === undefined) continue;
    missing.delete(keyOf(endpoint));
    kept.push(wanted);
  }
  return kept;
}

function fill(drafts: readonly Draft[], rest: Endpoint[]): void {
  for (const { endpoints } of drafts) endpoints.push(...rest.splice(0, largestSlice - endpoints.length));
}

function isChanged({ slice, endpoints }: Draft): boolean {
  return !sameValue(slice.endpoints ?? [], endpoints);
}

function finished({ slice, endpoints }: Draft, service: Service): EndpointSlice {
  return { ...slice, metadata: { ...slice.metadata, labels: labelsOf(service) }, endpoints };
}

function sameSlice(a: EndpointSlice, b: EndpointSlice): boolean {
  return sameValue(a.metadata.labels, b.metadata.labels) && sameValue(a.endpoints ?? [], b.endpoints ?? []);
}

function newSlice(
  service: Service,
  addressType: AddressType,
  { ports, endpoints }: { readonly ports: readonly EndpointPort[]; readonly endpoints: readonly Endpoint[] },
): EndpointSlice {
  const { name, namespace } = service.metadata;
  return {
    metadata: {
      generateName: `${name}-`,
      namespace,
      labels: labelsOf(service),
      ownerReferences: [ownerReference(Service, service, true)],
    },
    addressType,
    endpoints: [...endpoints],
    ports: [...ports],
  };
}

function labelsOf(service: Service): Record<string, string> {
  return {
    ...service.metadata.labels,
    ...(isHeadless(service) ? { [headlessLabel]: '' } : {}),
    [serviceNameLabel]: service.metadata.name ?? '',
    [managedByLabel]: managedBy,
  };
}

function keyOf({ targetRef, addresses }: Endpoint): string {
  return `${targetRef?.uid ?? ''}/${addresses.join(',')}`;
}
