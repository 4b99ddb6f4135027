import type { CacheEvent, Change } from './cache-event.js';
import { requiredFields, type Selection } from './selection.js';

export interface WatchOptions {
  /** Events after this revision. */
  readonly after: number;
  /** @default all */
  readonly namespace?: string;
  readonly selection?: Selection;
  /** Ends the watch. */
  readonly signal?: AbortSignal;
  /** Called when the watch ends because its reader is too slow, who may be waiting for something else. */
  readonly onOverrun?: () => void;
}

/** What happened since the batch before. */
export interface WatchBatch {
  readonly events: readonly CacheEvent[];
  /** The watcher now knows all up to here. */
  readonly revision: number;
}

/** A watcher that has not taken so many events, or bytes of them, is closed: it can resume, or list again. */
const mostPending = 16_384;
const mostPendingBytes = 32 << 20;

/**
 * One watch: an async iterator of batches, each with all that came since the last one was taken. It ends when its
 * signal fires, the cache is closed, or the reader is too slow (`overrun`); it throws ApiError Expired where the
 * revision to start from is gone.
 */
export class CacheWatch implements AsyncIterableIterator<WatchBatch, undefined> {
  readonly namespace: string | undefined;
  readonly selection: Selection;
  /** The field that the watcher is filed under, so that changes find it without asking every watcher. */
  readonly filedUnder: readonly [field: string, value: string] | undefined;
  /** True where the watch ended because its reader was too slow. */
  overrun = false;
  /** May be in the future. */
  readonly #after: number;
  #pending: CacheEvent[] = [];
  #pendingBytes = 0;
  #end: { readonly error: Error | undefined } | undefined;
  #reader:
    | { resolve(result: IteratorResult<WatchBatch, undefined>): void; reject(error: Error): void }
    | undefined;
  readonly #progress: () => number;
  readonly #onClose: () => void;
  readonly #onOverrun: (() => void) | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.close(undefined);

  constructor(options: WatchOptions, progress: () => number, onClose: (watch: CacheWatch) => void) {
    this.#after = options.after;
    this.namespace = options.namespace;
    this.selection = options.selection ?? {};
    this.filedUnder = requiredFields(this.selection).at(0);
    this.#progress = progress;
    this.#onClose = () => onClose(this);
    this.#onOverrun = options.onOverrun;
    this.#signal = options.signal;
    this.#signal?.addEventListener('abort', this.#onAbort);
    if (this.#signal?.aborted) queueMicrotask(this.#onAbort);
  }

  get closed(): boolean {
    return this.#end !== undefined;
  }

  /** Up to here the reader has been given all: what a bookmark may say. */
  get revision(): number {
    const next = this.#pending[0];
    return next === undefined ? this.#progress() : next.revision - 1;
  }

  /** Takes a change that the watcher may see; true where a reader should be woken. */
  offer(change: Change): boolean {
    if (this.#end !== undefined || change.revision <= this.#after) return false;
    if (this.namespace !== undefined && this.namespace !== change.name.namespace) return false;
    const event = change.seenThrough(this.selection);
    if (event === undefined) return false;
    this.#pending.push(event);
    this.#pendingBytes += event.bytes.length;
    if (this.#pending.length > mostPending || this.#pendingBytes > mostPendingBytes) {
      this.overrun = true;
      this.#pending = [];
      this.#pendingBytes = 0;
      this.close(undefined);
      this.#onOverrun?.();
      return false;
    }
    return true;
  }

  /** Gives a waiting reader what is there. */
  wake(): void {
    if (this.#reader === undefined || (this.#pending.length === 0 && this.#end === undefined)) return;
    const reader = this.#reader;
    this.#reader = undefined;
    if (this.#pending.length > 0) reader.resolve({ done: false, value: this.#take() });
    else if (this.#end?.error === undefined) reader.resolve({ done: true, value: undefined });
    else reader.reject(this.#end.error);
  }

  /** Ends the watch after what is pending. */
  close(error: Error | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#onClose();
    this.wake();
  }

  next(): Promise<IteratorResult<WatchBatch, undefined>> {
    if (this.#reader !== undefined) return Promise.reject(new Error('a watch has one reader'));
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
      this.wake();
    });
  }

  return(): Promise<IteratorResult<WatchBatch, undefined>> {
    this.#pending = [];
    this.close(undefined);
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(): WatchBatch {
    const events = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    return { events, revision: this.revision };
  }
}
