import { compareAndSwap, type Storage } from '../storage/storage.js';
import type { ResourceCache } from './resource-cache.js';

export interface ExpiryOptions {
  /** How long an object stays after its last write, or after the start of the server where that is later. */
  readonly seconds: number;
  /** Told what a sweep failed with; the next one tries again. */
  onError(error: unknown): void;
}

const sweepMs = 30_000;
/** Deletes go out in groups of so many, so that other writes are not kept waiting. */
const group = 100;

/**
 * Deletes the objects of one resource some time after their last write (Events, after an hour). The time is known by
 * remembering which revision was the newest when: no object needs a clock of its own.
 */
export class Expiry {
  readonly #cache: ResourceCache;
  readonly #storage: Storage;
  readonly #options: ExpiryOptions;
  readonly #marks: { readonly at: number; readonly revision: number }[] = [];
  readonly #timer: NodeJS.Timeout;
  #sweeping: Promise<void> | undefined;
  #closed = false;

  constructor(cache: ResourceCache, storage: Storage, options: ExpiryOptions) {
    this.#cache = cache;
    this.#storage = storage;
    this.#options = options;
    this.#mark();
    this.#timer = setInterval(() => {
      this.#mark();
      this.#sweeping ??= this.#sweep()
        .catch((error: unknown) => options.onError(error))
        .finally(() => {
          this.#sweeping = undefined;
        });
    }, sweepMs);
    this.#timer.unref();
  }

  /** Stops, after the deletes that are under way. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#sweeping;
  }

  #mark(): void {
    this.#marks.push({ at: Date.now(), revision: this.#cache.revision });
  }

  async #sweep(): Promise<void> {
    const before = Date.now() - this.#options.seconds * 1000;
    let expired = 0;
    while (this.#marks[0] !== undefined && this.#marks[0].at <= before) {
      expired = this.#marks.shift()?.revision ?? 0;
    }
    if (expired === 0) return;
    const { entries } = await this.#cache.list();
    const old = entries.filter((entry) => entry.revision <= expired);
    for (let i = 0; i < old.length && !this.#closed; i += group) {
      // What was written meanwhile has another revision, and stays.
      await Promise.all(
        old
          .slice(i, i + group)
          .map(({ key, revision }) => compareAndSwap(this.#storage, key, { revision, value: undefined })),
      );
    }
  }
}
