import type { KubernetesObject } from '@kubewright/api';
import { bindSignal, onAbort } from '../abort.js';
import type { Clock } from '../clock.js';
import type { CallOptions } from '../options.js';
import { ObjectCache } from '../watch/object-cache.js';
import { compareResourceVersions } from '../watch/resource-version.js';
import type { WatcherEvent, WatcherOptions } from '../watch/watcher.js';
import { freeze, freezing } from './freeze.js';
import type { InformerHandlers } from './informer.js';
import { PartPool } from './part-pool.js';

/** One informer's part in the shared watch. */
export interface Member<T> {
  /** Keeps its indexes; called before any member's handlers, so that these find every index up to date. */
  readonly index: (object: T | undefined, previous: T | undefined) => void;
  readonly handlers: Iterable<InformerHandlers<T>>;
  readonly synced: () => void;
}

/** What one watch takes: it fills the given cache. */
export type OpenWatcher<T extends KubernetesObject> = (
  options: Pick<WatcherOptions, 'signal'> & { readonly cache: ObjectCache<T> },
) => AsyncIterable<WatcherEvent<T>>;

interface Waiter {
  readonly resourceVersion: string;
  readonly resolve: () => void;
}

export interface SharedInformerOptions<T> {
  /** What is kept of each object. */
  readonly transform?: ((object: T) => T) | undefined;
  readonly clock: Clock;
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Called when the last member has left. */
  readonly onIdle?: (() => void) | undefined;
}

/** One watch and one store for all informers of the same kind, namespace and selectors. Runs while it has members. */
export class SharedInformer<T extends KubernetesObject> {
  /** Another one for each run: the end of an old run must not reach into a new one. */
  cache: ObjectCache<T>;
  readonly #transform: ((object: T) => T) | undefined;
  readonly #open: OpenWatcher<T>;
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  readonly #onIdle: (() => void) | undefined;
  readonly #members = new Set<Member<T>>();
  readonly #waiters = new Set<Waiter>();
  #running: AbortController | undefined;
  #synced = false;

  constructor(open: OpenWatcher<T>, options: SharedInformerOptions<T>) {
    this.#transform = options.transform;
    this.cache = newCache(this.#transform);
    this.#open = open;
    this.#clock = options.clock;
    this.#onError = options.onError ?? throwUnhandled;
    this.#onIdle = options.onIdle;
  }

  get hasSynced(): boolean {
    return this.#synced;
  }

  /** Adds a member, which sees what the store has at once; the returned function takes it out. */
  join(member: Member<T>): () => void {
    for (const object of this.cache.values()) {
      member.index(object, undefined);
      this.#call(member.handlers, (handlers) => handlers.add?.(object));
    }
    this.#members.add(member);
    if (this.#synced) member.synced();
    if (this.#running === undefined) {
      this.#running = new AbortController();
      this.#run(this.#running.signal).catch(this.#onError);
    }
    return () => {
      if (!this.#members.delete(member) || this.#members.size > 0) return;
      this.#running?.abort();
      this.#running = undefined;
      this.#synced = false;
      this.cache = newCache(this.#transform);
      this.#onIdle?.();
    };
  }

  waitFor(resourceVersion: string, options: CallOptions): Promise<void> {
    if (this.#reached(resourceVersion)) return Promise.resolve();
    const ending = bindSignal(options, {
      clock: this.#clock,
      message: (ms) => `revision ${resourceVersion} was not seen within ${ms} ms`,
    });
    return new Promise<void>((resolve, reject) => {
      const waiter: Waiter = { resourceVersion, resolve };
      this.#waiters.add(waiter);
      onAbort(ending.signal, (reason) => {
        this.#waiters.delete(waiter);
        reject(reason);
      });
    }).finally(() => ending.end());
  }

  async #run(signal: AbortSignal): Promise<void> {
    for await (const event of this.#open({ signal, cache: this.cache })) {
      // A new run may have begun between the abort and the watcher's end.
      if (signal.aborted) return;
      this.#handle(event);
    }
  }

  #handle(event: WatcherEvent<T>): void {
    switch (event.type) {
      case 'added':
        this.#spread(event.object, undefined, (handlers) => handlers.add?.(event.object));
        break;
      case 'modified':
        this.#spread(event.object, event.previous, (handlers) =>
          handlers.update?.(event.object, event.previous),
        );
        break;
      case 'deleted':
        this.#spread(undefined, event.previous, (handlers) => handlers.delete?.(event.object));
        break;
      case 'synced':
        this.#synced = true;
        for (const member of this.#members) member.synced();
        break;
      default:
    }
    for (const waiter of this.#waiters)
      if (this.#reached(waiter.resourceVersion)) {
        this.#waiters.delete(waiter);
        waiter.resolve();
      }
  }

  #spread(
    object: T | undefined,
    previous: T | undefined,
    call: (handlers: InformerHandlers<T>) => void,
  ): void {
    for (const member of this.#members) member.index(object, previous);
    for (const member of this.#members) this.#call(member.handlers, call);
  }

  #call(all: Iterable<InformerHandlers<T>>, call: (handlers: InformerHandlers<T>) => void): void {
    for (const handlers of all)
      try {
        call(handlers);
      } catch (error) {
        // One handler's fault must not keep the event from the others.
        this.#onError(error);
      }
  }

  #reached(resourceVersion: string): boolean {
    const seen = this.cache.resourceVersion;
    return seen !== undefined && this.#synced && (compareResourceVersions(seen, resourceVersion) ?? 0) >= 0;
  }
}

function newCache<T extends KubernetesObject>(transform: ((object: T) => T) | undefined): ObjectCache<T> {
  const pool = new PartPool();
  return new ObjectCache((fresh) => {
    const object = pool.share(transform === undefined ? fresh : transform(fresh));
    return freezing ? freeze(object) : object;
  });
}

function throwUnhandled(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
