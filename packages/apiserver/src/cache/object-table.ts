import sortedBTree from 'sorted-btree';
import { bulkLoad } from 'sorted-btree/extended/bulkLoad.js';
import { compareKeys, type StorageEntry } from '../storage/storage.js';
import { ByteSlabs } from './byte-slabs.js';
import type { Side } from './cache-event.js';
import { FieldIndex } from './field-index.js';
import type { Head, StoredReader } from './head.js';
import { LabelIndex, type LabelSet } from './label-index.js';
import { type ObjectName, objectNameOf } from './object-name.js';
import { RetiredSlots } from './retired-slots.js';
import { fieldOf, requiredFields, requiredLabels, type Selection, selects } from './selection.js';
import { stepSize, TableSelection } from './table-selection.js';

// The package is CommonJS with a `default` export of its own: Node hands out the module, vitest and bundlers the class.
const BTree = 'default' in sortedBTree ? sortedBTree.default : (sortedBTree as never);

/** Tables of at most so many objects are indexed without a pause. */
const indexedAtOnce = 2_000;

/** A stored object as readers get it. The bytes must not be changed. */
export interface CacheEntry {
  readonly key: string;
  readonly bytes: Buffer;
  readonly revision: number;
}

export interface TableQuery {
  /** @default all */
  readonly namespace?: string;
  readonly selection?: Selection;
  /** Only keys after this one. */
  readonly startAfter?: string;
  /** @default all */
  readonly limit?: number;
}

/** Where an index says that the selected objects are. Fields have an index each, labels have one in common. */
interface IndexedSlots {
  /** As upstream names indexes: `f:spec.nodeName`; `l:`. */
  readonly name: string;
  readonly slots: Iterable<number>;
  readonly count: number;
}

/**
 * The objects of one resource in the order of their keys, with indexes. Each has a slot; what is known of it stands in
 * columns by slot, so that a hundred thousand objects are a few arrays to the garbage collector. A change takes a new
 * slot, and the old one stays as it was while a list that is being read may need it.
 */
export class ObjectTable {
  readonly #prefix: string;
  #order: Order = new BTree<string, number>(undefined, compareKeys);
  readonly #keys: string[] = [];
  readonly #revisions: number[] = [];
  readonly #labels: (LabelSet | undefined)[] = [];
  readonly #fields = new Map<string, string[]>();
  readonly #bytes = new ByteSlabs();
  readonly #labelIndex = new LabelIndex();
  /** Made when a field is first selected by. */
  readonly #fieldIndexes = new Map<string, FieldIndex>();
  /** Those of them that do not have all objects yet. */
  readonly #partialIndexes = new Set<FieldIndex>();
  readonly #namespaceSizes = new Map<string, number>();
  readonly #freeSlots: number[] = [];
  /** Slots of which readers get something else than the bytes. */
  readonly #stale = new Set<number>();
  #reader: StoredReader;
  /** Counts the readers. */
  #version = 1;
  /** The version of the reader that looked at each slot's bytes; 0 where none did yet. */
  readonly #looks: number[] = [];
  /** How many objects nobody looked at yet, whose labels are in no index. */
  #unseen = 0;
  readonly #retired = new RetiredSlots((slot) => this.#free(slot));

  constructor(prefix: string, reader: StoredReader) {
    this.#prefix = prefix;
    this.#reader = reader;
  }

  get size(): number {
    return this.#order.size;
  }

  /** Bytes of all objects. */
  get bytes(): number {
    return this.#bytes.live;
  }

  get(key: string): CacheEntry | undefined {
    const slot = this.#order.get(key);
    return slot === undefined ? undefined : this.#entry(slot);
  }

  head(key: string): Head | undefined {
    const slot = this.#order.get(key);
    return slot === undefined ? undefined : this.#head(slot);
  }

