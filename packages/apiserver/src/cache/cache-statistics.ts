/** What a resource's cache tells about itself; all but the first three only grow. */
export interface CacheStatistics {
  readonly objects: number;
  readonly bytes: number;
  readonly revision: number;
  readonly received: number;
  readonly dispatched: number;
  readonly loads: number;
  readonly terminated: number;
  readonly lists: number;
  readonly listed: number;
  readonly storedLists: number;
}
