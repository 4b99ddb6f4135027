import { isConflict, isNotFound } from '@kubewright/api';
import { type AddOptions, bindSignal, type Clock, WorkQueue } from '@kubewright/client';
import type { Metrics } from './metrics.js';
import { type ReconcileContext, type ReconcileResult, type Reconciler, TerminalError } from './reconcile.js';

export interface ControllerOptions {
  /** In logs, metrics and events. */
  readonly name: string;
  /** Keys that may be worked on at once. @default 1 */
  readonly concurrency?: number | undefined;
  /** The delay after a key's first failure, which each further one doubles. @default 5 */
  readonly baseDelayMs?: number | undefined;
  /** @default 1_000_000 */
  readonly maxDelayMs?: number | undefined;
  /** How long a key may wait behind keys of a higher priority. @default 30_000 */
  readonly longestWaitMs?: number | undefined;
  /** How long one reconcile may take before its signal aborts and the key is tried again. @default without end */
  readonly reconcileTimeoutMs?: number | undefined;
}

/** What a controller gets from its manager. */
export interface ControllerEnvironment {
  readonly context: Omit<ReconcileContext, 'failures' | 'signal'>;
  readonly metrics: Metrics;
}

/** A queue of keys and the workers that reconcile them, each key by one worker at a time. */
export class Controller {
  readonly name: string;
  readonly #options: ControllerOptions;
  readonly #reconcile: Reconciler<string>;
  readonly #environment: ControllerEnvironment;
  readonly #queue: WorkQueue<string>;
  readonly #addedAt = new Map<string, number>();
  /** Of each priority that had keys once, how many it has; for metrics. */
  readonly #depths = new Map<number, number>([[0, 0]]);
  /** Since when each key is in work. */
  readonly #startedAt = new Map<string, number>();
  #workers: Promise<unknown> = Promise.resolve();

