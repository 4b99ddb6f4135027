import { formatMicroTime, isAlreadyExists, isConflict, isNotFound } from '@kubewright/api';
import { Lease, type LeaseSpec } from '@kubewright/api/coordination/v1';
import { type Client, type Clock, sleep, type Transport } from '@kubewright/client';
import type { Logger } from 'pino';
import { retryOnConflict } from './status.js';

export interface LeaderElectionOptions {
  /** The Lease's name. */
  readonly name: string;
  /** @default `kube-system` */
  readonly namespace?: string | undefined;
  /** Who this process is: unique among the candidates. */
  readonly identity: string;
  /** How long a lease holds after its last renewal. @default 15_000 */
  readonly leaseDurationMs?: number | undefined;
  /** After how long without a renewal the leader gives up; shorter than the lease, so that it ends first. @default 10_000 */
  readonly renewDeadlineMs?: number | undefined;
  /** How often candidates look and the leader renews. @default 2000 */
  readonly retryPeriodMs?: number | undefined;
}

interface Surroundings {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly onChange?: ((leading: boolean) => void) | undefined;
}

/** The lease was not renewed in time: someone else may lead now. */
export class LeaseLost extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LeaseLost';
  }
}

/** A transport that lets writes through only while they are allowed, asked before each one that is sent. */
export function fencedTransport(inner: Transport, mayWrite: () => boolean): Transport {
  return {
    host: inner.host,
    request: async (request) => {
      if (request.method !== 'GET' && !mayWrite())
        throw new LeaseLost('this process does not lead: it may not write');
      return inner.request(request);
    },
    connect: (request) => inner.connect(request),
    close: () => inner.close(),
  };
}

/**
 * Elects one leader among processes by a Lease. A lease doesn't fence, so the leader's signal aborts by the leader's
 * own clock, before the others may take over. Durations are measured on this machine's clock from when a change of
 * the Lease was seen, so that clocks may differ. Source: client-go's leader election.
 */
export class LeaderElection {
  readonly #client: Client;
  readonly #options: Required<{ [K in keyof LeaderElectionOptions]: NonNullable<LeaderElectionOptions[K]> }>;
  readonly #surroundings: Surroundings;
  #observed: { readonly lease: Lease; readonly at: number } | undefined;
  #renewedAt: number | undefined;

  constructor(client: Client, options: LeaderElectionOptions & Surroundings) {
    this.#client = client;
    this.#surroundings = options;
    this.#options = {
      name: options.name,
      namespace: options.namespace ?? 'kube-system',
      identity: options.identity,
      leaseDurationMs: options.leaseDurationMs ?? 15_000,
      renewDeadlineMs: options.renewDeadlineMs ?? 10_000,
      retryPeriodMs: options.retryPeriodMs ?? 2000,
    };
    if (this.#options.leaseDurationMs <= this.#options.renewDeadlineMs)
      throw new RangeError('leaseDurationMs must be longer than renewDeadlineMs');
  }

  /** Whether this process may write now: it leads, and its deadline is not over. To be asked before each write. */
  get holds(): boolean {
    return (
      this.#renewedAt !== undefined &&
      this.#surroundings.clock.now() < this.#renewedAt + this.#options.renewDeadlineMs
    );
  }

