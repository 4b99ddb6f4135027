import { randomInt } from 'node:crypto';
import { isAlreadyExists } from '@kubewright/api';
import { Service } from '@kubewright/api/core/v1';
import { IPAddress } from '@kubewright/api/networking/v1';
import type { ObjectStore, WriteContext } from '../../registry/write-context.js';
import { invalid, invalidObject, path } from '../../validation/field-error.js';
import { AddressRange, canonicalAddress } from './address-range.js';
import { type Claimed, isAbandoned } from './claim.js';

/** Random picks before the taken addresses are listed. */
const randomPicks = 16;

/**
 * Takes the cluster IPs of a Service: one of each of its families, those that it names or any. An address is taken by
 * creating the IPAddress of that name, which only one can. Source: KEP-1880.
 * @throws ApiError Invalid when an address is taken, outside of the range, or none is left
 */
export async function allocateAddresses(
  service: Service,
  context: WriteContext,
  claimed: Claimed,
): Promise<string[]> {
  const { spec } = service;
  const ranges = context.serviceRanges.clusterIPs.map((cidr) => new AddressRange(cidr));
  const addresses: string[] = [];
  for (const [index, family] of (spec?.ipFamilies ?? []).entries()) {
    const range = ranges.find((one) => one.family === family);
    if (range === undefined)
      throw refused(
        service,
        path('spec', 'ipFamilies').index(index).toString(),
        family,
        'not configured on this cluster',
      );
    const wanted = spec?.clusterIPs?.[index];
    addresses.push(
      wanted === undefined
        ? await takeAny(service, range, context, claimed)
        : await takeWanted(service, wanted, range, context, claimed),
    );
  }
  return addresses;
}

/** Gives an address back, unless it is another Service's by now. */
export async function releaseAddress(service: Service, address: string, objects: ObjectStore): Promise<void> {
  const name = canonicalAddress(address);
  const held = await objects.get(IPAddress, '', name);
  const parent = held?.spec?.parentRef;
  const { namespace, name: serviceName } = service.metadata;
  if (parent === undefined || (parent.namespace === namespace && parent.name === serviceName))
    await objects.delete(IPAddress, '', name, held?.metadata.uid);
}

async function takeWanted(
  service: Service,
  wanted: string,
  range: AddressRange,
  context: WriteContext,
  claimed: Claimed,
): Promise<string> {
  const fault = (why: string) =>
    refused(service, 'spec.clusterIPs', service.spec?.clusterIPs, `failed to allocate IP ${wanted}: ${why}`);
  if (!range.has(wanted)) throw fault('the provided network does not match the current range');
  if (await take(service, wanted, range, context.objects, claimed)) return wanted;
  if ((await endAbandoned(wanted, context)) && (await take(service, wanted, range, context.objects, claimed)))
    return wanted;
  throw fault('provided IP is already allocated');
}

async function takeAny(
  service: Service,
  range: AddressRange,
  context: WriteContext,
  claimed: Claimed,
): Promise<string> {
  const { objects } = context;
  const upper = range.size - range.dynamicOffset;
  for (let pick = 0; pick < randomPicks && upper > 0n; pick++) {
    const address = range.at(
      range.dynamicOffset + BigInt(randomInt(Number(upper < maxRandom ? upper : maxRandom))),
    );
    if (await take(service, address, range, objects, claimed)) return address;
  }
  const taken = new Set((await objects.list(IPAddress)).map(({ metadata }) => metadata.name));
  for (let step = 0n; step < range.size && step <= BigInt(taken.size + 1); ) {
    const address = range.at((range.dynamicOffset + step) % range.size);
    step += 1n;
    if (!taken.has(address) && (await take(service, address, range, objects, claimed))) return address;
  }
  for (const address of taken) {
    if (address === undefined || !range.has(address) || !(await endAbandoned(address, context))) continue;
    if (await take(service, address, range, objects, claimed)) return address;
  }
  throw refused(service, 'spec.clusterIPs', service.spec?.clusterIPs, 'failed to allocate IP: range is full');
}

/** What `randomInt` can do; larger ranges (IPv6) are used from their beginning. */
const maxRandom = 2n ** 47n;

/** True when the address is this Service's now. */
async function take(
  service: Service,
  address: string,
  range: AddressRange,
  objects: ObjectStore,
  claimed: Claimed,
): Promise<boolean> {
  const { namespace, name } = service.metadata;
  try {
    await objects.create(IPAddress, {
      metadata: {
        name: canonicalAddress(address),
        labels: {
          'ipaddress.kubernetes.io/ip-family': range.family,
          'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
        },
      },
      spec: { parentRef: { resource: Service.plural, namespace, name: name ?? '' } },
    });
  } catch (error) {
    if (isAlreadyExists(error)) return false;
    throw error;
  }
  claimed.push(() => releaseAddress(service, address, objects));
  return true;
}

/**
 * A server that ended between taking an address and storing the Service leaves one that nobody has. It is given back by
 * whoever finds it, and only it: another one may have done so, and taken the address, since it was looked at.
 * @returns whether the address was free or is now
 */
async function endAbandoned(address: string, { objects, now }: WriteContext): Promise<boolean> {
  const held = await objects.get(IPAddress, '', canonicalAddress(address));
  if (held === undefined) return true;
  const { namespace = '', name } = held.spec?.parentRef ?? {};
  const parent = name === undefined ? undefined : await objects.get(Service, namespace, name);
  if (!isAbandoned(held, parent?.spec?.clusterIPs?.includes(address) ?? false, now())) return false;
  await objects.delete(IPAddress, '', canonicalAddress(address), held.metadata.uid);
  return true;
}

function refused(service: Service, field: string, value: unknown, why: string): Error {
  return invalidObject(Service, service.metadata.name ?? '', [invalid(path(field), value, why)]);
}
