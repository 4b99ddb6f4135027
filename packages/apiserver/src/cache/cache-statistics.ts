import type { Distribution } from '../metrics/series.js';

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
  readonly lists: number;
  readonly listed: number;
  /** Objects that were looked at for lists. */
  readonly looked: number;
  /** Lists of the newest state that memory answered, after it had that; and those that waited in vain. */
  readonly consistentReads: number;
  readonly failedConsistentReads: number;
  readonly storedLists: number;
  readonly storedListed: number;
  readonly storedLooked: number;
  readonly storedSelected: number;
}
