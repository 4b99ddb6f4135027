import type { Storage, StorageEntry } from '../storage/storage.js';
import type { ServerAddress } from './kubernetes-service.js';

/** Upstream's place for what each server says of itself, and how long it holds. Source: apiserver's lease reconciler. */
const prefix = '/registry/masterleases/';
const ttlSeconds = 15;
const renewMs = 10_000;

export interface LivingServersOptions {
  readonly storage: Storage;
  readonly self: ServerAddress;
  /** Told who lives, now and then, and when this one has come or gone. */
  publish(servers: readonly ServerAddress[]): Promise<void>;
  /** Told what a renewal failed with; the next one tries again. */
  onError(error: unknown): void;
}

/**
 * Which servers of a store live: each writes its address under a lease of the engine and renews it, and whoever does not
 * is gone after a quarter of a minute. An engine without leases has one server only, which is this one.
 */
export class LivingServers {
  readonly #options: LivingServersOptions;
  readonly #key: string;
  readonly #shared: boolean;
  #generation = 0;
  #timer: NodeJS.Timeout | undefined;
  #renewal: Promise<void> | undefined;

  constructor(options: LivingServersOptions) {
    this.#options = options;
    const { address, port } = options.self;
    this.#key = `${prefix}${address}:${port}`;
    this.#shared = options.storage.expireAfter !== undefined;
    options.storage.expireAfter?.(prefix, ttlSeconds);
  }

  /** Resolves when this server is among those that are published. */
  async start(): Promise<void> {
    if (!this.#shared) return this.#options.publish([this.#options.self]);
    await this.#renew();
    this.#timer = setInterval(() => {
      this.#renewal ??= this.#renew()
        .catch((error: unknown) => this.#options.onError(error))
        .finally(() => {
          this.#renewal = undefined;
        });
    }, renewMs);
    this.#timer.unref();
  }

  /** Takes this server away, so that nobody is sent to it any more. */
  async close(): Promise<void> {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    await this.#renewal;
    try {
      await this.#options.storage.write(this.#key, () => ({ delete: true }));
      await this.#publish();
    } catch (error) {
      // The lease ends by itself.
      this.#options.onError(error);
    }
  }

  async #renew(): Promise<void> {
    const { address, port } = this.#options.self;
    // What changes makes it a write, and a write renews the lease.
    const generation = ++this.#generation;
    const value = Buffer.from(
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Endpoints',
        metadata: { name: address, generation },
        subsets: [{ addresses: [{ ip: address }], ports: [{ port }] }],
      }),
    );
    await this.#options.storage.write(this.#key, () => ({ put: value }));
    await this.#publish();
  }

  async #publish(): Promise<void> {
    const { entries } = await this.#options.storage.list(prefix);
    const servers = entries.flatMap((entry) => serverIn(entry, this.#options.self.port));
    if (servers.length > 0) await this.#options.publish(servers);
  }
}

/** @param port of a server that does not say its own: kube-apiservers of one cluster have the same */
function serverIn({ value }: StorageEntry, port: number): ServerAddress[] {
  const { subsets = [] } = JSON.parse(value.toString()) as {
    subsets?: { addresses?: { ip?: string }[]; ports?: { port?: number }[] }[];
  };
  const [subset] = subsets;
  const address = subset?.addresses?.[0]?.ip;
  return address === undefined ? [] : [{ address, port: subset?.ports?.[0]?.port ?? port }];
}
