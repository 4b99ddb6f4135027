import { existsSync, rmSync, statfsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type DirectoryLock, lockDirectory } from './directory-lock.js';
import { checkDataFile } from './lmdb-file.js';
import { type Change, type CompactionStep, checkKey, LmdbTables } from './lmdb-tables.js';
import { makeDirectory } from './make-directory.js';
import { RecordBuffer } from './record-buffer.js';
import { asBuffer, decideAndAccept, type Newest, type SingleWriter } from './single-writer.js';
import {
  type Decide,
  flushFailed,
  type GetResult,
  type ListOptions,
  type ListResult,
  listExpired,
  type Storage,
  type StorageEntry,
  type StorageEvent,
  type StorageWatch,
  type StorageWatcher,
  storageClosed,
  tooLargeRevision,
} from './storage.js';
import { type History, Watchers } from './watchers.js';

export interface LmdbStorageOptions {
  /** How long lists and watches may go back. @default 300000 */
  readonly retainMs?: number;
  /** How many revisions they may go back at most. @default 100000 */
  readonly retainRevisions?: number;
  /** Where the revisions of a new directory begin. @default 1 */
  readonly firstRevision?: number;
  /** Told when flushes begin to fail, and when they work again. */
  readonly logger?: Logger;
  /** Stands around every flush: what it throws, or rejects with, is a failed flush. Tests inject faults here. */
  readonly aroundFlush?: (flush: () => Promise<unknown>) => Promise<unknown>;
}

/** A list gives way to others after so many keys. */
const listChunk = 512;
const ageCheckMs = 15_000;
const dataFile = 'data.mdb';

/** Many writes that become durable together. */
interface Group {
  readonly changes: Change[];
  /** What the bytes of the changes lie in. */
  readonly buffer: RecordBuffer;
  /** A step of compaction rides along. */
  compacts: boolean;
  readonly durable: Promise<void>;
  resolve(): void;
  reject(error: Error): void;
}

/** A key's newest state, with the revision of its last change: a deletion has one, too. */
interface NewestChange extends Newest {
  readonly changed: number;
}

/**
 * The embedded engine. A write is accepted in memory and joins the open group; one group at a time is flushed (LMDB
 * commits it with an fsync, off this thread) while the next one fills. Compaction removes from the log what a later
 * revision has replaced.
 */
export class LmdbStorage implements Storage, SingleWriter<NewestChange>, History {
  readonly #directory: string;
  readonly #options: LmdbStorageOptions;
  readonly #lock: DirectoryLock;
  readonly #tables: LmdbTables;
  readonly #watchers = new Watchers(this);
  /** The newest state of the keys whose last write is not durable yet. */
  readonly #pending = new Map<string, NewestChange>();
  /** Of flushes that are over. */
  readonly #buffers: RecordBuffer[] = [];
  #open: Group | undefined;
  #flushing: Group | undefined;
  #scheduled = false;
  #accepted: number;
  /** Up to here the log is compacted on disk; `compacted` runs ahead of it. */
  #compactedOnDisk: number;
  #compaction: Promise<void> | undefined;
  #failing = false;
  readonly #ages: { at: number; revision: number }[] = [];
  readonly #ageTimer: NodeJS.Timeout;
  #closing: Promise<void> | undefined;
  durable: number;
  compacted: number;

