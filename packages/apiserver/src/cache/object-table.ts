import sortedBTree from 'sorted-btree';
import { compareKeys } from '../storage/storage.js';
import { ByteSlabs } from './byte-slabs.js';
import type { Side } from './cache-event.js';
import { FieldIndex } from './field-index.js';
import type { Head } from './head.js';
import { LabelIndex, type LabelSet } from './label-index.js';
import { type ObjectName, objectNameOf } from './object-name.js';
import { fieldOf, requiredFields, requiredLabels, type Selection, selects } from './selection.js';

// The package is CommonJS with a `default` export of its own: Node hands out the module, vitest and bundlers the class.
const BTree = 'default' in sortedBTree ? sortedBTree.default : (sortedBTree as never);

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

/**
 * The objects of one resource in the order of their keys, with indexes. Each has a slot; what is known of it stands in
 * columns by slot, so that a hundred thousand objects are a few arrays to the garbage collector.
 */
export class ObjectTable {
  readonly #prefix: string;
  readonly #order = new BTree<string, number>(undefined, compareKeys);
  readonly #keys: string[] = [];
  readonly #revisions: number[] = [];
  readonly #labels: (LabelSet | undefined)[] = [];
  readonly #fields = new Map<string, string[]>();
  readonly #bytes = new ByteSlabs();
  readonly #labelIndex = new LabelIndex();
  /** Made when a field is first selected by. */
  readonly #fieldIndexes = new Map<string, FieldIndex>();
  readonly #freeSlots: number[] = [];

  constructor(prefix: string) {
    this.#prefix = prefix;
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

  /** Copies the bytes in. */
  set(key: string, revision: number, { bytes, head }: Side): void {
    const { namespace } = objectNameOf(this.#prefix, key);
    let slot = this.#order.get(key);
    if (slot === undefined) {
      slot = this.#freeSlots.pop() ?? this.#keys.length;
      this.#order.set(key, slot);
      this.#keys[slot] = key;
    } else this.#forget(slot);
    this.#labels[slot] = this.#labelIndex.add(namespace, head.labels, slot);
    this.#revisions[slot] = revision;
    for (const field of Object.keys(head.fields)) this.#column(field);
    for (const [field, column] of this.#fields) column[slot] = head.fields[field] ?? '';
    for (const [field, index] of this.#fieldIndexes) index.add(this.#field(slot, field), slot);
    this.#bytes.set(slot, bytes);
  }

  delete(key: string): void {
    const slot = this.#order.get(key);
    if (slot === undefined) return;
    this.#forget(slot);
    this.#order.delete(key);
    this.#bytes.delete(slot);
    this.#keys[slot] = '';
    for (const column of this.#fields.values()) column[slot] = '';
    this.#freeSlots.push(slot);
  }

  /** The selected entries in the order of their keys, and whether the limit cut them short. */
  list({ namespace, selection = {}, startAfter, limit = Number.POSITIVE_INFINITY }: TableQuery): {
    entries: CacheEntry[];
    more: boolean;
  } {
    const within = namespace === undefined ? this.#prefix : `${this.#prefix}${namespace}/`;
    const entries: CacheEntry[] = [];
    for (const slot of this.#candidates(within, namespace, selection, startAfter)) {
      if (!this.#selects(selection, slot)) continue;
      if (entries.length === limit) return { entries, more: true };
      entries.push(this.#entry(slot));
    }
    return { entries, more: false };
  }

  /** Slots in the order of their keys, all that can be selected and as few others as the indexes allow. */
  *#candidates(
    within: string,
    namespace: string | undefined,
    selection: Selection,
    startAfter: string | undefined,
  ): Iterable<number> {
    const indexed = this.#indexed(namespace, selection);
    if (indexed === undefined) {
      const from = startAfter !== undefined && compareKeys(startAfter, within) > 0 ? startAfter : within;
      for (const [key, slot] of this.#order.entries(from)) {
        if (!key.startsWith(within)) return;
        if (key !== startAfter) yield slot;
      }
      return;
    }
    const keyed: { key: string; slot: number }[] = [];
    for (const slot of indexed) {
      const key = this.#keys[slot] ?? '';
      if (!key.startsWith(within)) continue;
      if (startAfter === undefined || compareKeys(key, startAfter) > 0) keyed.push({ key, slot });
    }
    keyed.sort((a, b) => compareKeys(a.key, b.key));
    for (const { slot } of keyed) yield slot;
  }

  /** The smallest set that an index offers; undefined where none helps. */
  #indexed(namespace: string | undefined, selection: Selection): Iterable<number> | undefined {
    let best: { slots: Iterable<number>; count: number } | undefined;
    for (const [field, value] of requiredFields(selection)) {
      const index = this.#fieldIndex(field);
      const count = index.count(value);
      if (best === undefined || count < best.count) best = { slots: index.get(value), count };
    }
    const labels = requiredLabels(selection);
    if (labels.length > 0) {
      const sets = [...this.#labelIndex.having(labels, namespace)];
      const count = sets.reduce((sum, set) => sum + set.slots.size, 0);
      if (best === undefined || count < best.count) return sets.flatMap((set) => [...set.slots]);
    }
    return best?.slots;
  }

  #fieldIndex(field: string): FieldIndex {
    let index = this.#fieldIndexes.get(field);
    if (index === undefined) {
      index = new FieldIndex();
      for (const slot of this.#order.values()) index.add(this.#field(slot, field), slot);
      this.#fieldIndexes.set(field, index);
    }
    return index;
  }

  #selects(selection: Selection, slot: number): boolean {
    if (selection.labels === undefined && selection.fields === undefined) return true;
    return selects(selection, this.#name(slot), this.#head(slot));
  }

  /** Takes a slot out of the indexes. */
  #forget(slot: number): void {
    const set = this.#labels[slot];
    if (set !== undefined) this.#labelIndex.remove(set, slot);
    this.#labels[slot] = undefined;
    for (const [field, index] of this.#fieldIndexes) index.remove(this.#field(slot, field), slot);
  }

  #column(field: string): void {
    if (this.#fields.has(field)) return;
    const column: string[] = [];
    for (let slot = 0; slot < this.#keys.length; slot++) column.push('');
    this.#fields.set(field, column);
  }

  #field(slot: number, field: string): string {
    const column = this.#fields.get(field);
    return column === undefined ? fieldOf(this.#name(slot), {}, field) : (column[slot] ?? '');
  }

  #name(slot: number): ObjectName {
    return objectNameOf(this.#prefix, this.#keys[slot] ?? '');
  }

  #head(slot: number): Head {
    const fields: Record<string, string> = {};
    for (const [field, column] of this.#fields) fields[field] = column[slot] ?? '';
    return { labels: this.#labels[slot]?.labels ?? {}, fields };
  }

  #entry(slot: number): CacheEntry {
    return {
      key: this.#keys[slot] ?? '',
      bytes: this.#bytes.get(slot),
      revision: this.#revisions[slot] ?? 0,
    };
  }
}
