import { setTimeout as delay } from 'node:timers/promises';
import { isGone } from '@kubewright/api';
import {
  type Storage,
  type StorageEvent,
  type StorageWatch,
  storageClosed,
  tooLargeRevision,
} from '../storage/storage.js';
import type { WindowLimits } from './event-window.js';
import type { StoredReader } from './head.js';
import { type Feed, ResourceCache } from './resource-cache.js';

/** Upstream's time for a read to wait for a revision that is not here yet. */
const longestWaitMs = 3000;
/** Between attempts to load again. */
const retryMs = 1000;

interface Waiter {
  readonly revision: number;
  resolve(): void;
  reject(error: Error): void;
}

/**
 * Feeds the caches of all resources from one watch of the whole keyspace, so that every revision arrives as an event
 * and one number says how new all of them are.
 */
export class WatchCache implements Feed {
  readonly storage: Storage;
  readonly #onError: (error: Error) => void;
  readonly #resources = new Map<string, ResourceCache>();
  #watch: StorageWatch;
  #waiters: Waiter[] = [];
  #wakes: (() => void)[] = [];
  #ended = false;
  revision: number;

  /** @param onError told when the watch of the store breaks, and while it can't be begun again. */
  static async open(storage: Storage, onError: (error: Error) => void): Promise<WatchCache> {
    return new WatchCache(storage, await storage.revision(), onError);
  }

  private constructor(storage: Storage, revision: number, onError: (error: Error) => void) {
    this.storage = storage;
    this.revision = revision;
    this.#onError = onError;
    this.#watch = this.#follow(revision);
  }

  /**
   * The cache of one resource, whose keys start with `prefix` (`/registry/pods/`). It starts to load at once; await
   * `ready` before the first read.
   */
  resource(prefix: string, reader: StoredReader, window: WindowLimits = {}): ResourceCache {
    if (this.#resources.has(prefix)) throw new Error(`${prefix} has a cache already`);
    const resource = new ResourceCache(this, prefix, { reader, window });
    this.#resources.set(prefix, resource);
    return resource;
  }

  /** Lets a resource go, as when its CustomResourceDefinition is deleted; its watches end. */
  remove(prefix: string): void {
    this.#resources.get(prefix)?.close(undefined);
    this.#resources.delete(prefix);
  }

  /** Settles when all resources that exist now are loaded. */
  async ready(): Promise<void> {
    await Promise.all([...this.#resources.values()].map((resource) => resource.ready));
  }

  waitFor(revision: number, signal?: AbortSignal): Promise<void> {
    if (this.#ended) return Promise.reject(storageClosed());
    if (revision <= this.revision) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', aborted);
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        act();
      };
      const aborted = settle(() => reject(signal?.reason));
      const tooLate = settle(() => reject(tooLargeRevision(revision, this.revision, 1)));
      const timer = setTimeout(tooLate, longestWaitMs);
      const waiter: Waiter = {
        revision,
        resolve: settle(resolve),
        reject: (error) => settle(() => reject(error))(),
      };
      this.#waiters.push(waiter);
      signal?.addEventListener('abort', aborted);
      if (signal?.aborted) aborted();
    });
  }

  atEndOfTick(wake: () => void): void {
    if (this.#wakes.length === 0) {
      setImmediate(() => {
        const wakes = this.#wakes;
        this.#wakes = [];
        for (const each of wakes) each();
      });
    }
    this.#wakes.push(wake);
  }

  onProblem(error: unknown): void {
    this.#onError(error instanceof Error ? error : new Error(String(error)));
  }

  /** Ends every watch. The storage stays open. */
  close(): void {
    this.#watch.close();
    this.#end(undefined);
  }

  #follow(revision: number): StorageWatch {
    return this.storage.watch(revision, {
      onEvents: (events, newest) => this.#onEvents(events, newest),
      onEnd: (error) => (isGone(error) ? void this.#reload() : this.#end(error)),
    });
  }

  /** The store has forgotten what came next, as when it was out of reach for too long: everything is loaded again. */
  async #reload(): Promise<void> {
    let revision: number | undefined;
    while (revision === undefined && !this.#ended) {
      try {
        revision = await this.storage.revision();
      } catch (error) {
        this.onProblem(error);
        await delay(retryMs, undefined, { ref: false });
      }
    }
    if (revision === undefined || this.#ended) return;
    this.#watch = this.#follow(revision);
    for (const resource of this.#resources.values()) resource.reload();
    this.#onEvents([], revision);
  }

  #onEvents(events: readonly StorageEvent[], revision: number): void {
    for (const event of events) this.#resourceOf(event.key)?.apply(event);
    this.revision = revision;
    for (const waiter of this.#waiters) if (waiter.revision <= revision) waiter.resolve();
  }

  /** Prefixes end in a slash and none is within another, so the first that is known is the one. */
  #resourceOf(key: string): ResourceCache | undefined {
    for (let slash = key.indexOf('/', 1); slash >= 0; slash = key.indexOf('/', slash + 1)) {
      const resource = this.#resources.get(key.slice(0, slash + 1));
      if (resource !== undefined) return resource;
    }
    return undefined;
  }

  #end(error: Error | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const resource of this.#resources.values()) resource.close(undefined);
    for (const waiter of this.#waiters) waiter.reject(error ?? storageClosed());
    if (error !== undefined) this.#onError(error);
  }
}