  constructor(options: ControllerOptions, reconcile: Reconciler<string>, environment: ControllerEnvironment) {
    this.name = options.name;
    this.#options = options;
    this.#reconcile = reconcile;
    this.#environment = environment;
    this.#queue = new WorkQueue<string>({
      clock: this.#clock,
      ...(options.baseDelayMs === undefined ? {} : { baseDelayMs: options.baseDelayMs }),
      ...(options.maxDelayMs === undefined ? {} : { maxDelayMs: options.maxDelayMs }),
      ...(options.longestWaitMs === undefined ? {} : { longestWaitMs: options.longestWaitMs }),
    });
    environment.metrics.maxConcurrent.set({ controller: this.name }, options.concurrency ?? 1);
    // Series appear with the value zero, so that a rate over the first failure is right.
    environment.metrics.errors.inc({ controller: this.name }, 0);
    environment.metrics.terminalErrors.inc({ controller: this.name }, 0);
    environment.metrics.timeouts.inc({ controller: this.name }, 0);
    environment.metrics.panics.inc({ controller: this.name }, 0);
    environment.metrics.queues.add(() => this.#measureQueue());
  }

  /** Keys that wait, for a worker or for their time, and keys in work. */
  get pending(): number {
    return this.#queue.length + this.#queue.processing + this.#queue.delayed;
  }

  /** Keys that could be worked on now, or are. */
  get busy(): number {
    return this.#queue.length + this.#queue.processing;
  }

  /** Wants the key reconciled soon; before others of a lower priority. */
  enqueue(key: string, options?: AddOptions): void {
    if (!this.#addedAt.has(key)) {
      this.#addedAt.set(key, this.#clock.now());
      this.#environment.metrics.queueAdds.inc(this.#queueLabels);
    }
    this.#queue.add(key, options);
  }

  /** Wants the key reconciled after that time. */
  enqueueAfter(key: string, delayMs: number, options?: AddOptions): void {
    this.#queue.addAfter(key, delayMs, options);
  }

  /** Starts the workers. Each call of the reconciler gets the signal. */
  start(signal: AbortSignal): void {
    const count = this.#options.concurrency ?? 1;
    this.#workers = Promise.all(Array.from({ length: count }, () => this.#work(signal)));
  }

  /** Takes no more keys and resolves when those in work are done. */
  async stop(): Promise<void> {
    this.#queue.shutDown();
    await this.#workers;
  }

  async #work(signal: AbortSignal): Promise<void> {
    for (;;) {
      const key = await this.#queue.get();
      if (key === undefined) return;
      try {
        // What is still ready when the queue is shut down belongs to the next process.
        if (!this.#queue.isShutDown && !signal.aborted) await this.#process(key, signal);
      } finally {
        this.#queue.done(key);
      }
    }
  }

  async #process(key: string, signal: AbortSignal): Promise<void> {
    const { metrics } = this.#environment;
    const labels = { controller: this.name };
    const startedAt = this.#clock.now();
    metrics.queueSeconds.observe(
      this.#queueLabels,
      (startedAt - (this.#addedAt.get(key) ?? startedAt)) / 1000,
    );
    this.#addedAt.delete(key);
    this.#startedAt.set(key, startedAt);
    metrics.activeWorkers.inc(labels);
    try {
      const result = await this.#call(key, signal);
      this.#queue.forget(key);
      const requeueAfterMs = result?.requeueAfterMs;
      if (requeueAfterMs !== undefined) this.#queue.addAfter(key, requeueAfterMs);
      metrics.reconciles.inc({
        ...labels,
        result: requeueAfterMs === undefined ? 'success' : 'requeue_after',
      });
    } catch (error) {
      this.#failed(key, error, signal);
    } finally {
      const seconds = (this.#clock.now() - startedAt) / 1000;
      this.#startedAt.delete(key);
      metrics.reconcileSeconds.observe(labels, seconds);
      metrics.workSeconds.observe(this.#queueLabels, seconds);
      metrics.activeWorkers.dec(labels);
    }
  }

  /** One call of the reconciler, which ends with the time that it may take. */
  async #call(key: string, signal: AbortSignal): Promise<ReconcileResult | undefined> {
    const { metrics, context } = this.#environment;
    const { reconcileTimeoutMs: timeoutMs } = this.#options;
    const failures = this.#queue.retries(key);
    if (timeoutMs === undefined) return this.#reconcile(key, { ...context, signal, failures });
    const message = (ms: number) => `the reconcile of ${key} took longer than ${ms} ms`;
    const bound = bindSignal({ signal, timeoutMs }, { clock: this.#clock, message });
    try {
      return await this.#reconcile(key, { ...context, signal: bound.signal, failures });
    } finally {
      if (bound.signal.aborted && !signal.aborted) metrics.timeouts.inc({ controller: this.name });
      bound.end();
    }
  }

  #failed(key: string, error: unknown, signal: AbortSignal): void {
    // An end that was asked for is no failure of the key.
    if (signal.aborted) return;
    const { metrics, context } = this.#environment;
    const labels = { controller: this.name };
    metrics.errors.inc(labels);
    metrics.reconciles.inc({ ...labels, result: 'error' });
    if (error instanceof TypeError || error instanceof ReferenceError) metrics.panics.inc(labels);
    if (error instanceof TerminalError) {
      metrics.terminalErrors.inc(labels);
      this.#queue.forget(key);
      context.logger.error({ key, err: error }, 'reconcile failed for good');
      return;
    }
    metrics.queueRetries.inc(this.#queueLabels);
    this.#queue.addRateLimited(key);
    // Someone else was first, or the object has gone meanwhile: the next try reads what they left.
    if (isConflict(error) || isGone(key, error))
      context.logger.debug({ key, err: error }, 'reconcile came too late');
    else context.logger.warn({ key, err: error }, 'reconcile failed');
  }

  #measureQueue(): void {
    const { metrics } = this.#environment;
    const now = this.#clock.now();
    const seconds = [...this.#startedAt.values()].map((startedAt) => (now - startedAt) / 1000);
    metrics.unfinishedSeconds.set(
      this.#queueLabels,
      seconds.reduce((sum, each) => sum + each, 0),
    );
    metrics.longestRunningSeconds.set(this.#queueLabels, Math.max(0, ...seconds));
    for (const { priority, size } of this.#queue.depths) this.#depths.set(priority, size);
    for (const [priority, size] of this.#depths) {
      metrics.queueDepth.set({ ...this.#queueLabels, priority: String(priority) }, size);
      // Told as zero the next time, unless there are some then.
      this.#depths.set(priority, 0);
    }
  }

  get #clock(): Clock {
    return this.#environment.context.clock;
  }

  get #queueLabels(): { readonly name: string; readonly controller: string } {
    return { name: this.name, controller: this.name };
  }
}

/** True where the error says that the object of the key itself is not there any more. */
function isGone(key: string, error: unknown): boolean {
  return isNotFound(error) && error.details?.name === key.slice(key.lastIndexOf('/') + 1);
}
