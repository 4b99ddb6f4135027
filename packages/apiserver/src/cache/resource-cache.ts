import { setTimeout as delay } from 'node:timers/promises';
import { ApiError, isGone } from '@kubewright/api';
import { Distribution } from '../metrics/series.js';
import { type Storage, type StorageEvent, storageClosed, watchExpired } from '../storage/storage.js';
import { Change, type Side } from './cache-event.js';
import { type CacheStatistics, ListCounts } from './cache-statistics.js';
import { CacheWatch, type WatchOptions } from './cache-watch.js';
import { EventWindow, type WindowLimits } from './event-window.js';
import type { StoredReader } from './head.js';
import { listOf, type ObjectList } from './object-list.js';
import { objectNameOf } from './object-name.js';
import { type CacheEntry, ObjectTable, type TableQuery } from './object-table.js';
import { selects } from './selection.js';
import type { Turn } from './turns.js';
import { WatcherIndex } from './watcher-index.js';

/** What a resource's cache needs of the feed that it shares with the others. */
export interface Feed {
  readonly storage: Storage;
  /** Up to here every resource knows all. */
  readonly revision: number;
  waitFor(revision: number, signal?: AbortSignal): Promise<void>;
  /** Calls back once, behind what this tick still brings. */
  atEndOfTick(wake: () => void): void;
  /** Told what an attempt to load again failed with. */
  onProblem(error: unknown): void;
}

export interface ListQuery extends TableQuery {
  /** Exactly at this revision. @default the newest that is known */
  readonly revision?: number;
}

export interface CacheList {
  readonly entries: readonly CacheEntry[];
  readonly revision: number;
  readonly more: boolean;
}

const loadPage = 1000;
/** Upper bounds in seconds of how long reads wait, as upstream has them. */
const waitSeconds = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3];
/** Between attempts to load again. */
const retryMs = 1000;

/**
 * The objects of one resource in memory, as the store has them, and the recent changes. Reads cost no I/O and parse
 * nothing; what is older than memory goes back to is asked of the store.
 */
