import {
  type StorageEvent,
  type StorageWatch,
  type StorageWatcher,
  storageClosed,
  watchExpired,
} from './storage.js';

/** What {@link Watchers} replays from: the part of the history that an engine retains. */
export interface History {
  /** The newest durable revision that was published. */
  readonly durable: number;
  /** Events after this revision are retained. */
  readonly compacted: number;
  /** At most `limit` events after a revision, in order; fewer only where the history ends. */
  eventsAfter(revision: number, limit: number): readonly StorageEvent[];
}

/** So many events are replayed before others get their turn. */
const replayBatch = 256;

interface Subscription {
  readonly watcher: StorageWatcher;
  /** Up to here the watcher knows all. */
  known: number;
  live: boolean;
  closed: boolean;
}

/**
 * The watches of one engine: each first replays what it missed, giving way between batches, then gets every flush as it
 * is published, so that no event is lost or doubled between the two.
 */
export class Watchers {
  readonly #history: History;
  readonly #subscriptions = new Set<Subscription>();
  readonly #queue: { events: readonly StorageEvent[]; revision: number }[] = [];
  #publishing = false;
  #ended = false;

  constructor(history: History) {
    this.#history = history;
  }

  add(after: number, watcher: StorageWatcher): StorageWatch {
    const subscription: Subscription = { watcher, known: after, live: false, closed: false };
    this.#subscriptions.add(subscription);
    if (after >= this.#history.durable && !this.#publishing && !this.#ended) subscription.live = true;
    else queueMicrotask(() => this.#replay(subscription));
    return {
      close: () => {
        subscription.closed = true;
        this.#subscriptions.delete(subscription);
      },
    };
  }

  /**
   * Gives a flush to every watcher that has caught up. A listener that writes at once does not overtake: what it causes
   * is published after what is being published.
   */
  publish(events: readonly StorageEvent[], revision: number): void {
    this.#queue.push({ events, revision });
    if (this.#publishing) return;
    this.#publishing = true;
    for (let flush = this.#queue.shift(); flush !== undefined; flush = this.#queue.shift()) {
      for (const subscription of this.#subscriptions) {
        if (subscription.live) this.#deliver(subscription, flush.events, flush.revision);
      }
    }
    this.#publishing = false;
  }

  /** Ends every watch. */
  end(error: Error | undefined): void {
    this.#ended = true;
    for (const subscription of this.#subscriptions) this.#end(subscription, error);
  }

  #replay(subscription: Subscription): void {
    if (subscription.closed) return;
    if (this.#ended) {
      this.#end(subscription, storageClosed());
      return;
    }
    if (subscription.known < this.#history.compacted) {
      this.#end(subscription, watchExpired());
      return;
    }
    const events = this.#history.eventsAfter(subscription.known, replayBatch);
    const caughtUp = events.length < replayBatch;
    const revision = caughtUp ? this.#history.durable : (events.at(-1)?.revision ?? subscription.known);
    if (caughtUp) subscription.live = true;
    else setImmediate(() => this.#replay(subscription));
    this.#deliver(subscription, events, revision);
  }

  #deliver(subscription: Subscription, events: readonly StorageEvent[], revision: number): void {
    if (subscription.closed || revision <= subscription.known) return;
    const { known } = subscription;
    const first = events[0];
    const unknown =
      first === undefined || first.revision > known ? events : events.filter((e) => e.revision > known);
    subscription.known = revision;
    try {
      subscription.watcher.onEvents(unknown, revision);
    } catch (error) {
      // The contract forbids it; the engine and the other watchers must not suffer, and the watcher is told.
      this.#end(subscription, error instanceof Error ? error : new Error(String(error)));
    }
  }

  #end(subscription: Subscription, error: Error | undefined): void {
    if (subscription.closed) return;
    subscription.closed = true;
    this.#subscriptions.delete(subscription);
    subscription.watcher.onEnd(error);
  }
}
