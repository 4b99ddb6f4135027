import { mkdirSync, statfsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { type Database, open, type RootDatabase } from 'lmdb';
import { type DirectoryLock, lockDirectory } from './directory-lock.js';
import { checkDataFile } from './lmdb-file.js';
import { decodeRecord, encodeRecord, previousIn, valueIn } from './lmdb-record.js';
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
  /** Stands around every flush: what it throws, or rejects with, is a failed flush. Tests inject faults here. */
  readonly aroundFlush?: (flush: () => Promise<unknown>) => Promise<unknown>;
}

/** Raised when the layout changes such that an older program would misread it. */
const format = 1;
const firstRevision = 1;
/** A list gives way to others after so many keys, a compaction after so many revisions. */
const listChunk = 512;
const compactionStep = 256;
const ageCheckMs = 15_000;
/** LMDB allows 1,978 bytes. */
const longestKey = 1500;

/** Many writes that become durable together. */
interface Group {
  readonly changes: { readonly event: StorageEvent; readonly key: Buffer; readonly record: Buffer }[];
  /** A step of compaction that rides along. */
  compactTo: number | undefined;
  readonly durable: Promise<void>;
  resolve(): void;
  reject(error: Error): void;
}

/**
 * The embedded engine. Two tables: `log` maps each revision to what it changed, `index` each key to its newest
 * revision. A write is accepted in memory and joins the open group; one group at a time is flushed (LMDB commits it
 * with an fsync, off this thread) while the next one fills. Compaction removes from the log what a later revision has
 * replaced.
 */