  /**
   * Waits for the lease, leads while it lasts, and gives it back when the signal aborts.
   * @param lead works until its signal aborts and then ends
   * @throws LeaseLost when the lease could not be renewed in time
   */
  async run(signal: AbortSignal, lead: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { clock, onChange, logger } = this.#surroundings;
    while (!(await this.#try(signal))) {
      if (signal.aborted) return;
      // Spread out, so that candidates don't ask all at once.
      await pause(clock, this.#options.retryPeriodMs * (1 + 0.2 * this.#surroundings.random()), signal);
    }
    const leading = new AbortController();
    const forward = () => leading.abort(signal.reason);
    if (signal.aborted) forward();
    else signal.addEventListener('abort', forward, { once: true });
    logger.info({ lease: this.#options.name }, 'leading');
    onChange?.(true);
    const ended = new AbortController();
    const renewing = this.#renew(leading, AbortSignal.any([signal, ended.signal]));
    try {
      await lead(leading.signal);
    } finally {
      ended.abort();
      await renewing;
      onChange?.(false);
      signal.removeEventListener('abort', forward);
      if (this.holds) await this.#release();
      this.#renewedAt = undefined;
    }
    if (leading.signal.reason instanceof LeaseLost) throw leading.signal.reason;
  }

  async #renew(leading: AbortController, signal: AbortSignal): Promise<void> {
    const { clock } = this.#surroundings;
    const lose = () =>
      leading.abort(new LeaseLost(`the lease ${this.#options.name} was not renewed in time`));
    const arm = () =>
      clock.schedule((this.#renewedAt ?? clock.now()) + this.#options.renewDeadlineMs - clock.now(), lose);
    let disarm = arm();
    try {
      for (;;) {
        await pause(clock, this.#options.retryPeriodMs, signal);
        if (signal.aborted || leading.signal.aborted) return;
        if (await this.#try(AbortSignal.any([signal, leading.signal]))) {
          disarm();
          disarm = arm();
        } else if (this.#heldByAnother()) {
          leading.abort(new LeaseLost(`the lease ${this.#options.name} is held by another`));
          return;
        }
      }
    } finally {
      disarm();
    }
  }

  /** Takes or renews the lease. False when another holds it or the server can't be asked. */
  async #try(signal: AbortSignal): Promise<boolean> {
    const { clock, logger } = this.#surroundings;
    const leases = this.#client.resource(Lease).namespace(this.#options.namespace);
    // From before the request: what the server stores is never older than what we count from.
    const startedAt = clock.now();
    const bounds = { signal, timeoutMs: this.#options.renewDeadlineMs };
    try {
      const lease = await leases.get(this.#options.name, bounds).catch((error: unknown) => {
        if (isNotFound(error)) return undefined;
        throw error;
      });
      if (lease === undefined) {
        const metadata = { name: this.#options.name, namespace: this.#options.namespace };
        this.#observe(
          await leases.create({ metadata, spec: this.#spec(undefined, startedAt) }, bounds),
          startedAt,
        );
      } else {
        this.#observe(lease, startedAt);
        if (this.#heldByAnother()) return false;
        const written = await leases.replace({ ...lease, spec: this.#spec(lease.spec, startedAt) }, bounds);
        this.#observe(written, startedAt);
      }
      this.#renewedAt = startedAt;
      return true;
    } catch (error) {
      if (!signal.aborted && !isConflict(error) && !isAlreadyExists(error))
        logger.warn({ err: error, lease: this.#options.name }, 'the lease could not be written');
      return false;
    }
  }

  #observe(lease: Lease, at: number): void {
    if (this.#observed?.lease.metadata.resourceVersion !== lease.metadata.resourceVersion)
      this.#observed = { lease, at };
  }

  #heldByAnother(): boolean {
    const holder = this.#observed?.lease.spec?.holderIdentity;
    if (this.#observed === undefined || !holder || holder === this.#options.identity) return false;
    const durationMs =
      (this.#observed.lease.spec?.leaseDurationSeconds ?? this.#options.leaseDurationMs / 1000) * 1000;
    return this.#surroundings.clock.now() < this.#observed.at + durationMs;
  }

  #spec(current: LeaseSpec | undefined, now: number): LeaseSpec {
    const mine = current?.holderIdentity === this.#options.identity;
    const time = formatMicroTime(now);
    return {
      holderIdentity: this.#options.identity,
      leaseDurationSeconds: Math.ceil(this.#options.leaseDurationMs / 1000),
      acquireTime: mine ? (current.acquireTime ?? time) : time,
      renewTime: time,
      leaseTransitions: current === undefined ? 0 : (current.leaseTransitions ?? 0) + (mine ? 0 : 1),
    };
  }

  /** Lets the next leader begin at once. */
  async #release(): Promise<void> {
    const { clock, logger } = this.#surroundings;
    const time = formatMicroTime(clock.now());
    try {
      // Read anew: the answer to the last renewal may not have been waited for.
      await retryOnConflict(
        this.#client.resource(Lease).namespace(this.#options.namespace),
        this.#options.name,
        (lease) =>
          lease.spec?.holderIdentity !== this.#options.identity
            ? undefined
            : {
                ...lease,
                spec: {
                  ...lease.spec,
                  // Left out: the server takes no empty one.
                  holderIdentity: undefined,
                  leaseDurationSeconds: 1,
                  acquireTime: time,
                  renewTime: time,
                },
              },
        { timeoutMs: 2000 },
      );
    } catch (error) {
      // It then runs out by itself.
      logger.info({ err: error, lease: this.#options.name }, 'the lease could not be given back');
    }
  }
}

/** Waits, and ends early without an error when the signal aborts. */
async function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(clock, delayMs, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
