import ipaddr from 'ipaddr.js';
import type { AddressFamily } from '../../validation/addresses.js';

/** Static addresses come from the first sixteenth of a range, at least 16 and at most 256 of them. Source: KEP-3070. */
const bandShare = 16n;
const smallestBand = 16n;
const largestBand = 256n;

/** The addresses of a CIDR that a Service may have: all but the network's own and, in IPv4, the broadcast address. */
export class AddressRange {
  readonly family: AddressFamily;
  readonly #first: bigint;
  readonly #size: bigint;

  /** @throws Error when it is no CIDR: a fault of the server's options */
  constructor(cidr: string) {
    const [address, prefix] = ipaddr.parseCIDR(cidr);
    const bits = address.kind() === 'ipv4' ? 32 : 128;
    const whole = 1n << BigInt(bits - prefix);
    const base = (numberOf(address) / whole) * whole;
    this.family = bits === 32 ? 'IPv4' : 'IPv6';
    this.#first = base + 1n;
    this.#size = whole - (bits === 32 ? 2n : 1n);
  }

  /** The address of the Service `kubernetes`. */
  get first(): string {
    return this.at(0n);
  }

  /** How many addresses there are to give. */
  get size(): bigint {
    return this.#size < 0n ? 0n : this.#size;
  }

  has(text: string): boolean {
    if (!ipaddr.isValid(text)) return false;
    const address = ipaddr.parse(text);
    if ((address.kind() === 'ipv4' ? 'IPv4' : 'IPv6') !== this.family) return false;
    const offset = numberOf(address) - this.#first;
    return offset >= 0n && offset < this.size;
  }

  /** Where the addresses that are given unasked begin. */
  get dynamicOffset(): bigint {
    if (this.size <= smallestBand) return 0n;
    const band = this.size / bandShare;
    return band < smallestBand ? smallestBand : band > largestBand ? largestBand : band;
  }

  /** @param index from 0 below {@link size} */
  at(index: bigint): string {
    return textOf(this.#first + index, this.family);
  }
}

/** The form in which an address names its IPAddress. */
export function canonicalAddress(address: string): string {
  return ipaddr.parse(address).toString();
}

function numberOf(address: ipaddr.IPv4 | ipaddr.IPv6): bigint {
  return address.toByteArray().reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function textOf(value: bigint, family: AddressFamily): string {
  const bytes = Array.from({ length: family === 'IPv4' ? 4 : 16 }, (_, index) => index).map((index) =>
    Number((value >> BigInt(8 * ((family === 'IPv4' ? 3 : 15) - index))) & 255n),
  );
  return ipaddr.fromByteArray(bytes).toString();
}