  /** How many objects there are in one namespace, or in all. */
  count(namespace: string | undefined): number {
    return namespace === undefined ? this.size : (this.#namespaceSizes.get(namespace) ?? 0);
  }

  /**
   * Takes the next objects of a table that is being loaded, in the order of their keys. They are looked at when it is
   * first needed, so that a start does not wait for it. {@link loaded} follows the last ones.
   */
  load(entries: readonly StorageEntry[]): void {
    for (const { key, value, revision } of entries) {
      this.#count(key);
      this.#place(this.#keys.length, key, revision, value);
    }
  }

  /** Puts all that was loaded in order at once, which is much faster than one by one. */
  loaded(): void {
    if (this.#keys.length === 0) return;
    const slots = this.#keys.map((_, slot) => slot);
    this.#order = bulkLoad(this.#keys, slots, this.#order.maxNodeSize, compareKeys) as Order;
  }

  /** Copies the bytes in. */
  set(key: string, revision: number, { bytes, head }: Side): void {
    const old = this.#order.get(key);
    if (old !== undefined) this.#retire(old);
    else this.#count(key);
    const slot = this.#freeSlots.pop() ?? this.#keys.length;
    this.#order.set(key, slot);
    this.#place(slot, key, revision, bytes);
    this.#learn(slot, head);
    for (const [field, index] of this.#fieldIndexes) index.add(this.#field(slot, field), slot);
  }

  #count(key: string): void {
    const { namespace } = objectNameOf(this.#prefix, key);
    this.#namespaceSizes.set(namespace, (this.#namespaceSizes.get(namespace) ?? 0) + 1);
  }

  /** Without what can be seen in the bytes only. */
  #place(slot: number, key: string, revision: number, bytes: Buffer): void {
    this.#keys[slot] = key;
    this.#revisions[slot] = revision;
    this.#looks[slot] = 0;
    this.#unseen += 1;
    for (const column of this.#fields.values()) column[slot] = '';
    this.#bytes.set(slot, bytes);
  }

  /**
   * Has the bytes of all objects looked at anew: other fields may be selected by, others may be stale. Each is looked
   * at when it is first needed, so that many objects are no pause.
   */
  reread(reader: StoredReader): void {
    if (reader === this.#reader) return;
    this.#fields.clear();
    this.#fieldIndexes.clear();
    this.#partialIndexes.clear();
    this.#stale.clear();
    this.#reader = reader;
    this.#version += 1;
  }

  /** Sees to it that what is known of a slot is what the newest reader says. */
  #look(slot: number): void {
    if (this.#looks[slot] !== this.#version) this.#learn(slot, this.#reader.head(this.#bytes.get(slot)));
  }

  #learn(slot: number, { labels, fields, stale }: Head): void {
    this.#looks[slot] = this.#version;
    if (this.#labels[slot] === undefined) {
      this.#labels[slot] = this.#labelIndex.add(this.#name(slot).namespace, labels, slot);
      this.#unseen -= 1;
    }
    for (const field of Object.keys(fields)) this.#column(field)[slot] = fields[field] ?? '';
    if (stale) this.#stale.add(slot);
  }

  delete(key: string): void {
    const slot = this.#order.get(key);
    if (slot === undefined) return;
    const { namespace } = this.#name(slot);
    const left = this.count(namespace) - 1;
    if (left === 0) this.#namespaceSizes.delete(namespace);
    else this.#namespaceSizes.set(namespace, left);
    this.#order.delete(key);
    this.#retire(slot);
  }

  /** The selected entries in the order of their keys, and whether the limit cut them short. */
  list(query: TableQuery): { entries: CacheEntry[]; more: boolean } {
    const found = this.select(query);
    for (const _ of found.steps());
    const entries = [...found.entries()];
    found.release();
    return { entries, more: found.more };
  }

  /** The same as of now, to be found and read in pieces while the table goes on changing. */
  select(query: TableQuery): TableSelection {
    const { namespace, selection = {} } = query;
    const within = namespace === undefined ? this.#prefix : `${this.#prefix}${namespace}/`;
    const preparation = this.#prepare(selection);
    const indexed = this.#indexed(namespace, selection);
    // An order of its own costs more than to look at every fourth object.
    const helps = indexed !== undefined && indexed.count <= this.count(namespace) / 4;
    return new TableSelection(
      {
        preparation,
        index: helps ? indexed.name : '',
        candidates: helps
          ? this.#inOrder([...indexed.slots], within, query.startAfter)
          : keysFrom(this.#order.clone(), within, query.startAfter),
        selects: (slot) => this.#selects(selection, slot),
        entry: (slot) => this.#entry(slot),
        release: this.#retired.hold(),
      },
      query.limit,
    );
  }

  #inOrder(slots: readonly number[], within: string, startAfter: string | undefined): number[] {
    const keyed: { key: string; slot: number }[] = [];
    for (const slot of slots) {
      const key = this.#keys[slot] ?? '';
      if (!key.startsWith(within)) continue;
      if (startAfter === undefined || compareKeys(key, startAfter) > 0) keyed.push({ key, slot });
    }
    keyed.sort((a, b) => compareKeys(a.key, b.key));
    return keyed.map(({ slot }) => slot);
  }

  /** The smallest set that an index offers; undefined where none helps. */
  #indexed(namespace: string | undefined, selection: Selection): IndexedSlots | undefined {
    let best: IndexedSlots | undefined;
    for (const [field, value] of requiredFields(selection)) {
      const named = field === 'metadata.name' ? this.#named(namespace, value) : undefined;
      if (named !== undefined) return { name: '', slots: [named], count: 0 };
      const index = this.#fieldIndexes.get(field);
      if (index === undefined || this.#partialIndexes.has(index)) continue;
      const count = index.count(value);
      if (best === undefined || count < best.count)
        best = { name: `f:${field}`, slots: index.get(value), count };
    }
    const labels = requiredLabels(selection);
    if (labels.length > 0 && this.#unseen === 0) {
      const sets = [...this.#labelIndex.having(labels, namespace)];
      const count = sets.reduce((sum, set) => sum + set.slots.size, 0);
      if (best === undefined || count < best.count) best = { name: 'l:', slots: slotsOf(sets), count };
    }
    return best;
  }

  /** Needs no index where the key follows from the name. */
  #named(namespace: string | undefined, name: string): number | undefined {
    return this.#order.get(`${this.#prefix}${namespace === undefined ? '' : `${namespace}/`}${name}`);
  }

  /**
   * Begins the indexes that a selection would use. Of few objects they are complete at once; else the caller fills them
   * piece by piece, and until then selections do without.
   */
  #prepare(selection: Selection): Iterable<void> {
    const missing = new Map<string, FieldIndex>();
    for (const [field] of requiredFields(selection)) {
      if (this.#fieldIndexes.has(field)) continue;
      const index = new FieldIndex();
      this.#fieldIndexes.set(field, index);
      this.#partialIndexes.add(index);
      missing.set(field, index);
    }
    const unlabelled = this.#unseen > 0 && requiredLabels(selection).length > 0;
    if (missing.size === 0 && !unlabelled) return [];
    const filling = this.#fill(missing);
    if (this.size > indexedAtOnce) return filling;
    for (const _ of filling);
    return [];
  }

  *#fill(indexes: ReadonlyMap<string, FieldIndex>): Generator<void> {
    let filled = 0;
    let complete = false;
    try {
      for (const [key, slot] of this.#order.clone().entries()) {
        // What changed meanwhile is in the indexes already, in its new slot.
        if (this.#order.get(key) === slot) {
          this.#look(slot);
          for (const [field, index] of indexes) index.add(this.#field(slot, field), slot);
        }
        if (++filled % stepSize === 0) yield;
      }
      complete = true;
    } finally {
      for (const [field, index] of indexes) {
        this.#partialIndexes.delete(index);
        // Who stopped half-way leaves it to the next one.
        if (!complete && this.#fieldIndexes.get(field) === index) this.#fieldIndexes.delete(field);
      }
    }
  }

  #selects(selection: Selection, slot: number): boolean {
    if (selection.labels === undefined && selection.fields === undefined) return true;
    return selects(selection, this.#name(slot), this.#head(slot));
  }

  /** Takes a slot out of the indexes. Lists that began before may still look at it: it is seen before it goes. */
  #retire(slot: number): void {
    this.#look(slot);
    const set = this.#labels[slot];
    if (set !== undefined) this.#labelIndex.remove(set, slot);
    for (const [field, index] of this.#fieldIndexes) index.remove(this.#field(slot, field), slot);
    this.#retired.add(slot);
  }

  #free(slot: number): void {
    this.#bytes.delete(slot);
    this.#keys[slot] = '';
    this.#labels[slot] = undefined;
    for (const column of this.#fields.values()) column[slot] = '';
    this.#stale.delete(slot);
    this.#freeSlots.push(slot);
  }

  #column(field: string): string[] {
    let column = this.#fields.get(field);
    if (column !== undefined) return column;
    column = [];
    for (let slot = 0; slot < this.#keys.length; slot++) column.push('');
    this.#fields.set(field, column);
    return column;
  }

  #field(slot: number, field: string): string {
    this.#look(slot);
    const column = this.#fields.get(field);
    return column === undefined ? fieldOf(this.#name(slot), {}, field) : (column[slot] ?? '');
  }

  #name(slot: number): ObjectName {
    return objectNameOf(this.#prefix, this.#keys[slot] ?? '');
  }

  #head(slot: number): Head {
    this.#look(slot);
    const fields: Record<string, string> = {};
    for (const [field, column] of this.#fields) fields[field] = column[slot] ?? '';
    const head = { labels: this.#labels[slot]?.labels ?? {}, fields };
    return this.#stale.has(slot) ? { ...head, stale: true } : head;
  }

  #readable(slot: number): Buffer {
    const bytes = this.#bytes.get(slot);
    if (this.#reader.current === undefined) return bytes;
    this.#look(slot);
    return this.#stale.has(slot) ? this.#reader.current(bytes) : bytes;
  }

  #entry(slot: number): CacheEntry {
    return {
      key: this.#keys[slot] ?? '',
      bytes: this.#readable(slot),
      revision: this.#revisions[slot] ?? 0,
    };
  }
}

type Order = InstanceType<typeof BTree<string, number>>;

function* keysFrom(order: Order, within: string, startAfter: string | undefined): Iterable<number> {
  const from = startAfter !== undefined && compareKeys(startAfter, within) > 0 ? startAfter : within;
  for (const [key, slot] of order.entries(from)) {
    if (!key.startsWith(within)) return;
    if (key !== startAfter) yield slot;
  }
}

function* slotsOf(sets: readonly LabelSet[]): Iterable<number> {
  for (const set of sets) yield* set.slots;
}
