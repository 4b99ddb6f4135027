import { canonicalValue } from '../storage/etcd/canonical-value.js';
import type {
  Decide,
  Decision,
  GetResult,
  ListOptions,
  ListResult,
  Storage,
  StorageEntry,
  StorageEvent,
  StorageWatch,
  StorageWatcher,
} from '../storage/storage.js';
import type { Encryption } from './encryption.js';
import { after, type Eventually } from './transformer.js';

/**
 * An engine whose values are encrypted, of the resources that the configuration names: callers see plaintext, the
 * engine never does. Nothing else changes: revisions, order and compare-and-swap are the engine's.
 */
export function encryptedStorage(engine: Storage, encryption: Encryption): Storage {
  const plain = (entry: StorageEntry): Eventually<StorageEntry> => {
    const chain = encryption.chainOf(entry.key);
    if (chain === undefined) return entry;
    return after(chain.decrypt(entry.value, entry.key), ({ plain: value }) => ({
      ...entry,
      value: canonicalValue(value),
    }));
  };
  return {
    revision: () => engine.revision(),

    async get(key: string): Promise<GetResult> {
      const { entry, revision } = await engine.get(key);
      return { entry: entry && (await plain(entry)), revision };
    },

    async list(prefix: string, options?: ListOptions): Promise<ListResult> {
      const found = await engine.list(prefix, options);
      const entries: StorageEntry[] = [];
      for (const entry of found.entries) {
        const readable = plain(entry);
        entries.push(readable instanceof Promise ? await readable : readable);
      }
      return { ...found, entries };
    },

    write: (key: string, decide: Decide) => {
      const chain = encryption.chainOf(key);
      if (chain === undefined) return engine.write(key, decide);
      return engine.write(key, (current) => {
        if (current === undefined)
          return after(decide(undefined), (decision) => encrypted(decision, chain, key));
        return after(chain.decrypt(current.value, key), ({ plain: value, stale }) =>
          after(decide({ ...current, value: canonicalValue(value) }), (decision) =>
            'keep' in decision && decision.unchanged === true && stale
              ? encrypted({ put: value }, chain, key)
              : encrypted(decision, chain, key),
          ),
        );
      });
    },

    watch: (from: number, watcher: StorageWatcher): StorageWatch =>
      engine.watch(from, new PlainWatcher(watcher, plain)),

    compact: (revision) => engine.compact(revision),
    ...(engine.expireAfter === undefined
      ? {}
      : { expireAfter: (prefix: string, seconds: number) => engine.expireAfter?.(prefix, seconds) }),
    ...(engine.size === undefined ? {} : { size: engine.size.bind(engine) }),
    close: () => engine.close(),
  };
}

function encrypted(
  decision: Decision,
  chain: NonNullable<ReturnType<Encryption['chainOf']>>,
  key: string,
): Eventually<Decision> {
  return 'put' in decision ? after(chain.encrypt(decision.put, key), (put) => ({ put })) : decision;
}

/**
 * Passes events on in plaintext and in order: at once where the keys are at hand, which they are for what this process
 * wrote; behind those that wait for somebody else where not.
 */
class PlainWatcher implements StorageWatcher {
  readonly #watcher: StorageWatcher;
  readonly #plain: (entry: StorageEntry) => Eventually<StorageEntry>;
  #waiting: Promise<void> | undefined;
  #ended = false;

  constructor(watcher: StorageWatcher, plain: (entry: StorageEntry) => Eventually<StorageEntry>) {
    this.#watcher = watcher;
    this.#plain = plain;
  }

  onEvents(events: readonly StorageEvent[], revision: number): void {
    if (this.#waiting !== undefined) {
      this.#queue(() => this.#readable(events), revision);
      return;
    }
    try {
      const readable = this.#readable(events);
      if (readable instanceof Promise) this.#queue(() => readable, revision);
      else this.#watcher.onEvents(readable, revision);
    } catch (error) {
      this.#fail(error);
    }
  }

  onEnd(error: Error | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#watcher.onEnd(error);
  }

  #queue(read: () => Eventually<StorageEvent[]>, revision: number): void {
    const before = this.#waiting ?? Promise.resolve();
    const mine = before
      .then(read)
      .then(
        (events) => {
          if (!this.#ended) this.#watcher.onEvents(events, revision);
        },
        (error: unknown) => this.#fail(error),
      )
      .finally(() => {
        if (this.#waiting === mine) this.#waiting = undefined;
      });
    this.#waiting = mine;
  }

  #fail(error: unknown): void {
    // What can't be read can't be passed over either: whoever watches would never know of it.
    this.onEnd(error instanceof Error ? error : new Error(String(error)));
  }

  #readable(events: readonly StorageEvent[]): Eventually<StorageEvent[]> {
    const all = events.map((event) => this.#readableEvent(event));
    return all.some((one) => one instanceof Promise) ? Promise.all(all) : (all as StorageEvent[]);
  }

  #readableEvent(event: StorageEvent): Eventually<StorageEvent> {
    const { key, revision, value, previous } = event;
    const now = value === undefined ? undefined : this.#plain({ key, revision, value });
    return after(now, (entry) =>
      after(previous === undefined ? undefined : this.#plain(previous), (before) => ({
        key,
        revision,
        value: entry?.value,
        previous: before,
      })),
    );
  }
}
