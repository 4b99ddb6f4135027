import type { CacheEntry } from './object-table.js';

/** What a selection reads from its table. */
export interface SelectionSource {
  /** Work to be done on this occasion, in steps. */
  readonly preparation: Iterable<void>;
  /** Slots in the order of their keys. */
  readonly candidates: Iterable<number>;
  /** The name of the index that they are from; empty for none. */
  readonly index: string;
  selects(slot: number): boolean;
  entry(slot: number): CacheEntry;
  release(): void;
}

/** So many candidates are looked at in one step. */
export const stepSize = 128;

/**
 * The objects that a query selects, as they were when it began. First {@link steps} finds them, then they can be read
 * until {@link release}; between the steps and the reads the caller may let others run.
 */
export class TableSelection {
  readonly #source: SelectionSource;
  readonly #limit: number;
  readonly #slots: number[] = [];
  /** Whether the limit cut the list short. */
  more = false;
  /** How many objects were looked at to find them. */
  looked = 0;
  /** The name of the index that narrowed down which; empty for none. */
  readonly index: string;

  constructor(source: SelectionSource, limit = Number.POSITIVE_INFINITY) {
    this.#source = source;
    this.index = source.index;
    this.#limit = limit;
  }

  get length(): number {
    return this.#slots.length;
  }

  /** The last entry, where the next page goes on. */
  get last(): CacheEntry | undefined {
    const slot = this.#slots.at(-1);
    return slot === undefined ? undefined : this.#source.entry(slot);
  }

  /** Finds the objects; each step is a bounded piece of work. */
  *steps(): Generator<void> {
    yield* this.#source.preparation;
    for (const slot of this.#source.candidates) {
      this.looked += 1;
      if (this.#source.selects(slot)) {
        if (this.#slots.length === this.#limit) {
          this.more = true;
          return;
        }
        this.#slots.push(slot);
      }
      if (this.looked % stepSize === 0) yield;
    }
  }

  *entries(): Generator<CacheEntry> {
    for (const slot of this.#slots) yield this.#source.entry(slot);
  }

  /** Lets the table forget what only this list still needs. May be called twice. */
  release(): void {
    this.#source.release();
  }
}
