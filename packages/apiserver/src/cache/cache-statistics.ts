import type { Distribution } from '../metrics/series.js';

/** Lists, and how many objects were looked at for them. */
export interface ListsByIndex {
  readonly lists: number;
  readonly looked: number;
}

/** Counts lists by the name of the index that helped. */
export class ListCounts {
  readonly #byIndex = new Map<string, ListsByIndex>();

  get byIndex(): ReadonlyMap<string, ListsByIndex> {
    return this.#byIndex;
  }

  count({ index, looked }: { readonly index: string; readonly looked: number }): void {
    const { lists, looked: before } = this.#byIndex.get(index) ?? { lists: 0, looked: 0 };
    this.#byIndex.set(index, { lists: lists + 1, looked: before + looked });
  }
}

/** What a resource's cache tells about itself; all but the first four only grow. */
export interface CacheStatistics {
  readonly objects: number;
  readonly bytes: number;
  readonly revision: number;
  /** The most recent changes that are kept. */
  readonly capacity: number;
  /** Seconds that reads waited for a revision. */
  readonly waits: Distribution;
  readonly received: number;
  readonly dispatched: number;
  readonly loads: number;
  /** Objects that loads brought. */
  readonly loaded: number;
  readonly terminated: number;
  /** Lists that memory answered, by the name of the index that helped; empty for none. */
  readonly lists: ReadonlyMap<string, ListsByIndex>;
  readonly listed: number;
  /** Lists of the newest state that memory answered, after it had that; and those that waited in vain. */
  readonly consistentReads: number;
  readonly failedConsistentReads: number;
  readonly storedLists: number;
  readonly storedListed: number;
  readonly storedLooked: number;
  readonly storedSelected: number;
}
