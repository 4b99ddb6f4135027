/**
 * The addresses of one pod range (IPv4), handed out in turn so that a released one is not reused at once: what still
 * remembers the old pod then talks to nobody rather than to another pod.
 */
export class AddressPool {
  readonly #first: number;
  readonly #last: number;
  readonly #taken = new Set<number>();
  #previous: number;
  readonly prefix: number;
  /** The first usable address: the bridge's own, never handed out. */
  readonly gateway: string;

  /** `previous` is the address handed out last, from an earlier life. Throws a RangeError for what is no usable range. */
  constructor(cidr: string, previous?: string) {
    const range = parseRange(cidr);
    if (range.prefix > 29)
      throw new RangeError(`pod range ${cidr} has too few addresses: give a /29 or wider`);
    this.prefix = range.prefix;
    this.gateway = formatAddress(range.first + 1);
    this.#first = range.first + 2;
    this.#last = range.last - 1;
    const last = previous === undefined ? Number.NaN : parseAddress(previous);
    this.#previous = last >= this.#first && last <= this.#last ? last : this.#first - 1;
  }

  /** The next free address, or undefined where all are taken. */
  allocate(): string | undefined {
    const size = this.#last - this.#first + 1;
    for (let step = 1; step <= size; step++) {
      const candidate = this.#first + ((this.#previous - this.#first + step + size) % size);
      if (this.#taken.has(candidate)) continue;
      this.#taken.add(candidate);
      this.#previous = candidate;
      return formatAddress(candidate);
    }
    return undefined;
  }

  release(address: string): void {
    this.#taken.delete(parseAddress(address));
  }
}

export interface AddressRange {
  readonly first: number;
  readonly last: number;
  readonly prefix: number;
}

/** `10.244.0.0/24` as numbers. Throws a RangeError that names the text. */
export function parseRange(cidr: string): AddressRange {
  const [address = '', length = ''] = cidr.split('/');
  const base = parseAddress(address);
  const prefix = /^\d{1,2}$/.test(length) ? Number(length) : Number.NaN;
  if (Number.isNaN(base) || !(prefix >= 1 && prefix <= 32)) {
    throw new RangeError(`${JSON.stringify(cidr)} is no IPv4 range such as 10.244.0.0/24`);
  }
  const size = 2 ** (32 - prefix);
  const first = Math.floor(base / size) * size;
  return { first, last: first + size - 1, prefix };
}

export function rangesOverlap(a: AddressRange, b: AddressRange): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/** An IPv4 address as a number, NaN where it is none. */
export function parseAddress(text: string): number {
  const parts = text.split('.');
  if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255))
    return Number.NaN;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function formatAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}