export class ResourceCache {
  readonly prefix: string;
  /**
   * Settles when the objects are loaded for the first time; reads before that are refused. Over an engine that answers at once they are
   * loaded by the first read, so that a server that was just forked costs nothing for what nobody asks.
   */
  readonly ready: Promise<void>;
  readonly #feed: Feed;
  readonly #limits: WindowLimits;
  readonly #watchers = new WatcherIndex();
  #reader: StoredReader;
  #table: ObjectTable;
  #window: EventWindow | undefined;
  /** What arrives while the objects are loaded. */
  #backlog: StorageEvent[] = [];
  /** Counts the loads that were begun: only the last one counts. */
  #loading = 0;
  #lastChanged = 0;
  #dirty = new Set<CacheWatch>();
  #closed = false;
  #listeners: readonly ((change: Change) => void)[] = [];
  readonly #counts = {
    ...{ received: 0, dispatched: 0, loads: 0, loaded: 0, terminated: 0 },
    listed: 0,
    ...{ consistentReads: 0, failedConsistentReads: 0 },
    ...{ storedLists: 0, storedListed: 0, storedLooked: 0, storedSelected: 0 },
  };
  /** Lists that memory answered, by the index that helped. */
  readonly #lists = new ListCounts();
  readonly #waits = new Distribution(waitSeconds);

  constructor(
    feed: Feed,
    prefix: string,
    options: { readonly reader: StoredReader; readonly window?: WindowLimits },
  ) {
    this.prefix = prefix;
    this.#feed = feed;
    this.#reader = options.reader;
    this.#limits = options.window ?? {};
    this.#table = this.#newTable();
    const stored = feed.storage.listNow?.(prefix);
    if (stored === undefined) this.ready = this.#load();
    else {
      this.#table.load(stored.entries);
      this.#begin(this.#table, stored.revision);
      this.ready = Promise.resolve();
    }
    // Whoever awaits it is told; the server as a whole is told by the feed.
    this.ready.catch(() => undefined);
  }

  /** The revision that reads are at: at least that of every acknowledged write to this process. */
  get revision(): number {
    return this.#feed.revision;
  }

  /** The revision of the last change of one of the objects. */
  get changed(): number {
    return this.#lastChanged;
  }

  /** How many objects there are. */
  get size(): number {
    return this.#table.size;
  }

  get isLoading(): boolean {
    return this.#window === undefined;
  }

  get statistics(): CacheStatistics {
    const { size, bytes } = this.#table;
    const capacity = this.#window?.capacity ?? 0;
    return {
      ...this.#counts,
      ...{ objects: size, bytes, revision: this.revision, capacity },
      ...{ waits: this.#waits, lists: this.#lists.byIndex },
    };
  }

  /** @throws ApiError TooManyRequests while the objects are loaded. */
  get(key: string): CacheEntry | undefined {
    this.#assertReady();
    return this.#table.get(key);
  }

  /** All that memory has, at once: for resources that have few objects. @throws ApiError as {@link get} */
  listNow(query: TableQuery = {}): readonly CacheEntry[] {
    this.#assertReady();
    return this.#table.list(query).entries;
  }

  /**
   * Lists in the order of keys. Memory answers where nothing of the resource changed since `query.revision`; an older
   * state comes from the store.
   * @throws ApiError Expired, Timeout (a revision of the future), TooManyRequests (while loading)
   */
  async list(query: ListQuery = {}): Promise<CacheList> {
    this.#assertReady();
    const { revision } = query;
    if (revision === undefined || this.#isCurrent(revision)) {
      return { ...this.#table.list(query), revision: revision ?? this.revision };
    }
    return this.#listStored(query, revision);
  }

  /**
   * The same for long lists: it is found in slices of time, and can be read in such, while the cache goes on changing.
   * The caller releases the answer.
   * @throws ApiError as {@link list}
   */
  async select(query: ListQuery, turn: Turn): Promise<ObjectList> {
    this.#assertReady();
    const revision = query.revision ?? this.revision;
    if (!this.#isCurrent(revision)) {
      const { entries, more } = await this.#listStored(query, revision, turn);
      return listOf(entries, revision, more);
    }
    const total = query.startAfter === undefined ? this.#table.count(query.namespace) : undefined;
    const found = this.#table.select(query);
    try {
      for (const _ of found.steps()) if (turn.over) await turn.next();
    } catch (error) {
      found.release();
      throw error;
    }
    this.#counts.listed += found.length;
    this.#lists.count(found);
    return {
      revision,
      total,
      length: found.length,
      more: found.more,
      last: found.last,
      entries: () => found.entries(),
      release: () => found.release(),
    };
  }

  /** Whether memory has the state at a revision: nothing of the resource changed since. */
  #isCurrent(revision: number): boolean {
    return revision >= this.#lastChanged && revision <= this.revision;
  }

  /**
   * Watches from a revision. Recent changes come from memory; older ones from the store's history.
   * @throws ApiError TooManyRequests while the objects are loaded. That the revision is compacted, the iterator throws.
   */
  watch(options: WatchOptions): CacheWatch {
    const window = this.#assertReady();
    const progress = (): number => Math.max(this.revision, options.after);
    if (options.after < window.start) return this.#watchStored(options);
    const watch = new CacheWatch(options, progress, (closed) => this.#remove(closed));
    for (const change of window.after(options.after)) watch.offer(change);
    this.#file(watch);
    return watch;
  }

  /**
   * Resolves when reads are at least at a revision.
   * @throws ApiError Timeout as of `tooLargeRevision` where it does not come within three seconds.
   */
  async waitFor(revision: number, signal?: AbortSignal): Promise<void> {
    const start = performance.now();
    try {
      await this.#feed.waitFor(revision, signal);
    } finally {
      this.#waits.observe((performance.now() - start) / 1000);
    }
  }

  /** Counts a list of the newest state, which waits until the cache has it. */
  async consistentRead(waiting: Promise<void>): Promise<void> {
    try {
      await waiting;
      this.#counts.consistentReads += 1;
    } catch (error) {
      this.#counts.failedConsistentReads += 1;
      throw error;
    }
  }

  /**
   * Looks at all objects anew, as when the schema or the selectable fields of a custom resource change: from now on
   * readers get what `reader` makes of them. Watches go on.
   */
  reread(reader: StoredReader): void {
    this.#reader = reader;
    this.#table.reread(reader);
  }

  /**
   * Tells of every change from now on, before the write that made it is answered.
   * @returns what takes that back
   */
  onChange(listener: (change: Change) => void): () => void {
    this.#listeners = [...this.#listeners, listener];
    return () => {
      this.#listeners = this.#listeners.filter((one) => one !== listener);
    };
  }

  /** Takes a change that the feed brings. For the feed alone. */
  apply(event: StorageEvent): void {
    const window = this.#window;
    if (window === undefined) {
      this.#backlog.push(event);
      return;
    }
    // The first list may be newer than the feed.
    if (this.#closed || event.revision <= window.start) return;
    const { key, revision, value, previous } = event;
    // The change keeps the store's bytes: a view into the table's slabs would keep whole slabs in memory.
    const before = previous && {
      bytes: previous.value,
      head: this.#table.head(key) ?? this.#reader.head(previous.value),
    };
    const after = value && { bytes: value, head: this.#reader.head(value) };
    if (after === undefined) this.#table.delete(key);
    else this.#table.set(key, revision, after);
    const change = new Change({
      key,
      name: objectNameOf(this.prefix, key),
      revision,
      before: this.#readable(before),
      after: this.#readable(after),
    });
    this.#lastChanged = revision;
    this.#counts.received += 1;
    window.push(change, this.#table.bytes);
    for (const listener of this.#listeners) listener(change);
    for (const watch of this.#watchers.concerned(change)) {
      if (!watch.offer(change)) continue;
      this.#counts.dispatched += 1;
      this.#wakeLater(watch);
    }
  }

  /**
   * Loads everything again, since changes were missed; reads are refused meanwhile, and watchers told that they are too
   * old. For the feed alone.
   */
  reload(): void {
    this.#window = undefined;
    this.#backlog = [];
    this.#loading++;
    for (const watch of [...this.#watchers.all()]) watch.close(watchExpired());
    void this.#loadAgain();
  }

  /** Ends every watch and refuses all that comes. For the feed alone. */
  close(error: Error | undefined): void {
    this.#closed = true;
    this.#window = undefined;
    for (const watch of [...this.#watchers.all()]) watch.close(error);
  }

  #newTable(): ObjectTable {
    return new ObjectTable(this.prefix, this.#reader);
  }

  /** An object as readers get it. */
  #readable<S extends Side | undefined>(side: S): S {
    if (side?.head.stale !== true) return side;
    return { ...side, bytes: this.#reader.current?.(side.bytes) ?? side.bytes };
  }

  async #load(): Promise<void> {
    const { storage } = this.#feed;
    for (;;) {
      try {
        await this.#loadOnce(storage);
        return;
      } catch (error) {
        // A load that compaction overtook starts again.
        if (!isGone(error)) throw error;
      }
    }
  }

  /** As often as it takes. */
  async #loadAgain(): Promise<void> {
    while (!this.#closed) {
      try {
        return await this.#load();
      } catch (error) {
        if (this.#closed) return;
        this.#feed.onProblem(error);
        await delay(retryMs, undefined, { ref: false });
      }
    }
  }

  async #loadOnce(storage: Storage): Promise<void> {
    const loading = this.#loading;
    const table = this.#newTable();
    let page = await storage.list(this.prefix, { limit: loadPage });
    const { revision } = page;
    for (;;) {
      table.load(page.entries);
      const startAfter = page.entries.at(-1)?.key;
      if (!page.more || startAfter === undefined) break;
      page = await storage.list(this.prefix, { limit: loadPage, startAfter, revision });
    }
    await this.#feed.waitFor(revision);
    if (this.#closed) throw storageClosed();
    if (loading !== this.#loading) return;
    this.#begin(table, revision);
    const backlog = this.#backlog;
    this.#backlog = [];
    for (const event of backlog) this.apply(event);
  }

  /** The table is as the store was at the revision. */
  #begin(table: ObjectTable, revision: number): void {
    table.loaded();
    // The reader may have changed while the objects were loaded.
    table.reread(this.#reader);
    this.#table = table;
    this.#lastChanged = revision;
    this.#counts.loads += 1;
    this.#counts.loaded += this.#table.size;
    this.#window = new EventWindow(revision, this.#limits);
  }

  async #listStored(query: ListQuery, revision: number, turn?: Turn): Promise<CacheList> {
    const counts = this.#counts;
    counts.storedLists += 1;
    const { namespace, selection = {}, limit = Number.POSITIVE_INFINITY } = query;
    const within = namespace === undefined ? this.prefix : `${this.prefix}${namespace}/`;
    const selectsAll = selection.labels === undefined && selection.fields === undefined;
    const entries: CacheEntry[] = [];
    const answer = (more: boolean): CacheList => {
      counts.storedListed += entries.length;
      return { entries, revision, more };
    };
    for (let startAfter = query.startAfter, more = true; more; ) {
      const page = await this.#feed.storage.list(within, {
        revision,
        limit: selectsAll ? Math.min(limit, loadPage) + 1 : loadPage,
        ...(startAfter === undefined ? {} : { startAfter }),
      });
      counts.storedLooked += page.entries.length;
      for (const { key, value, revision: changed } of page.entries) {
        const name = objectNameOf(this.prefix, key);
        const reads = this.#reader.current !== undefined;
        const head = selectsAll && !reads ? undefined : this.#reader.head(value);
        if (head !== undefined) {
          counts.storedSelected += 1;
          if (!selects(selection, name, head)) continue;
        }
        if (entries.length === limit) return answer(true);
        const { bytes } = head === undefined ? { bytes: value } : this.#readable({ bytes: value, head });
        entries.push({ key, bytes, revision: changed });
      }
      startAfter = page.entries.at(-1)?.key;
      more = page.more;
      if (turn?.over) await turn.next();
    }
    return answer(false);
  }

  /** Replays the store's history until the window continues it. */
  #watchStored(options: WatchOptions): CacheWatch {
    let known = options.after;
    let filed = false;
    const watch = new CacheWatch(
      options,
      () => (filed ? Math.max(this.revision, known) : known),
      (closed) => {
        history.close();
        this.#remove(closed);
      },
    );
    const history = this.#feed.storage.watch(options.after, {
      onEvents: (events, revision) => {
        for (const event of events) {
          if (event.key.startsWith(this.prefix)) watch.offer(this.#changeOf(event));
        }
        known = revision;
        const window = this.#window;
        if (window === undefined) watch.close(undefined);
        else if (known >= window.start && known <= this.revision) {
          history.close();
          for (const change of window.after(known)) watch.offer(change);
          filed = true;
          this.#file(watch);
        }
        this.#wakeLater(watch);
      },
      onEnd: (error) => watch.close(isGone(error) ? this.#tooOld(options.after) : error),
    });
    return watch;
  }

  /** In upstream's words. */
  #tooOld(revision: number): ApiError {
    const oldest = this.#window?.start ?? this.revision;
    return new ApiError('Expired', `too old resource version: ${revision} (${oldest})`);
  }

  #changeOf({ key, revision, value, previous }: StorageEvent): Change {
    const side = (bytes: Buffer): Side => this.#readable({ bytes, head: this.#reader.head(bytes) });
    return new Change({
      key,
      name: objectNameOf(this.prefix, key),
      revision,
      before: previous && side(previous.value),
      after: value && side(value),
    });
  }

  #file(watch: CacheWatch): void {
    if (!watch.closed) this.#watchers.add(watch);
  }

  #remove(watch: CacheWatch): void {
    if (watch.overrun) this.#counts.terminated += 1;
    this.#watchers.remove(watch);
  }

  #wakeLater(watch: CacheWatch): void {
    if (this.#dirty.size === 0) this.#feed.atEndOfTick(() => this.#wake());
    this.#dirty.add(watch);
  }

  #wake(): void {
    const dirty = this.#dirty;
    this.#dirty = new Set();
    for (const watch of dirty) watch.wake();
  }

  #assertReady(): EventWindow {
    if (this.#closed) throw storageClosed();
    if (this.#window === undefined) {
      throw new ApiError('TooManyRequests', 'storage is (re)initializing', {
        details: { retryAfterSeconds: 1 },
      });
    }
    return this.#window;
  }
}