  /**
   * Opens the store in a directory, which is made where it is missing.
   * @throws Error, in one sentence, where another process holds the directory, a newer program wrote it, or it can't be
   * read.
   */
  static async open(directory: string, options: LmdbStorageOptions = {}): Promise<LmdbStorage> {
    const path = resolve(directory);
    try {
      await makeDirectory(path, 0o700);
    } catch (error) {
      throw new Error(`the data directory can't be made: ${(error as Error).message}`, { cause: error });
    }
    const lock = await lockDirectory(path);
    try {
      return new LmdbStorage(path, lock, options);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  private constructor(directory: string, lock: DirectoryLock, options: LmdbStorageOptions) {
    this.#directory = directory;
    this.#options = options;
    this.#lock = lock;
    const file = join(directory, dataFile);
    const isNew = !existsSync(file);
    checkDataFile(file);
    try {
      this.#tables = new LmdbTables(directory, options.firstRevision ?? 1);
    } catch (error) {
      // What was begun on a full disk would be taken for a store that lost everything.
      if (isNew) rmSync(file, { force: true });
      throw error;
    }
    this.#compactedOnDisk = this.#tables.compacted;
    this.compacted = this.#compactedOnDisk;
    this.durable = this.#tables.newest;
    this.#accepted = this.durable;
    this.#ageTimer = setInterval(() => this.#compactByAge(), ageCheckMs);
    this.#ageTimer.unref();
  }

  async revision(): Promise<number> {
    this.#assertOpen();
    return this.durable;
  }

  async get(key: string): Promise<GetResult> {
    this.#assertOpen();
    const entry = this.#tables.entryAt(key, this.#tables.newestOf(key), this.durable);
    return { entry, revision: this.durable };
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ListResult> {
    this.#assertOpen();
    const revision = options.revision ?? this.durable;
    if (revision > this.durable) throw tooLargeRevision(revision, this.durable);
    const limit = options.limit ?? Number.POSITIVE_INFINITY;
    const entries: StorageEntry[] = [];
    for (let { startAfter } = options; ; ) {
      if (revision < this.compacted) throw listExpired();
      // Nothing is held between two chunks: the revision makes them one list.
      const chunk = this.#tables.chunk(prefix, revision, {
        limit: Math.min(limit + 1, listChunk),
        ...(startAfter === undefined ? {} : { startAfter }),
      });
      for (const entry of chunk.entries) {
        if (entries.length === limit) return { entries, revision, more: true };
        entries.push(entry);
      }
      if (chunk.last === undefined) return { entries, revision, more: false };
      startAfter = chunk.last;
      await turn();
      this.#assertOpen();
    }
  }

  write(key: string, decide: Decide): Promise<number> {
    return decideAndAccept(this, key, decide);
  }

  watch(after: number, watcher: StorageWatcher): StorageWatch {
    this.#assertOpen();
    return this.#watchers.add(after, watcher);
  }

  async compact(revision: number): Promise<void> {
    this.#assertOpen();
    this.compacted = Math.max(this.compacted, Math.min(revision, this.durable));
    this.#compaction ??= this.#compact().finally(() => {
      this.#compaction = undefined;
    });
    await this.#compaction;
  }

  async size(): Promise<number> {
    return (await stat(join(this.#directory, dataFile))).size;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  newest(key: string): NewestChange {
    this.#assertOpen();
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending;
    checkKey(key);
    const changed = this.#tables.newestOf(key);
    return { changed, entry: this.#tables.entryAt(key, changed, this.durable), durable: undefined };
  }

  accept(key: string, value: Uint8Array | undefined, { entry, changed }: NewestChange): Promise<number> {
    const group = this.#openGroup();
    const revision = ++this.#accepted;
    const bytes = value && asBuffer(value);
    const event: StorageEvent = { key, revision, value: bytes, previous: entry };
    group.changes.push(this.#tables.change(event, changed, group.buffer.take));
    this.#pending.set(key, {
      changed: revision,
      entry: bytes && { key, value: bytes, revision },
      durable: group.durable,
    });
    return group.durable.then(() => revision);
  }

  eventsAfter(revision: number, limit: number): readonly StorageEvent[] {
    return this.#tables.events(revision, this.durable, limit);
  }

  #openGroup(): Group {
    this.#open ??= newGroup(this.#buffers.pop() ?? new RecordBuffer());
    if (this.#flushing === undefined && !this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.#flush();
      });
    }
    return this.#open;
  }

  /** One group at a time, so that a failure takes all that was accepted on top of it, and nothing is written after. */
  #flush(): void {
    const group = this.#open;
    if (group === undefined || this.#flushing !== undefined) return;
    this.#open = undefined;
    this.#flushing = group;
    let compaction: CompactionStep | undefined;
    const around = this.#options.aroundFlush ?? ((flush) => flush());
    const flushed = async () =>
      around(() => {
        if (group.compacts) compaction = this.#tables.compactionStep(this.compacted);
        return this.#tables.commit(group.changes, compaction);
      });
    flushed().then(
      () => this.#flushed(group, compaction?.upTo),
      (error) => this.#failed(group, error),
    );
  }

  #flushed(group: Group, compactedTo: number | undefined): void {
    this.#flushing = undefined;
    this.#tables.refresh();
    if (compactedTo !== undefined) this.#compactedOnDisk = compactedTo;
    if (this.#failing) {
      this.#failing = false;
      this.#options.logger?.warn('writes are stored again');
    }
    for (const { event } of group.changes) {
      if (this.#pending.get(event.key)?.changed === event.revision) this.#pending.delete(event.key);
    }
    group.buffer.reset();
    this.#buffers.push(group.buffer);
    // The next group goes to the disk while the answers to this one go out.
    this.#flush();
    const last = group.changes.at(-1);
    if (last !== undefined) {
      this.durable = last.event.revision;
      const events = group.changes.map((change) => change.event);
      this.#watchers.publish(events, this.durable);
    }
    group.resolve();
  }

  /** Fails all that is pending, and goes on from what the disk says. Revisions that were accepted are not used again. */
  async #failed(group: Group, error: unknown): Promise<void> {
    const reason = await causeOf(error);
    const cause = this.#diskFull() ?? reason;
    const failed = this.#open === undefined ? [group] : [group, this.#open];
    this.#open = undefined;
    this.#flushing = undefined;
    this.#pending.clear();
    this.#tables.refresh();
    // Should the commit have gone through after all, its events must not be missed.
    const newest = this.#tables.newest;
    if (newest > this.durable) {
      const after = this.durable;
      this.durable = newest;
      this.#watchers.publish(this.eventsAfter(after, newest - after), newest);
    }
    if (!this.#failing) {
      this.#failing = true;
      this.#options.logger?.error({ err: cause }, 'writes are refused, since they could not be made durable');
    }
    for (const each of failed) each.reject(flushFailed(cause));
  }

  /** LMDB reports a full disk as an input/output error. */
  #diskFull(): Error | undefined {
    const { bavail, bsize } = statfsSync(this.#directory);
    return bavail * bsize < 1 << 20
      ? new Error(`no space left on the disk of ${this.#directory}`)
      : undefined;
  }

  async #compact(): Promise<void> {
    while (this.#compactedOnDisk < this.compacted && this.#closing === undefined) {
      const group = this.#openGroup();
      group.compacts = true;
      await group.durable;
      await turn();
    }
  }

  #compactByAge(): void {
    const now = Date.now();
    this.#ages.push({ at: now, revision: this.durable });
    const { retainMs = 5 * 60_000, retainRevisions = 100_000 } = this.#options;
    let oldest = this.durable - retainRevisions;
    while (this.#ages[0] !== undefined && this.#ages[0].at <= now - retainMs) {
      oldest = Math.max(oldest, this.#ages.shift()?.revision ?? 0);
    }
    if (oldest <= this.#compactedOnDisk || this.#closing !== undefined) return;
    // A step that fails is tried again at the next check; writers are told of the same failure.
    this.compact(oldest).catch(() => this.#ages.unshift({ at: now - retainMs, revision: oldest }));
  }

  async #close(): Promise<void> {
    clearInterval(this.#ageTimer);
    for (
      let group = this.#flushing ?? this.#open;
      group !== undefined;
      group = this.#flushing ?? this.#open
    ) {
      // Its writers have the error.
      await group.durable.catch(() => undefined);
    }
    this.#watchers.end(undefined);
    await this.#tables.close();
    await this.#lock.release();
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw storageClosed();
  }
}

function newGroup(buffer: RecordBuffer): Group {
  let settle: Pick<Group, 'resolve' | 'reject'> | undefined;
  const durable = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // A group of compaction alone may have nobody who waits.
  durable.catch(() => undefined);
  return {
    changes: [],
    buffer,
    compacts: false,
    durable,
    ...(settle as Pick<Group, 'resolve' | 'reject'>),
  };
}

/** LMDB keeps the reason of a failed commit in a second promise, whose rejection ends the process unless handled. */
async function causeOf(error: unknown): Promise<unknown> {
  const reason = (error as { commitError?: Promise<unknown> } | undefined)?.commitError;
  if (reason === undefined) return error;
  return Promise.race([
    reason.then(
      () => error,
      (cause: unknown) => cause,
    ),
    turn(error),
  ]);
}
