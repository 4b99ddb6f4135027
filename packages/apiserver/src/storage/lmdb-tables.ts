import { type Database, open, type RootDatabase } from 'lmdb';
import { copyValue, decodeRecord, encodeRecord, isDeletion, keyIn, previousIn } from './lmdb-record.js';
import { RecordBuffer } from './record-buffer.js';
import { compareKeys, type ListOptions, type StorageEntry, type StorageEvent } from './storage.js';

/** One accepted write, as it goes to the disk. */
export interface Change {
  readonly event: StorageEvent;
  readonly record: Buffer;
  /** The revision's own bytes, as the index has them. */
  readonly revision: Buffer;
}

/** Some entries of a list, and the key after which it goes on; undefined at its end. */
export interface Chunk {
  readonly entries: readonly StorageEntry[];
  readonly last: string | undefined;
}

/** What a transaction removes for the sake of compaction, after which the log is compacted up to a revision. */
export interface CompactionStep {
  readonly upTo: number;
  readonly revisions: readonly number[];
  readonly keys: readonly string[];
}

/** Raised when the layout changes such that an older program would misread it. */
const format = 1;
/** LMDB allows 1,978 bytes. */
const longestKey = 1500;
/** To find what a step removes. Queueing the removals takes about as long again. */
const stepMs = 1;

/**
 * The data file of the LMDB engine. `log` maps each revision to what it changed, `index` each key to its newest
 * revision, `meta` has the format and the last compaction. Reads see what is durable.
 */
export class LmdbTables {
  readonly #root: RootDatabase<Buffer, string>;
  readonly #log: Database<Buffer, number>;
  readonly #index: Database<Buffer, string>;
  readonly #meta: Database<number, string>;

