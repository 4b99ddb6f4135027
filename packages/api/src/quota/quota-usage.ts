import type { Container, PersistentVolumeClaim, Pod, Service } from '../generated/core/v1.js';
import type { ResourceClaim } from '../generated/resource/v1.js';
import type { KubernetesObject } from '../kind.js';
import { addResources, podResources, type ResourceList } from '../pod-resources.js';
import { type ParsedQuantity, parseQuantity } from '../quantity.js';
import { parseTime } from '../time.js';

/** A resource as quotas name it. */
interface CountedResource {
  readonly group: string;
  readonly plural: string;
}

/** Of the core group these are also counted under their own name, from before there was `count/`. */
const plainNames = new Set([
  ...['pods', 'services', 'replicationcontrollers', 'resourcequotas'],
  ...['secrets', 'configmaps', 'persistentvolumeclaims'],
]);
const classSuffix = '.storageclass.storage.k8s.io/';
const deviceSuffix = '.deviceclass.resource.k8s.io/devices';
/** A request for all devices of a pool is charged with as many as one claim may be given. */
const mostDevices = 32;

/** Events are many and short-lived, and bindings are no objects. */
export function isCountedByQuota({ plural }: CountedResource): boolean {
  return plural !== 'events' && plural !== 'bindings';
}

/** Whether objects of a resource can use up what a quota has under a name. */
export function quotaConcerns({ group, plural }: CountedResource, name: string): boolean {
  if (name === countName({ group, plural })) return true;
  if (isDeviceClaim({ group, plural })) return name.endsWith(deviceSuffix);
  if (group !== '') return false;
  if (name === plural && plainNames.has(plural)) return true;
  if (plural === 'services') return name.startsWith('services.');
  const isStorage = name === 'requests.storage' || name.includes(classSuffix);
  if (plural === 'persistentvolumeclaims') return isStorage;
  return plural === 'pods' && !isStorage && computeName.test(name);
}

const computeName = /^(?:(?:requests|limits)\.|(?:cpu|memory|ephemeral-storage)$|hugepages-)/;

function countName({ group, plural }: CountedResource): string {
  return group === '' ? `count/${plural}` : `count/${plural}.${group}`;
}

/**
 * What an object uses up, by the names that quotas have. Source: the page on resource quotas, and the evaluators of
 * kube-apiserver's quota package.
 * @param now in milliseconds since the epoch: a pod that should have ended by now uses no computers any more
 */
export function quotaUsage(resource: CountedResource, object: KubernetesObject, now: number): ResourceList {
  const usage: Record<string, ParsedQuantity> = { [countName(resource)]: one };
  if (isDeviceClaim(resource)) addResources(usage, deviceUsage(object as ResourceClaim));
  if (resource.group !== '') return usage;
  if (resource.plural === 'pods') {
    if (!isOver(object as Pod, now)) addResources(usage, podUsage(object as Pod));
    return usage;
  }
  if (plainNames.has(resource.plural)) usage[resource.plural] = one;
  if (resource.plural === 'services') addResources(usage, serviceUsage(object as Service));
  if (resource.plural === 'persistentvolumeclaims')
    addResources(usage, claimUsage(object as PersistentVolumeClaim));
  return usage;
}

const one = parseQuantity(1);

function isOver({ metadata, status }: Pod, now: number): boolean {
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') return true;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return false;
  return now > (parseTime(deletionTimestamp) ?? 0) + deletionGracePeriodSeconds * 1000;
}

