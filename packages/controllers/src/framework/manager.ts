import type { Kind, KubernetesObject } from '@kubewright/api';
import { bindSignal, type Client, type Clock, type Informer, type InformerOptions } from '@kubewright/client';
import { type Logger, pino } from 'pino';
import { Controller, type ControllerOptions } from './controller.js';
import { ControllerBuilder, type WatchedOptions } from './controller-builder.js';
import { EventRecorder } from './events/event-recorder.js';
import { fencedTransport, LeaderElection, type LeaderElectionOptions } from './leader-election.js';
import {
  type EndpointsOptions,
  type HealthCheck,
  type HealthChecks,
  type ManagerEndpoints,
  serveEndpoints,
} from './manager-endpoints.js';
import { createMetrics, type Metrics } from './metrics.js';
import type { Reconciler } from './reconcile.js';

export interface ManagerOptions {
  /** Aborting ends everything in order. */
  readonly signal: AbortSignal;
  /** @default silent */
  readonly logger?: Logger | undefined;
  /** @default the client's */
  readonly clock?: Clock | undefined;
  /** Between 0 and 1. @default the client's */
  readonly random?: (() => number) | undefined;
  /** @default new ones, in a registry of their own */
  readonly metrics?: Metrics | undefined;
  /** Only the process that holds this lease reconciles; the others keep their caches warm. */
  readonly leaderElection?: LeaderElectionOptions | undefined;
  /** Serves `/healthz`, `/readyz` and `/metrics` there. @default not served */
  readonly endpoints?: EndpointsOptions | undefined;
  /** As whom a controller of this name acts; caches and the lease are the manager's. @default the manager's client */
  readonly clientFor?: ((controller: string) => Client) | undefined;
  /** How long reconciles in flight may take to end after the signal aborts. @default 4000 */
  readonly shutdownGraceMs?: number | undefined;
}

/** Something that runs beside the controllers: it starts after all caches are filled, and ends with its signal. */
export type Runnable = (signal: AbortSignal) => Promise<void> | void;

interface StartedInformer {
  start(signal: AbortSignal): unknown;
  readonly synced: Promise<void>;
  readonly hasSynced: boolean;
}

/**
 * Runs controllers against one server. The order of a start: watches, until every cache is filled; the lease, where
 * one is wanted; the workers. An end goes the other way: no more keys are taken, what is in work may finish, events
 * are written, the lease is given back.
 */
