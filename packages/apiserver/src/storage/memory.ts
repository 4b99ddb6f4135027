import sortedBTree from 'sorted-btree';
import { asBuffer, decideAndAccept, type Newest, type SingleWriter } from './single-writer.js';
import {
  compareKeys,
  type Decide,
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

// The package is CommonJS with a `default` export of its own: Node hands out the module, vitest and bundlers the class.
const BTree = 'default' in sortedBTree ? sortedBTree.default : (sortedBTree as never);
type Tree = InstanceType<typeof BTree<string, StorageEntry>>;

export interface MemoryStorageOptions {
  /** How many revisions lists and watches may go back. @default 10000 */
  readonly retainRevisions?: number;
  /**
   * Where the revisions start. A server that clients may know from before its last start passes the time, so that what
   * they remember is compacted (410, and they list again) rather than in the future. @default 1
   */
  readonly firstRevision?: number;
}

/**
 * The ephemeral engine: for tests and for servers whose state may go. "Durable" means accepted here, so a write is
 * visible before its promise exists.
 *
 * The tree is persistent (a clone shares all nodes until they change), so each retained revision is a root pointer, and
 * an exact list at it costs what a list at the newest does.
 */
export class MemoryStorage implements Storage, SingleWriter, History {
  readonly #retainRevisions: number;
  readonly #watchers = new Watchers(this);
  #tree: Tree = new BTree<string, StorageEntry>(undefined, compareKeys);
  /** Of the revisions after `compacted`, oldest first: the change, and the tree after it. */
  #log: { event: StorageEvent; tree: Tree }[] = [];
  /** The tree at `compacted`. */
  #oldest: Tree = this.#tree;
  #closed = false;
  durable: number;
  compacted: number;

  constructor(options: MemoryStorageOptions = {}) {
    this.#retainRevisions = options.retainRevisions ?? 10_000;
    this.durable = options.firstRevision ?? 1;
    this.compacted = this.durable;
  }

  async revision(): Promise<number> {
    this.#assertOpen();
    return this.durable;
  }

  async get(key: string): Promise<GetResult> {
    this.#assertOpen();
    return { entry: this.#tree.get(key), revision: this.durable };
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ListResult> {
    return this.#list(prefix, options);
  }

  listNow(prefix: string): ListResult {
    return this.#list(prefix, {});
  }

  /**
   * A store of its own that begins as this one is now. It shares all that neither changes, so it costs the same for
   * any number of entries; what lies further back than now is compacted in it.
   */
  fork(): MemoryStorage {
    this.#assertOpen();
    const fork = new MemoryStorage({ retainRevisions: this.#retainRevisions, firstRevision: this.durable });
    fork.#tree = this.#tree.clone();
    fork.#oldest = fork.#tree;
    return fork;
  }

  #list(prefix: string, options: ListOptions): ListResult {
    this.#assertOpen();
    const revision = options.revision ?? this.durable;
    const limit = options.limit ?? Number.POSITIVE_INFINITY;
    const tree = this.#treeAt(revision);
    const { startAfter } = options;
    const entries: StorageEntry[] = [];
    const from = startAfter !== undefined && compareKeys(startAfter, prefix) > 0 ? startAfter : prefix;
    for (const [key, entry] of tree.entries(from)) {
      if (!key.startsWith(prefix)) break;
      if (key === startAfter) continue;
      if (entries.length === limit) return { entries, revision, more: true };
      entries.push(entry);
    }
    return { entries, revision, more: false };
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
    this.#compactTo(Math.min(revision, this.durable));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#watchers.end(undefined);
  }

  newest(key: string): Newest {
    this.#assertOpen();
    return { entry: this.#tree.get(key), durable: undefined };
  }

  async accept(key: string, value: Uint8Array | undefined, { entry: previous }: Newest): Promise<number> {
    const revision = this.durable + 1;
    this.#tree = this.#tree.clone();
    let bytes: Buffer | undefined;
    if (value === undefined) this.#tree.delete(key);
    else {
      bytes = asBuffer(value);
      this.#tree.set(key, { key, value: bytes, revision });
    }
    const event: StorageEvent = { key, revision, value: bytes, previous };
    this.durable = revision;
    this.#log.push({ event, tree: this.#tree });
    // Trimming in strides keeps the cost of a write flat.
    if (this.#log.length > this.#retainRevisions * 1.25 + 16)
      this.#compactTo(revision - this.#retainRevisions);
    this.#watchers.publish([event], revision);
    return revision;
  }

  eventsAfter(revision: number, limit: number): readonly StorageEvent[] {
    const start = revision - this.compacted;
    return this.#log.slice(start, start + limit).map((change) => change.event);
  }

  #treeAt(revision: number): Tree {
    if (revision > this.durable) throw tooLargeRevision(revision, this.durable);
    if (revision < this.compacted) throw listExpired();
    // Every revision is one change, so the position in the log follows from the number.
    return this.#log[revision - this.compacted - 1]?.tree ?? this.#oldest;
  }

  #compactTo(revision: number): void {
    if (revision <= this.compacted) return;
    this.#oldest = this.#treeAt(revision);
    this.#log = this.#log.slice(revision - this.compacted);
    this.compacted = revision;
  }

  #assertOpen(): void {
    if (this.#closed) throw storageClosed();
  }
}