function podUsage({ spec }: Pod): ResourceList {
  const usage: Record<string, ParsedQuantity> = { pods: one };
  if (spec === undefined) return usage;
  const overhead = spec.overhead ?? {};
  const requests: Record<string, ParsedQuantity> = { ...podResources(spec, 'requests') };
  addResources(requests, overhead);
  const limits: Record<string, ParsedQuantity> = { ...podResources(spec, 'limits') };
  for (const [name, quantity] of Object.entries(overhead))
    if (limits[name] !== undefined) addResources(limits, { [name]: quantity });
  for (const [name, quantity] of Object.entries(requests)) {
    usage[`requests.${name}`] = quantity;
    if (isPlain(name)) usage[name] = quantity;
  }
  for (const name of ['cpu', 'memory', 'ephemeral-storage'])
    if (limits[name] !== undefined) usage[`limits.${name}`] = limits[name];
  return usage;
}

function isPlain(name: string): boolean {
  return name === 'cpu' || name === 'memory' || name === 'ephemeral-storage' || name.startsWith('hugepages-');
}

function serviceUsage({ spec }: Service): ResourceList {
  const type = spec?.type ?? 'ClusterIP';
  const ports = spec?.ports ?? [];
  const allocates =
    type === 'NodePort' || (type === 'LoadBalancer' && spec?.allocateLoadBalancerNodePorts !== false);
  const nodePorts = allocates ? ports.length : ports.filter(({ nodePort = 0 }) => nodePort > 0).length;
  return {
    'services.nodeports': parseQuantity(type === 'ClusterIP' ? 0 : nodePorts),
    'services.loadbalancers': parseQuantity(type === 'LoadBalancer' ? 1 : 0),
  };
}

function claimUsage({ metadata, spec, status }: PersistentVolumeClaim): ResourceList {
  const usage: Record<string, ParsedQuantity> = {};
  const className =
    metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec?.storageClassName ?? '';
  const requested = parseQuantity(spec?.resources?.requests?.storage ?? 0);
  // While a volume shrinks back from a failed expansion, what was allocated counts.
  const allocated = parseQuantity(status?.allocatedResources?.storage ?? 0);
  const storage = allocated.nanos > requested.nanos ? allocated : requested;
  usage['requests.storage'] = storage;
  if (className !== '') {
    usage[`${className}${classSuffix}persistentvolumeclaims`] = one;
    usage[`${className}${classSuffix}requests.storage`] = storage;
  }
  return usage;
}

function isDeviceClaim({ group, plural }: CountedResource): boolean {
  return group === 'resource.k8s.io' && plural === 'resourceclaims';
}

/** By class: of alternatives the one that would take the most. */
function deviceUsage({ spec }: ResourceClaim): ResourceList {
  const usage: Record<string, ParsedQuantity> = {};
  for (const { exactly, firstAvailable = [] } of spec.devices?.requests ?? []) {
    const most = new Map<string, number>();
    for (const { deviceClassName, allocationMode, count = 0 } of exactly ? [exactly] : firstAvailable) {
      const devices = allocationMode === 'All' ? mostDevices : count;
      most.set(deviceClassName, Math.max(devices, most.get(deviceClassName) ?? 0));
    }
    for (const [name, devices] of most) addResources(usage, { [`${name}${deviceSuffix}`]: devices });
  }
  return usage;
}

const explicit = ['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'];

/**
 * What a pod's containers must say where a quota bounds it: `must specify cpu for: a,b; memory for: a`. Undefined:
 * nothing is missing.
 */
export function missingForQuota({ spec }: Pod, names: readonly string[]): string | undefined {
  if (spec === undefined || spec.resources !== undefined) return undefined;
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  const missing = names
    .filter((name) => explicit.includes(name))
    .sort()
    .flatMap((name) => {
      const silent = containers
        .filter((container) => !says(container, name))
        .map((container) => container.name);
      return silent.length === 0 ? [] : [`${name} for: ${[...new Set(silent)].sort().join(',')}`];
    });
  return missing.length === 0 ? undefined : `must specify ${missing.join('; ')}`;
}

function says({ resources }: Container, name: string): boolean {
  const [of, resource = of] = name.split('.') as [string, string?];
  const list = of === 'limits' ? resources?.limits : resources?.requests;
  return list?.[resource] !== undefined;
}