export class Manager {
  /** Writes only while this process leads, where that is asked for. */
  readonly client: Client;
  /** For what runs on every replica: it writes whether this process leads or not. */
  readonly standbyClient: Client;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: () => number;
  readonly #options: ManagerOptions;
  readonly #leaderElection: LeaderElection | undefined;
  readonly #informers: StartedInformer[] = [];
  readonly #watched = new Set<string>();
  readonly #controllers: Controller[] = [];
  readonly #runnables: Runnable[] = [];
  readonly #everywhere: Runnable[] = [];
  readonly #checks: { readonly [K in keyof HealthChecks]: Map<string, HealthCheck> } = {
    healthz: new Map([['ping', () => undefined]]),
    readyz: new Map([
      [
        'caches',
        () => {
          if (!this.ready) throw new Error('caches are not filled yet');
        },
      ],
    ]),
  };
  readonly #recorders: EventRecorder[] = [];
  readonly #observed = new WeakSet<object>();
  /** Outlives the options' signal for the length of an orderly end. */
  readonly #running = new AbortController();
  #started = false;
  #leading = false;
  #endpoints: ManagerEndpoints | undefined;
  #done: Promise<void> | undefined;

  constructor(client: Client, options: ManagerOptions) {
    this.#options = options;
    this.standbyClient = client;
    this.logger = options.logger ?? pino({ level: 'silent' });
    this.clock = options.clock ?? client.requester.clock;
    this.random = options.random ?? client.requester.random;
    this.metrics = options.metrics ?? createMetrics();
    const election = options.leaderElection && this.#election(client, options.leaderElection);
    this.#leaderElection = election;
    this.client = this.#fenced(client);
    for (const each of new Set([client, this.client])) this.#observe(each);
  }

  /** As whom the controller of this name reads and writes. */
  clientFor(controller: string): Client {
    const client = this.#options.clientFor?.(controller);
    if (client === undefined) return this.client;
    const fenced = this.#fenced(client);
    this.#observe(fenced);
    return fenced;
  }

  /** Begins the description of a controller of a kind; see {@link ControllerBuilder}. */
  controller<T extends KubernetesObject>(
    kind: Kind<T>,
    options: Partial<ControllerOptions> & WatchedOptions<T> = {},
  ): ControllerBuilder<T> {
    return new ControllerBuilder(this, kind, { ...options, name: options.name ?? kind.kind.toLowerCase() });
  }

  /** A queue of keys of any meaning and its workers, for controllers that are of no single kind. */
  worker(options: ControllerOptions, reconcile: Reconciler<string>): Controller {
    this.#assertNotStarted();
    const controller = new Controller(options, reconcile, {
      metrics: this.metrics,
      context: {
        client: this.clientFor(options.name),
        logger: this.logger.child({ controller: options.name }),
        clock: this.clock,
        random: this.random,
        events: this.recorder(options.name),
      },
    });
    this.#controllers.push(controller);
    return controller;
  }

  /** A cache that is filled before anything is reconciled. Those of one kind and selectors share a watch. */
  informer<T extends KubernetesObject, I extends string = never>(
    kind: Kind<T>,
    options: InformerOptions<T, I> = {},
  ): Informer<T, I> {
    this.#assertNotStarted();
    const informer = this.client.informer(kind, options);
    this.#informers.push(informer);
    const { namespace, labelSelector, fieldSelector, metadataOnly } = options;
    if (!namespace && !labelSelector && !fieldSelector && !metadataOnly) this.#watched.add(resourceOf(kind));
    return informer;
  }

  /** Whether all objects of the kind are watched whole, so that another informer of all of them costs nothing. */
  watchesAll(kind: Kind): boolean {
    return this.#watched.has(resourceOf(kind));
  }

  /**
   * Something else that runs while this process leads, or, with `needsLease: false`, whether it leads or not: a server
   * of webhooks answers on every replica.
   */
  add(runnable: Runnable, { needsLease = true }: { readonly needsLease?: boolean } = {}): void {
    this.#assertNotStarted();
    (needsLease ? this.#runnables : this.#everywhere).push(runnable);
  }

  /** A check of `/healthz` (restart me) or `/readyz` (do not rely on me yet), besides those that are there. */
  addCheck(endpoint: keyof HealthChecks, name: string, check: HealthCheck): void {
    this.#checks[endpoint].set(name, check);
  }

  /** Where health and metrics are served, once it is so. */
  get endpoints(): Omit<ManagerEndpoints, 'close'> | undefined {
    return this.#endpoints;
  }

  /** Writes events as this component. */
  recorder(component: string): EventRecorder {
    const recorder = new EventRecorder({
      client: this.clientFor(component),
      component,
      clock: this.clock,
      logger: this.logger,
    });
    this.#recorders.push(recorder);
    return recorder;
  }

  /** Whether all caches are filled and, where a lease is wanted, this process holds it. */
  get leading(): boolean {
    return this.#leading;
  }

  /** For `/readyz`: whether all caches are filled. A standby is ready, too. */
  get ready(): boolean {
    return this.#started && this.#informers.every((informer) => informer.hasSynced);
  }

  /** Keys that could be worked on now, or are: zero when the controllers have come to rest. */
  get busy(): number {
    return this.#controllers.reduce((sum, controller) => sum + controller.busy, 0);
  }

  /** Resolves when everything has ended, after the signal aborted. @throws when the lease is lost */
  get done(): Promise<void> {
    if (this.#done === undefined) throw new Error('this manager was not started');
    return this.#done;
  }

  /**
   * Starts everything. Resolves when the workers run, which for a standby is when it becomes the leader.
   * @throws the signal's reason when it aborts before
   */
  async start(): Promise<void> {
    this.#assertNotStarted();
    this.#started = true;
    let ran: () => void = () => undefined;
    const running = new Promise<void>((resolve) => {
      ran = resolve;
    });
    this.#done = this.#run(ran);
    await Promise.race([running, this.#done]);
    this.#options.signal.throwIfAborted();
  }

  async #run(ran: () => void): Promise<void> {
    const { signal, endpoints } = this.#options;
    const beside = new AbortController();
    let ended: Promise<unknown> = Promise.resolve();
    try {
      if (endpoints !== undefined)
        this.#endpoints = await serveEndpoints(endpoints, {
          checks: this.#checks,
          registry: this.metrics.registry,
        });
      for (const informer of this.#informers) informer.start(this.#running.signal);
      await untilAborted(Promise.all(this.#informers.map(({ synced }) => synced)), signal);
      if (signal.aborted) return;
      const runnables = this.#everywhere.map(async (runnable) => runnable(beside.signal));
      ended = Promise.allSettled(runnables);
      const work = bindSignal({ signal });
      let fault: { readonly error: unknown } | undefined;
      failureOf(runnables).catch((error: unknown) => {
        fault = { error };
        work.abort(error);
      });
      await this.#work(work.signal, ran).finally(work.end);
      if (fault !== undefined) throw fault.error;
    } finally {
      beside.abort(new Error('the manager is ending'));
      await ended;
      this.#running.abort(new Error('the manager has ended'));
      await this.#endpoints?.close();
    }
  }

  async #work(signal: AbortSignal, ran: () => void): Promise<void> {
    if (this.#leaderElection === undefined) await this.#lead(signal, ran);
    else await this.#leaderElection.run(signal, (leading) => this.#lead(leading, ran));
  }

  /** A lease doesn't fence: an old leader has to look at its own deadline before each write. */
  #fenced(client: Client): Client {
    const election = this.#leaderElection;
    if (election === undefined) return client;
    return client.through((transport) => fencedTransport(transport, () => election.holds));
  }

  /** Counts what is sent; a client that several controllers share only once. */
  #observe({ requester }: Client): void {
    if (this.#observed.has(requester)) return;
    this.#observed.add(requester);
    requester.observe(({ status, method, host = 'in-process' }) =>
      this.metrics.requests.inc({ code: status === undefined ? '<error>' : String(status), method, host }),
    );
  }

  #election(client: Client, options: LeaderElectionOptions): LeaderElection {
    return new LeaderElection(client, {
      ...options,
      clock: this.clock,
      random: this.random,
      logger: this.logger,
      onChange: (leading) => this.metrics.leader.set({ name: options.name }, leading ? 1 : 0),
    });
  }

  /** Works until the signal aborts, and then ends in order. */
  async #lead(signal: AbortSignal, ran: () => void): Promise<void> {
    const work = new AbortController();
    // A lost lease ends work at once: someone else may be at it already.
    const lost = () => {
      if (!this.#options.signal.aborted) work.abort(signal.reason);
    };
    signal.addEventListener('abort', lost, { once: true });
    this.#leading = true;
    for (const controller of this.#controllers) controller.start(work.signal);
    const runnables = this.#runnables.map(async (runnable) => runnable(signal));
    ran();
    try {
      await untilAborted(failureOf(runnables), signal);
    } finally {
      this.#leading = false;
      const cancel = this.clock.schedule(this.#options.shutdownGraceMs ?? 4000, () =>
        work.abort(new Error('the time for an orderly end is over')),
      );
      await Promise.all(this.#controllers.map((controller) => controller.stop()));
      await Promise.allSettled(runnables);
      await Promise.all(this.#recorders.map((recorder) => recorder.flush()));
      cancel();
      work.abort(new Error('the manager has ended'));
      signal.removeEventListener('abort', lost);
    }
  }

  #assertNotStarted(): void {
    if (this.#started) throw new Error('the manager was started already: describe everything before');
  }
}

function resourceOf({ apiVersion, plural }: Kind): string {
  return `${apiVersion}/${plural}`;
}

/** Never resolves: a runnable that fails takes the manager down with it, one that ends does not. */
function failureOf(runnables: readonly Promise<void>[]): Promise<never> {
  return Promise.all(runnables).then(() => new Promise<never>(() => undefined));
}

/** The promise's end or the signal's abort, whichever comes first. */
async function untilAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<void>((resolve) => {
    onAbort = resolve;
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