  /**
   * @param first where the revisions of a new directory begin
   * @throws Error where a newer version of the program wrote the directory
   */
  constructor(directory: string, first: number) {
    this.#root = open<Buffer, string>({
      path: directory,
      noSubdir: false,
      encoding: 'binary',
      // A resolved write is a durable one.
      overlappingSync: false,
      // Groups are made by the engine. (LMDB's own make a promise that nobody can reach, and its rejection ends the
      // process.)
      eventTurnBatching: false,
    });
    this.#root.on('aftercommit', ({ txnId }: { readonly txnId?: number }) => {
      if (txnId === undefined) printNothingThisTurn();
    });
    this.#log = this.#root.openDB<Buffer, number>('log', { encoding: 'binary' });
    this.#index = this.#root.openDB<Buffer, string>('index', utf8Keys);
    this.#meta = this.#root.openDB<number, string>('meta', { encoding: 'ordered-binary' });
    const written = this.#meta.get('format');
    if (written === undefined) {
      this.#meta.putSync('compacted', first);
      this.#meta.putSync('format', format);
    } else if (written > format) {
      void this.#root.close();
      throw new Error(
        `the data directory ${directory} was written by a newer version of Kubewright (format ${written}, this version reads up to ${format})`,
      );
    }
  }

  /** Up to here the log is compacted. */
  get compacted(): number {
    return this.#meta.get('compacted') ?? 1;
  }

  get newest(): number {
    const [last] = [...this.#log.getKeys({ reverse: true, limit: 1 })];
    return Math.max(last ?? 1, this.compacted);
  }

  /** The revision of a key's last change, a deletion's too; 0 where there is none. */
  newestOf(key: string): number {
    return this.#index.getBinaryFast(key)?.readDoubleBE(0) ?? 0;
  }

  /**
   * Walks from one of a key's revisions back to what it was at `revision`.
   * @param allocate gives the value its place
   */
  entryAt(
    key: string,
    newest: number,
    revision: number,
    allocate: (size: number) => Buffer = Buffer.allocUnsafeSlow,
  ): StorageEntry | undefined {
    for (let at = newest; at > 0; ) {
      // A view into memory that the next read reuses.
      const record = this.#log.getBinaryFast(at);
      // Only a deletion that is compacted is missing; what it deleted is not visible at any revision that is left.
      if (record === undefined) return undefined;
      if (at <= revision) {
        const value = copyValue(record, allocate);
        return value && { key, value, revision: at };
      }
      at = previousIn(record);
    }
    return undefined;
  }

  /** Those of the next `limit` keys of a prefix that have an entry at a revision. */
  chunk(prefix: string, revision: number, { startAfter, limit = 0 }: ListOptions): Chunk {
    const start =
      startAfter !== undefined && compareKeys(startAfter, prefix) > 0 ? `${startAfter}\0` : prefix || '\0';
    const entries: StorageEntry[] = [];
    // They are many, and mostly read together: a buffer of its own for each would cost more than its copy.
    const { take } = new RecordBuffer();
    let found = 0;
    let last: string | undefined;
    for (const { key, value } of this.#index.getRange({ start, limit })) {
      if (!key.startsWith(prefix)) return { entries, last: undefined };
      found++;
      last = key;
      const entry = this.entryAt(key, value.readDoubleBE(0), revision, take);
      if (entry !== undefined) entries.push(entry);
    }
    return { entries, last: found < limit ? undefined : last };
  }

  /** At most `limit` changes after `revision` and up to `upTo`, in order. */
  events(revision: number, upTo: number, limit: number): readonly StorageEvent[] {
    const range = this.#log.getRange({ start: revision + 1, end: upTo + 1, limit });
    return [...range].map(({ key: at, value: bytes }) => {
      const record = decodeRecord(bytes);
      const previous = this.entryAt(record.key, record.previous, at);
      return { key: record.key, revision: at, value: record.value, previous };
    });
  }

  /** What {@link commit} will write, made ahead so that nothing can throw there. */
  change(event: StorageEvent, previous: number, allocate: (size: number) => Buffer): Change {
    const record = encodeRecord({ key: event.key, value: event.value, previous }, allocate);
    const revision = allocate(8);
    revision.writeDoubleBE(event.revision);
    return { event, record, revision };
  }

  /** Writes changes, and a step of compaction, as one transaction. Resolves when it is durable. */
  commit(changes: readonly Change[], compaction: CompactionStep | undefined): Promise<unknown> {
    // Nothing in here may throw: LMDB would commit what was queued until then.
    return this.#root.batch(() => {
      if (compaction !== undefined) {
        for (const revision of compaction.revisions) void this.#log.remove(revision);
        for (const key of compaction.keys) void this.#index.remove(key);
        void this.#meta.put('compacted', compaction.upTo);
      }
      for (const { event, record, revision } of changes) {
        void this.#log.put(event.revision, record);
        void this.#index.put(event.key, revision);
      }
    });
  }

  /** Lets reads see the last commit. */
  refresh(): void {
    this.#root.resetReadTxn();
  }

  close(): Promise<void> {
    return this.#root.close();
  }

  /**
   * What a compaction up to `upTo` may remove next, as much as is found in a millisecond: what is visible at no
   * revision from there on, which is replaced records, deletions, and the keys that end in them.
   */
  compactionStep(upTo: number): CompactionStep {
    const revisions: number[] = [];
    const keys: string[] = [];
    const until = performance.now() + stepMs;
    let reached = upTo;
    let seen = 0;
    // Keys alone: a range that brings values copies each of them, and the garbage of that stops the loop.
    for (const revision of this.#log.getKeys({ start: this.compacted + 1, end: upTo + 1 })) {
      const record = this.#log.getBinaryFast(revision);
      if (record === undefined) continue;
      const previous = previousIn(record);
      if (previous > 0) revisions.push(previous);
      if (isDeletion(record)) {
        const key = keyIn(record);
        if (this.newestOf(key) === revision) keys.push(key);
        revisions.push(revision);
      }
      if (++seen % 4 === 0 && performance.now() > until) {
        reached = revision;
        break;
      }
    }
    return { upTo: reached, revisions, keys };
  }
}

/** @throws RangeError where a key is empty or longer than the index allows */
export function checkKey(key: string): void {
  // No character takes more than three bytes a unit.
  if (key.length > 0 && key.length * 3 <= longestKey) return;
  const bytes = Buffer.byteLength(key);
  if (bytes === 0 || bytes > longestKey)
    throw new RangeError(`a key has 1 to ${longestKey} bytes, this one ${bytes}`);
}

/**
 * Right after the event of a failed commit LMDB prints why it failed, with a stack trace of its own. Who asked for the
 * commit is given the same reason, and says it.
 */
function printNothingThisTurn(): void {
  const { error } = console;
  if (error === nothing) return;
  console.error = nothing;
  queueMicrotask(() => {
    console.error = error;
  });
}

const nothing = () => undefined;

/** Keys are their own bytes, without a buffer between. (The package's types do not know of `keyEncoder` here.) */
const utf8Keys = {
  encoding: 'binary' as const,
  keyEncoder: {
    writeKey: (key: string, target: Buffer, start: number): number => start + target.write(key, start),
    readKey: (source: Buffer, start: number, end: number): string => source.toString('utf8', start, end),
  },
};
