import { onAbort } from '../abort.js';
import { type Clock, systemClock } from '../clock.js';
import { ItemBackoff } from './item-backoff.js';
import { ReadyKeys } from './ready-keys.js';

export interface WorkQueueOptions {
  /** The delay after a key's first failure; each further one doubles it. @default 5 */
  readonly baseDelayMs?: number;
  /** @default 1_000_000 */
  readonly maxDelayMs?: number;
  /** How long a key may wait behind keys of a higher priority. @default 30_000 */
  readonly longestWaitMs?: number;
  readonly clock?: Clock;
}

/** How much sooner than others a key is wanted: higher first. @default that of the key's work in hand, else 0 */
export interface AddOptions {
  readonly priority?: number | undefined;
}

interface Waiter<K> {
  readonly resolve: (key: K | undefined) => void;
}

/**
 * Keys that want work. A key that is added twice is worked on once; one that is added while it is worked on comes
 * again after {@link WorkQueue.done}; no key is ever in two hands. The meaning is that of client-go's work queue.
 * Keys are compared as in a Map, so they should be strings or numbers.
 */
export class WorkQueue<K = string> {
  readonly #clock: Clock;
  readonly #backoff: ItemBackoff<K>;
  readonly #ready: ReadyKeys<K>;
  /** Keys in work, with their priorities. */
  readonly #processing = new Map<K, number>();
  /** Keys that were added while in work, with their priorities. */
  readonly #dirty = new Map<K, number>();
  readonly #delayed = new Map<
    K,
    { readonly at: number; readonly priority: number; readonly cancel: () => void }
  >();
  readonly #waiters = new Set<Waiter<K>>();
  readonly #drained: (() => void)[] = [];
  #shutDown = false;

  constructor(options: WorkQueueOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#ready = new ReadyKeys(options.longestWaitMs ?? 30_000, () => this.#clock.now());
    this.#backoff = new ItemBackoff({
      baseDelayMs: options.baseDelayMs ?? 5,
      maxDelayMs: options.maxDelayMs ?? 1_000_000,
    });
  }

  /** Keys that are ready and in nobody's hands. */
  get length(): number {
    return this.#ready.size;
  }

  /** The same by priority, of those that have any. */
  get depths(): readonly { readonly priority: number; readonly size: number }[] {
    return this.#ready.sizes;
  }

  /** Keys that are worked on. */
  get processing(): number {
    return this.#processing.size;
  }

  /** Keys that wait for their time. */
  get delayed(): number {
    return this.#delayed.size;
  }

  get isShutDown(): boolean {
    return this.#shutDown;
  }

  /** Wants work on the key soon. Nothing happens after {@link WorkQueue.shutDown}. */
  add(key: K, options: AddOptions = {}): void {
    if (this.#shutDown) return;
    const priority = this.#priority(key, options);
    if (this.#processing.has(key)) {
      this.#dirty.set(key, Math.max(priority, this.#dirty.get(key) ?? priority));
      return;
    }
    this.#ready.add(key, priority);
    this.#hand();
  }

  /** Wants work on the key after that time; the earliest of several wishes counts, with the highest priority. */
  addAfter(key: K, delayMs: number, options: AddOptions = {}): void {
    if (this.#shutDown) return;
    if (delayMs <= 0) {
      this.add(key, options);
      return;
    }
    const earlier = this.#delayed.get(key);
    const wanted = this.#priority(key, options);
    const priority = earlier === undefined ? wanted : Math.max(wanted, earlier.priority);
    const at = Math.min(this.#clock.now() + delayMs, earlier?.at ?? Number.POSITIVE_INFINITY);
    if (earlier?.at === at && earlier.priority === priority) return;
    earlier?.cancel();
    const cancel = this.#clock.schedule(at - this.#clock.now(), () => {
      this.#delayed.delete(key);
      this.add(key, { priority });
    });
    this.#delayed.set(key, { at, priority, cancel });
  }

  /** Wants work on the key after a delay that doubles with each call until {@link WorkQueue.forget}. */
  addRateLimited(key: K, options: AddOptions = {}): void {
    if (!this.#shutDown) this.addAfter(key, this.#backoff.next(key), options);
  }

  /** The key's work went well: the next failure is its first. */
  forget(key: K): void {
    this.#backoff.forget(key);
  }

  /** How often the key was added rate limited since it was last forgotten. */
  retries(key: K): number {
    return this.#backoff.failures(key);
  }

  /**
   * The next key, which stays in work until {@link WorkQueue.done}. Undefined when the queue is shut down and empty.
   * @throws the signal's reason when it aborts
   */
  get(signal?: AbortSignal): Promise<K | undefined> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const waiter: Waiter<K> = {
        resolve: (key) => {
          leave();
          resolve(key);
        },
      };
      const leave = onAbort(signal, (reason) => {
        this.#waiters.delete(waiter);
        reject(reason);
      });
      this.#waiters.add(waiter);
      this.#hand();
    });
  }

  /** The key's work is over, well or not. */
  done(key: K): void {
    this.#processing.delete(key);
    const again = this.#dirty.get(key);
    if (again !== undefined) {
      this.#dirty.delete(key);
      this.#ready.add(key, again);
      this.#hand();
    }
    if (this.#processing.size === 0 && this.#ready.size === 0)
      for (const resolve of this.#drained.splice(0)) resolve();
  }

  /** Takes no more keys, forgets those that wait for their time, and hands out what is ready. */
  shutDown(): void {
    this.#shutDown = true;
    for (const { cancel } of this.#delayed.values()) cancel();
    this.#delayed.clear();
    this.#hand();
  }

  /** As {@link WorkQueue.shutDown}; resolves when all that was ready or in work is done. */
  shutDownWithDrain(): Promise<void> {
    this.shutDown();
    if (this.#processing.size === 0 && this.#ready.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  #priority(key: K, { priority }: AddOptions): number {
    return priority ?? this.#processing.get(key) ?? 0;
  }

  #hand(): void {
    for (const waiter of this.#waiters) {
      const next = this.#ready.take();
      if (next === undefined) {
        if (!this.#shutDown) return;
        this.#waiters.delete(waiter);
        waiter.resolve(undefined);
        continue;
      }
      this.#processing.set(next.key, next.priority);
      this.#waiters.delete(waiter);
      waiter.resolve(next.key);
    }
  }
}
