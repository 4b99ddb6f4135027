import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { type AddressRange, formatAddress, parseRange, rangesOverlap } from './address-pool.js';

/**
 * A /24 for the pods of one data directory on this machine: always the same one for the same directory while it is
 * free, and none that an interface of the machine already uses, so that two data directories get different ones.
 *
 * `within` is the cluster's pod range, `10.244.0.0/16` by default, with `loopback` `127.64.0.0/10`.
 */
export async function choosePodRange(
  dataDirectory: string,
  options: { readonly within?: string; readonly loopback?: boolean } = {},
): Promise<string> {
  const within = parseRange(
    options.within ?? (options.loopback === true ? '127.64.0.0/10' : '10.244.0.0/16'),
  );
  if (within.prefix >= 24) return `${formatAddress(within.first)}/${within.prefix}`;
  const count = 2 ** (24 - within.prefix);
  const hash = createHash('sha256')
    .update(await realpath(dataDirectory))
    .digest()
    .readUInt32BE(0);
  const own = interfaceName(await realpath(dataDirectory));
  const used = options.loopback === true ? [] : usedRanges().filter(({ device }) => device !== own);
  for (let step = 0; step < count; step++) {
    const cidr = `${formatAddress(within.first + ((hash + step) % count) * 256)}/24`;
    const range = parseRange(cidr);
    if (!used.some((other) => rangesOverlap(other.range, range))) return cidr;
  }
  throw new RangeError(
    `every /24 of ${options.within ?? '10.244.0.0/16'} is in use by an interface of this machine`,
  );
}

/** The bridge of a data directory: at most 15 characters, as the kernel wants. */
export function interfaceName(realDataDirectory: string): string {
  return `kw${createHash('sha256').update(realDataDirectory).digest('hex').slice(0, 8)}`;
}

/** The IPv4 ranges that interfaces of this machine have, loopback aside. */
export function usedRanges(): readonly { readonly device: string; readonly range: AddressRange }[] {
  return Object.entries(networkInterfaces()).flatMap(([device, addresses]) =>
    (addresses ?? [])
      .filter((address) => address.family === 'IPv4' && !address.internal && address.cidr !== null)
      .map((address) => ({ device, range: parseRange(address.cidr as string) })),
  );
}
