import { setTimeout as delay } from 'node:timers/promises';
import type { StorageEvent, StorageWatcher } from '../storage.js';
import { watchExpired } from '../storage.js';
import type { EtcdClient, Stream } from './etcd-client.js';
import { everything } from './etcd-keys.js';
import { type KeyValue, methods, type WatchResponse } from './etcd-messages.js';

/** What a watch needs of the engine. */
export interface WatchSource {
  readonly client: EtcdClient;
  /** Undefined for what is not the store's. @returns `previous` always for a deletion */
  event(kv: KeyValue, previous: KeyValue | undefined, deleted: boolean): StorageEvent | undefined;
  /** Told of each batch before the watcher is. */
  onEvents(events: readonly StorageEvent[]): void;
  /** Told why a stream could not begin; it is tried again. */
  onProblem(error: unknown): void;
}

type WatchStream = Stream<{ create: object }, WatchResponse>;

const longestBackoffMs = 1_000;

/**
 * One watch of the whole keyspace, so that every revision brings an event and the last one says how far it is. It moves
 * to another member when its own fails or is given up, and goes on where it was.
 */
export class EtcdWatch {
  readonly #source: WatchSource;
  readonly #watcher: StorageWatcher;
  readonly #stopMoving: () => void;
  #stream: WatchStream | undefined;
  #opening = false;
  #failures = 0;
  #over = false;
  /** The store's revision when the stream began: until then the past is replayed. */
  #past: number | undefined;
  /** False while the past is replayed, and while there is no stream. */
  #caughtUp: boolean;
  #waiting: { readonly revision: number; resolve(): void }[] = [];
  /** Up to here the watcher knows all. */
  known: number;

  /** @param from the revision after which it begins, and whether any that follows is known of */
  constructor(
    source: WatchSource,
    from: { readonly after: number; readonly caughtUp: boolean },
    watcher: StorageWatcher,
  ) {
    this.#source = source;
    this.#watcher = watcher;
    this.known = from.after;
    this.#caughtUp = from.caughtUp;
    this.#stopMoving = source.client.onMove((left) => {
      if (this.#stream?.member === left) this.#reopen();
    });
    void this.#open();
  }

  /** Settles when the watcher knows all up to a revision, or is not one of those that had caught up. */
  reached(revision: number): Promise<void> {
    if (!this.#caughtUp || this.known >= revision) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ revision, resolve }));
  }

  /** The member does not keep up: tries another. */
  move(): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    this.#source.client.leave(stream.member);
    if (this.#stream === stream) this.#reopen();
  }

  close(): void {
    this.#over = true;
    this.#stopMoving();
    this.#drop();
  }

  end(error: Error | undefined): void {
    if (this.#over) return;
    this.close();
    this.#watcher.onEnd(error);
  }

  async #open(): Promise<void> {
    if (this.#opening || this.#over) return;
    this.#opening = true;
    try {
      for (; !this.#over && this.#stream === undefined; this.#failures++) {
        if (this.#failures > 0) await delay(backoffMs(this.#failures), undefined, { ref: false });
        try {
          await this.#start();
        } catch (error) {
          this.#source.onProblem(error);
        }
      }
    } finally {
      this.#opening = false;
    }
  }

  async #start(): Promise<void> {
    const stream: WatchStream = await this.#source.client.open(methods.watch, {
      onData: (response) => {
        try {
          this.#onResponse(response);
        } catch (error) {
          // A value that makes no sense: nothing may be left out.
          this.end(error instanceof Error ? error : new Error(String(error)));
        }
      },
      onEnd: () => {
        this.#source.client.leave(stream.member);
        if (this.#stream === stream) this.#reopen();
      },
    });
    if (this.#over) {
      stream.cancel();
      return;
    }
    this.#stream = stream;
    stream.write({ create: { ...everything, startRevision: this.known + 1, previous: true } });
  }

  #reopen(): void {
    this.#drop();
    void this.#open();
  }

  #drop(): void {
    this.#stream?.cancel();
    this.#stream = undefined;
    this.#past = undefined;
    this.#caughtUp = false;
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  #onResponse(response: WatchResponse): void {
    if (response.canceled) {
      if ((response.compactRevision ?? 0) > 0) this.end(watchExpired());
      else {
        if (this.#stream !== undefined) this.#source.client.leave(this.#stream.member);
        this.#reopen();
      }
      return;
    }
    if (response.created) {
      this.#past = response.header?.revision ?? 0;
      this.#failures = 0;
      this.#caughtUp ||= this.known >= this.#past;
    }
    const newest = response.events?.at(-1)?.kv?.modRevision ?? 0;
    if (newest <= this.known) return;
    const events: StorageEvent[] = [];
    for (const { kv, previous, type } of response.events ?? []) {
      if (kv === undefined || (kv.modRevision ?? 0) <= this.known) continue;
      const deleted = type === 1;
      const created = kv.createRevision === kv.modRevision;
      if (previous === undefined && !created) {
        // What was there before is compacted meanwhile.
        this.end(watchExpired());
        return;
      }
      const event = this.#source.event(kv, previous, deleted);
      if (event !== undefined) events.push(event);
    }
    this.known = newest;
    this.#caughtUp ||= this.#past !== undefined && newest >= this.#past;
    this.#source.onEvents(events);
    this.#deliver(events);
    this.#waiting = this.#waiting.filter(({ revision, resolve }) => revision > newest || resolve());
  }

  #deliver(events: readonly StorageEvent[]): void {
    try {
      this.#watcher.onEvents(events, this.known);
    } catch (error) {
      // The contract forbids it; the engine and the other watchers must not suffer, and the watcher is told.
      this.end(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

function backoffMs(failures: number): number {
  return Math.min(longestBackoffMs, 20 * 2 ** failures) * (0.5 + Math.random() / 2);
}
