import type { EtcdClient } from './etcd-client.js';
import { isCompacted } from './etcd-errors.js';
import { compareVersion, methods } from './etcd-messages.js';

/** Upstream's key: its version is a clock that all servers of a store share. */
const clockKey = Buffer.from('compact_rev_key');

export interface EtcdCompactionOptions {
  /** Between two compactions: so long history is kept at least, and at most twice. */
  readonly intervalMs: number;
  /** Told what a compaction failed with; the next one tries again. */
  onError(error: unknown): void;
}

/**
 * Compacts the store now and then to what was the newest revision an interval ago. Any number of servers do it at the
 * same time, kube-apiservers too, and each interval only one of them does. Source: apiserver's `etcd3/compact.go`.
 */
export class EtcdCompaction {
  readonly #client: Pick<EtcdClient, 'read' | 'write'>;
  readonly #timer: NodeJS.Timeout;
  #clock = 0;
  #revision = 0;
  #running: Promise<void> | undefined;

  constructor(client: Pick<EtcdClient, 'read' | 'write'>, { intervalMs, onError }: EtcdCompactionOptions) {
    this.#client = client;
    this.#timer = setInterval(() => {
      this.#running ??= this.tick()
        .catch(onError)
        .finally(() => {
          this.#running = undefined;
        });
    }, intervalMs);
    this.#timer.unref();
  }

  /** What happens once an interval. */
  async tick(): Promise<void> {
    const compactTo = this.#revision;
    const result = await this.#client.write(methods.txn, {
      compare: [{ target: compareVersion, key: clockKey, version: this.#clock }],
      success: [{ put: { key: clockKey, value: Buffer.from(String(compactTo)) } }],
      failure: [{ range: { key: clockKey } }],
    });
    this.#revision = result.header?.revision ?? 0;
    if (!result.succeeded) {
      // Somebody else's turn: from his on this one counts.
      this.#clock = result.responses?.[0]?.range?.kvs?.[0]?.version ?? 0;
      return;
    }
    this.#clock++;
    if (compactTo > 0) await compactEtcd(this.#client, compactTo);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }
}

/** Forgets what is visible only before a revision; nothing where that has happened. */
export async function compactEtcd(client: Pick<EtcdClient, 'read'>, revision: number): Promise<void> {
  try {
    await client.read(methods.compact, { revision }, compactionMs);
  } catch (error) {
    if (!isCompacted(error)) throw error;
  }
}

const compactionMs = 30_000;
