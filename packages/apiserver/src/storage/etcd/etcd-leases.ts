import { randomBytes } from 'node:crypto';
import type { EtcdClient } from './etcd-client.js';
import { methods } from './etcd-messages.js';

/** Writes of so many seconds, or of a twentieth of the time to live, share a lease. Source: apiserver's lease manager. */
const sharedSeconds = 60;
const sharedPart = 0.05;
const mostKeys = 1000;

interface Lease {
  readonly id: Promise<number>;
  readonly until: number;
  keys: number;
}

/** Leases for keys that go by themselves (Events): one for many keys, since each costs etcd memory and disk. */
export class EtcdLeases {
  readonly #client: EtcdClient;
  readonly #now: () => number;
  readonly #seconds = new Map<string, number>();
  readonly #current = new Map<string, Lease>();

  /** @param now milliseconds */
  constructor(client: EtcdClient, now: () => number = Date.now) {
    this.#client = client;
    this.#now = now;
  }

  expireAfter(prefix: string, seconds: number): void {
    this.#seconds.set(prefix, seconds);
  }

  /** The lease that a write of a key hangs on; undefined for nearly all keys. */
  of(key: string): Promise<number> | undefined {
    for (const [prefix, seconds] of this.#seconds)
      if (key.startsWith(prefix)) return this.#lease(prefix, seconds);
    return undefined;
  }

  #lease(prefix: string, seconds: number): Promise<number> {
    const known = this.#current.get(prefix);
    if (known !== undefined && known.keys < mostKeys && this.#now() < known.until) {
      known.keys++;
      return known.id;
    }
    const shared = Math.min(sharedSeconds, seconds * sharedPart);
    const id = this.#grant(Math.ceil(seconds + shared));
    const lease = { id, until: this.#now() + shared * 1000, keys: 1 };
    this.#current.set(prefix, lease);
    id.catch(() => {
      if (this.#current.get(prefix) === lease) this.#current.delete(prefix);
    });
    return id;
  }

  async #grant(ttl: number): Promise<number> {
    // Of its own choice, so that it is a number that JavaScript holds.
    const id = randomBytes(6).readUIntBE(0, 6) + 1;
    const granted = await this.#client.read(methods.leaseGrant, { ttl, id });
    return granted.id ?? id;
  }
}
