import type { CacheEntry } from './object-table.js';

/** Objects as they all were at one revision. */
export interface ObjectList {
  readonly revision: number;
  /** How many there are. */
  readonly length: number;
  /** In the order of their keys; once. */
  entries(): Iterable<CacheEntry>;
  /** Whether the limit cut the list short. */
  readonly more: boolean;
  readonly last: CacheEntry | undefined;
  /** How many objects of the namespace, or of all, there are from the start of the list on; undefined where unknown. */
  readonly total: number | undefined;
  /** To be called when the entries were read, or are not needed. */
  release(): void;
}

/** A list of what is at hand. */
export function listOf(entries: readonly CacheEntry[], revision: number, more: boolean): ObjectList {
  return {
    revision,
    length: entries.length,
    entries: () => entries,
    more,
    last: entries.at(-1),
    total: undefined,
    release: () => undefined,
  };
}
