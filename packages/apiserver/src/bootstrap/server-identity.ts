import { createHash, randomUUID } from 'node:crypto';
import { formatMicroTime } from '@kubewright/api';
import { Lease } from '@kubewright/api/coordination/v1';
import type { ObjectStore } from '../registry/write-context.js';

// As kube-apiserver has them (KEP-1965).
const namespace = 'kube-system';
const identityLabel = 'apiserver.kubernetes.io/identity';
const component = 'kube-apiserver';
const durationSeconds = 3600;
const renewMs = 10_000;
const sweepMs = 3_600_000;

export interface ServerIdentityOptions {
  readonly objects: ObjectStore;
  readonly hostname: string;
  /** Unique among the servers of a cluster. @default the hostname */
  readonly identity?: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Told what a renewal failed with; the next one tries again. */
  onError(error: unknown): void;
}

/**
 * A Lease in kube-system by which others know that this server lives. Leases that ran out are deleted once an hour, by
 * any server.
 */
export class ServerIdentity {
  /** The Lease's name. */
  readonly name: string;
  readonly #options: ServerIdentityOptions;
  readonly #holder: string;
  readonly #acquiredAt: number;
  #timers: NodeJS.Timeout[] = [];
  #work: Promise<void> = Promise.resolve();

  constructor(options: ServerIdentityOptions) {
    this.#options = options;
    this.name = `apiserver-${hashOf(options.identity ?? options.hostname)}`;
    this.#holder = `${this.name}_${randomUUID()}`;
    this.#acquiredAt = options.now();
  }

  /** Resolves when the Lease is there. */
  async start(): Promise<void> {
    await this.#renew();
    const every = (ms: number, task: () => Promise<void>) => {
      const timer = setInterval(() => {
        this.#work = this.#work.then(task).catch((error: unknown) => this.#options.onError(error));
      }, ms);
      timer.unref();
      return timer;
    };
    this.#timers = [every(renewMs, () => this.#renew()), every(sweepMs, () => this.#sweep())];
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#work;
  }

  async #renew(): Promise<void> {
    const { objects, hostname, now } = this.#options;
    await objects.replace(Lease, {
      metadata: {
        name: this.name,
        namespace,
        labels: { [identityLabel]: component, 'kubernetes.io/hostname': hostname },
      },
      spec: {
        holderIdentity: this.#holder,
        leaseDurationSeconds: durationSeconds,
        acquireTime: formatMicroTime(this.#acquiredAt),
        renewTime: formatMicroTime(now()),
      },
    });
  }

  async #sweep(): Promise<void> {
    const { objects, now } = this.#options;
    for (const { metadata, spec } of await objects.list(Lease, namespace)) {
      if (metadata.labels?.[identityLabel] !== component) continue;
      const renewed = Date.parse(spec?.renewTime ?? '');
      const lasts = (spec?.leaseDurationSeconds ?? 0) * 1000;
      if (!(renewed + lasts > now())) await objects.delete(Lease, namespace, metadata.name ?? '');
    }
  }
}

/** The first half of SHA-256 in base32, lower case. */
function hashOf(identity: string): string {
  const letters = 'abcdefghijklmnopqrstuvwxyz234567';
  const bytes = createHash('sha256').update(identity).digest().subarray(0, 16);
  let bits = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n) << 2n;
  let text = '';
  for (let i = 0; i < 26; i++) {
    text = `${letters[Number(bits & 31n)]}${text}`;
    bits >>= 5n;
  }
  return text;
}