export class LmdbStorage implements Storage, SingleWriter, History {
  readonly #directory: string;
  readonly #options: LmdbStorageOptions;
  readonly #lock: DirectoryLock;
  readonly #root: RootDatabase<Buffer, string>;
  readonly #log: Database<Buffer, number>;
  readonly #index: Database<Buffer, Buffer>;
  readonly #meta: Database<number, string>;
  readonly #watchers = new Watchers(this);
  /** The newest state of the keys whose last write is not durable yet. */
  readonly #pending = new Map<string, { revision: number; entry: StorageEntry | undefined; group: Group }>();
  #open: Group | undefined;
  #flushing: Group | undefined;
  #scheduled = false;
  #accepted: number;
  /** Up to here the log is compacted on disk; `compacted` runs ahead of it. */
  #compactedOnDisk: number;
  #compaction: Promise<void> | undefined;
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
      mkdirSync(path, { recursive: true, mode: 0o700 });
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
    checkDataFile(join(directory, 'data.mdb'));
    this.#root = open<Buffer, string>({
      path: directory,
      noSubdir: false,
      encoding: 'binary',
      // A resolved write is a durable one.
      overlappingSync: false,
      // Groups are made here. (LMDB's own make a promise that nobody can reach, and its rejection ends the process.)
      eventTurnBatching: false,
    });
    this.#log = this.#root.openDB<Buffer, number>('log', { encoding: 'binary' });
    this.#index = this.#root.openDB<Buffer, Buffer>('index', { encoding: 'binary', keyEncoding: 'binary' });
    this.#meta = this.#root.openDB<number, string>('meta', { encoding: 'ordered-binary' });
    const written = this.#meta.get('format');
    if (written === undefined) this.#meta.putSync('format', format);
    else if (written > format) {
      void this.#root.close();
      throw new Error(
        `the data directory ${directory} was written by a newer version of Kubewright (format ${written}, this version reads up to ${format})`,
      );
    }
    this.#compactedOnDisk = this.#meta.get('compacted') ?? firstRevision;
    this.compacted = this.#compactedOnDisk;
    this.durable = this.#newestOnDisk();
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
    const newest = this.#index.getBinary(Buffer.from(key));
    const entry = newest && this.#entryAt(key, newest.readDoubleBE(0), this.durable);
    return { entry, revision: this.durable };
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ListResult> {
    this.#assertOpen();
    const revision = options.revision ?? this.durable;
    if (revision > this.durable) throw tooLargeRevision(revision, this.durable);
    const limit = options.limit ?? Number.POSITIVE_INFINITY;
    const end = successor(prefix);
    let start = Buffer.from(prefix);
    if (options.startAfter !== undefined) {
      const after = justAfter(Buffer.from(options.startAfter));
      if (after.compare(start) > 0) start = after;
    }
    const entries: StorageEntry[] = [];
    for (;;) {
      if (revision < this.compacted) throw listExpired();
      const chunk = Math.min(limit + 1, listChunk);
      let found = 0;
      // Nothing is held between two chunks: the revision makes them one list.
      const range = this.#index.getRange({ start, ...(end === undefined ? {} : { end }), limit: chunk });
      for (const { key: bytes, value } of [...range]) {
        found++;
        const key = Buffer.from(bytes);
        start = justAfter(key);
        const entry = this.#entryAt(key.toString(), value.readDoubleBE(0), revision);
        if (entry === undefined) continue;
        if (entries.length === limit) return { entries, revision, more: true };
        entries.push(entry);
      }
      if (found < chunk) return { entries, revision, more: false };
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

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  newest(key: string): Newest {
    this.#assertOpen();
    const pending = this.#pending.get(key);
    if (pending !== undefined) return { entry: pending.entry, durable: pending.group.durable };
    const bytes = keyBytes(key);
    const newest = this.#index.getBinary(bytes);
    return {
      entry: newest && this.#entryAt(key, newest.readDoubleBE(0), this.durable),
      durable: undefined,
    };
  }

  accept(key: string, value: Uint8Array | undefined, previous: StorageEntry | undefined): Promise<number> {
    const bytes = keyBytes(key);
    const record = encodeRecord(bytes, value, this.#newestRevision(key, bytes));
    const revision = ++this.#accepted;
    const event: StorageEvent = { key, revision, value: value && asBuffer(value), previous };
    const group = this.#openGroup();
    group.changes.push({ event, key: bytes, record });
    const entry = event.value && { key, value: event.value, revision };
    this.#pending.set(key, { revision, entry, group });
    return group.durable.then(() => revision);
  }

  eventsAfter(revision: number, limit: number): readonly StorageEvent[] {
    const range = this.#log.getRange({ start: revision + 1, end: this.durable + 1, limit });
    return [...range].map(({ key: at, value: bytes }) => {
      const record = decodeRecord(bytes);
      const previous = this.#entryAt(record.key, record.previous, at);
      return { key: record.key, revision: at, value: record.value, previous };
    });
  }

  /** Walks from one of a key's revisions back to what it was at `revision`. */
  #entryAt(key: string, newest: number, revision: number): StorageEntry | undefined {
    for (let at = newest; at > 0; ) {
      const record = this.#log.getBinary(at);
      // Only a deletion that is compacted is missing; what it deleted is not visible at any revision that is left.
      if (record === undefined) return undefined;
      if (at <= revision) {
        const value = valueIn(record);
        return value && { key, value, revision: at };
      }
      at = previousIn(record);
    }
    return undefined;
  }

  /** The revision of a key's last change, a deletion's too. */
  #newestRevision(key: string, bytes: Buffer): number {
    return this.#pending.get(key)?.revision ?? this.#index.getBinary(bytes)?.readDoubleBE(0) ?? 0;
  }

  #newestOnDisk(): number {
    const [last] = [...this.#log.getKeys({ reverse: true, limit: 1 })];
    return Math.max(last ?? firstRevision, this.#compactedOnDisk);
  }

  #openGroup(): Group {
    this.#open ??= newGroup();
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
    const around = this.#options.aroundFlush ?? ((flush) => flush());
    const flushed = async () => around(() => this.#commit(group));
    flushed().then(
      () => this.#flushed(group),
      (error) => this.#failed(group, error),
    );
  }

  #commit(group: Group): Promise<unknown> {
    const removals = group.compactTo === undefined ? [] : this.#removals(group.compactTo);
    // Nothing in here may throw: LMDB would commit what was queued until then.
    return this.#root.batch(() => {
      for (const { revision, key } of removals) {
        this.#log.remove(revision);
        if (key !== undefined) this.#index.remove(key);
      }
      if (group.compactTo !== undefined) this.#meta.put('compacted', group.compactTo);
      for (const { event, key, record } of group.changes) {
        const revision = Buffer.allocUnsafe(8);
        revision.writeDoubleBE(event.revision);
        this.#log.put(event.revision, record);
        this.#index.put(key, revision);
      }
    });
  }

  #flushed(group: Group): void {
    this.#flushing = undefined;
    this.#root.resetReadTxn();
    if (group.compactTo !== undefined) this.#compactedOnDisk = group.compactTo;
    for (const { event } of group.changes) {
      if (this.#pending.get(event.key)?.revision === event.revision) this.#pending.delete(event.key);
    }
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
    this.#root.resetReadTxn();
    // Should the commit have gone through after all, its events must not be missed.
    const newest = this.#newestOnDisk();
    if (newest > this.durable) {
      const after = this.durable;
      this.durable = newest;
      this.#watchers.publish(this.eventsAfter(after, newest - after), newest);
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
      group.compactTo = Math.min(this.#compactedOnDisk + compactionStep, this.compacted);
      await group.durable;
      await turn();
    }
  }

  /** What is visible at no revision from `upTo` on: replaced records, deletions, and the keys that end in them. */
  #removals(upTo: number): { readonly revision: number; readonly key?: Buffer }[] {
    const removals: { revision: number; key?: Buffer }[] = [];
    const range = this.#log.getRange({ start: this.#compactedOnDisk + 1, end: upTo + 1 });
    for (const { key: revision, value: bytes } of [...range]) {
      const record = decodeRecord(bytes);
      if (record.previous > 0) removals.push({ revision: record.previous });
      if (record.value === undefined) {
        const key = Buffer.from(record.key);
        const isNewest = this.#index.getBinary(key)?.readDoubleBE(0) === revision;
        removals.push(isNewest ? { revision, key } : { revision });
      }
    }
    return removals;
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
    await this.#root.close();
    await this.#lock.release();
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw storageClosed();
  }
}

function newGroup(): Group {
  let settle: Pick<Group, 'resolve' | 'reject'> | undefined;
  const durable = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // A group of compaction alone may have nobody who waits.
  durable.catch(() => undefined);
  return { changes: [], compactTo: undefined, durable, ...(settle as Pick<Group, 'resolve' | 'reject'>) };
}

function keyBytes(key: string): Buffer {
  const bytes = Buffer.from(key);
  if (bytes.length === 0 || bytes.length > longestKey) {
    throw new RangeError(`a key has 1 to ${longestKey} bytes, this one ${bytes.length}`);
  }
  return bytes;
}

function justAfter(key: Buffer): Buffer<ArrayBuffer> {
  return Buffer.concat([key, Buffer.of(0)]);
}

/** The first key behind all that start with the prefix. (No byte of UTF-8 is 255, so the last one can be raised.) */
function successor(prefix: string): Buffer | undefined {
  if (prefix === '') return undefined;
  const bytes = Buffer.from(prefix);
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) + 1;
  return bytes;
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
