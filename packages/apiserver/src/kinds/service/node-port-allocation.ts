import { randomInt } from 'node:crypto';
import { ApiError, isAlreadyExists } from '@kubewright/api';
import { Lease } from '@kubewright/api/coordination/v1';
import { Service } from '@kubewright/api/core/v1';
import { internalError } from '../../admission/internal-error.js';
import type { ObjectStore, WriteContext } from '../../registry/write-context.js';
import { invalid, invalidObject, path } from '../../validation/field-error.js';
import { type Claimed, isAbandoned } from './claim.js';
import { givesNodePorts, needsHealthCheckPort, needsNodePorts } from './service-type.js';

/**
 * A node port is taken by creating the Lease of its number, which only one server can; upstream's bitmap of all ports
 * would be one object that every create has to win. The holder is the Service.
 */
const namespace = 'kube-system';

/** Static ports come from the beginning of the range, those that are given unasked from behind. Source: KEP-3668. */
const staticPorts = 86;
const randomPicks = 16;

/**
 * Takes the node ports that a Service needs and has not got: those that it names or any. Ports of one Service may
 * share a number when their protocols differ. Source: `initNodePorts` and `updateNodePorts` of the service storage.
 * @throws ApiError Invalid when a port is taken or out of range
 */
export async function allocateNodePorts(
  service: Service,
  old: Service | undefined,
  context: WriteContext,
  claimed: Claimed,
): Promise<void> {
  const { spec } = service;
  if (spec === undefined) return;
  if (needsNodePorts(service)) {
    const held = portNumbersOf(old);
    const seen = new Set<string>();
    for (const [index, port] of (spec.ports ?? []).entries()) {
      if (!port.nodePort && !givesNodePorts(service)) continue;
      // A new Service shares numbers of its own accord, an old one only where it says so.
      if (old === undefined) port.nodePort ||= sharedPort(service, index);
      if (!port.nodePort) port.nodePort = await takeAny(service, context, claimed);
      else if (!held.has(port.nodePort)) await takeWanted(service, port.nodePort, index, context, claimed);
      held.add(port.nodePort);
      const key = `${port.protocol ?? ''} ${port.nodePort}`;
      if (old !== undefined && seen.has(key)) throw new ApiError('', `duplicate nodePort: {${key}}`);
      seen.add(key);
    }
  }
  const hadCheck = old !== undefined && needsHealthCheckPort(old);
  if (needsHealthCheckPort(service) && !hadCheck)
    spec.healthCheckNodePort = await takeHealthCheck(service, context, claimed);
}

async function takeHealthCheck(service: Service, context: WriteContext, claimed: Claimed): Promise<number> {
  const port = service.spec?.healthCheckNodePort ?? 0;
  if (port === 0) return takeAny(service, context, claimed);
  const wrong = await tryWanted(service, port, context, claimed);
  if (wrong !== undefined)
    throw internalError(new Error(`failed to allocate requested HealthCheck NodePort ${port}: ${wrong}`));
  return port;
}

function portNumbersOf(service: Service | undefined): Set<number> {
  return new Set((service?.spec?.ports ?? []).flatMap(({ nodePort }) => (nodePort ? [nodePort] : [])));
}

/** Every number that a Service holds. */
export function nodePortsOf(service: Service | undefined): Set<number> {
  const ports = [
    ...(service?.spec?.ports ?? []).map(({ nodePort }) => nodePort),
    service?.spec?.healthCheckNodePort,
  ];
  return new Set(ports.filter((port): port is number => port !== undefined && port > 0));
}

/** Gives a port back, unless it is another Service's by now. */
export async function releaseNodePort(service: Service, port: number, objects: ObjectStore): Promise<void> {
  const lease = await objects.get(Lease, namespace, leaseName(port));
  if (lease?.spec?.holderIdentity === holderOf(service))
    await objects.delete(Lease, namespace, leaseName(port), lease.metadata.uid);
}

/** The number that another port of the same number has or wants (DNS over TCP and UDP). */
function sharedPort(service: Service, index: number): number | undefined {
  const ports = service.spec?.ports ?? [];
  return ports.find((other) => other.port === ports[index]?.port && other.nodePort)?.nodePort;
}

async function takeWanted(
  service: Service,
  port: number,
  index: number,
  context: WriteContext,
  claimed: Claimed,
): Promise<void> {
  const wrong = await tryWanted(service, port, context, claimed);
  if (wrong === undefined) return;
  const field = path('spec', 'ports').index(index).child('nodePort');
  throw invalidObject(Service, service.metadata.name ?? '', [invalid(field, port, wrong)]);
}

/** Says why the port can't be had. */
async function tryWanted(
  service: Service,
  port: number,
  context: WriteContext,
  claimed: Claimed,
): Promise<string | undefined> {
  const { from, to } = context.serviceRanges.nodePorts;
  const isOutside = port < from || port > to;
  // Upstream looks at the range only where it takes the port for good.
  if (isOutside && context.dryRun) return undefined;
  if (isOutside) return `provided port is not in the valid range. The range of valid ports is ${from}-${to}`;
  if (await take(service, port, context.objects, claimed)) return undefined;
  if ((await endAbandoned(port, context)) && (await take(service, port, context.objects, claimed)))
    return undefined;
  return 'provided port is already allocated';
}

async function takeAny(service: Service, context: WriteContext, claimed: Claimed): Promise<number> {
  const { from, to } = context.serviceRanges.nodePorts;
  const { objects } = context;
  const size = to - from + 1;
  const first = size > 2 * staticPorts ? from + staticPorts : from;
  for (let pick = 0; pick < randomPicks; pick++) {
    const port = randomInt(first, to + 1);
    if (await take(service, port, objects, claimed)) return port;
  }
  const taken = new Set((await objects.list(Lease, namespace)).map(({ metadata }) => metadata.name));
  for (let step = 0; step < size; step++) {
    const port = from + ((first - from + step) % size);
    if (!taken.has(leaseName(port)) && (await take(service, port, objects, claimed))) return port;
  }
  for (let port = from; port <= to; port++)
    if ((await endAbandoned(port, context)) && (await take(service, port, objects, claimed))) return port;
  throw internalError(new Error('failed to allocate a nodePort: range is full'));
}

async function take(
  service: Service,
  port: number,
  objects: ObjectStore,
  claimed: Claimed,
): Promise<boolean> {
  try {
    await objects.create(Lease, {
      metadata: { namespace, name: leaseName(port) },
      spec: { holderIdentity: holderOf(service) },
    });
  } catch (error) {
    if (isAlreadyExists(error)) return false;
    throw error;
  }
  claimed.push(() => releaseNodePort(service, port, objects));
  return true;
}

/**
 * A server that ended between taking a port and storing the Service leaves one that nobody has. It is given back by
 * whoever finds it, and only it: another one may have done so, and taken the port, since it was looked at.
 * @returns whether the port was free or is now
 */
async function endAbandoned(port: number, { objects, now }: WriteContext): Promise<boolean> {
  const lease = await objects.get(Lease, namespace, leaseName(port));
  if (lease === undefined) return true;
  const [, serviceNamespace = '', name = ''] = (lease.spec?.holderIdentity ?? '').split('/');
  const holder = name === '' ? undefined : await objects.get(Service, serviceNamespace, name);
  if (!isAbandoned(lease, nodePortsOf(holder).has(port), now())) return false;
  await objects.delete(Lease, namespace, leaseName(port), lease.metadata.uid);
  return true;
}

function leaseName(port: number): string {
  return `node-port-${port}`;
}

function holderOf({ metadata }: Service): string {
  return `${Service.plural}/${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
}
