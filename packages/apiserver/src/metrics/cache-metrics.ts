import type { CacheStatistics } from '../cache/cache-statistics.js';
import type { ResourceTable } from '../registry/resource-table.js';
import { type ExposedMetric, exposed, type MetricValue } from './series.js';

type Labels = Readonly<Record<string, string>>;

/** What the caches tell about themselves, and about the lists that the store answered for them, under upstream's names. */
export function cacheMetrics(resources: ResourceTable): ExposedMetric[] {
  const flat = (values: (cache: CacheStatistics, labels: Labels) => MetricValue[]) => (): MetricValue[] =>
    resources.resources().flatMap(({ rules, cache }) => {
      const { group, plural } = rules.kind;
      return values(cache.statistics, { group, resource: plural });
    });
  const byIndex = (value: (lists: { readonly lists: number; readonly looked: number }) => number) =>
    flat((cache, labels) =>
      [...cache.lists].map(([index, lists]) => ({ labels: { ...labels, index }, value: value(lists) })),
    );
  const readWait = 'apiserver_watch_cache_read_wait_seconds';
  return [
    exposed(
      'apiserver_storage_objects',
      'gauge',
      '[STABLE] (Deprecated since 1.34.0) As apiserver_resource_objects.',
      () =>
        resources.resources().map(({ rules, cache }) => {
          const { group, plural } = rules.kind;
          return { labels: { resource: group === '' ? plural : `${plural}.${group}` }, value: cache.size };
        }),
    ),
    ...figures.map(([name, type, help, value]) =>
      exposed(
        name,
        type,
        help,
        flat((cache, labels) => [{ labels, value: value(cache) }]),
      ),
    ),
    // A list is never answered by the store in place of memory: upstream's fallback is always false here.
    exposed(
      'apiserver_watch_cache_consistent_read_total',
      'counter',
      '[ALPHA] Lists of the newest state, and whether memory had it in time.',
      flat((cache, labels) => [
        { labels: { ...labels, success: 'true', fallback: 'false' }, value: cache.consistentReads },
        { labels: { ...labels, success: 'false', fallback: 'false' }, value: cache.failedConsistentReads },
      ]),
    ),
    exposed(
      readWait,
      'histogram',
      '[ALPHA] Time that reads waited for the cache to be as new as they asked.',
      flat(({ waits }, labels) => waits.values(readWait, labels)),
    ),
    exposed(
      'apiserver_cache_list_total',
      'counter',
      '[ALPHA] Lists that memory answered, by the index that helped: f: and a field, l: for labels.',
      byIndex(({ lists }) => lists),
    ),
    exposed(
      'apiserver_cache_list_fetched_objects_total',
      'counter',
      '[ALPHA] Objects that were looked at for lists that memory answered, by the index that helped.',
      byIndex(({ looked }) => looked),
    ),
  ];
}

type Figure = readonly [
  name: string,
  type: 'gauge' | 'counter',
  help: string,
  value: (cache: CacheStatistics) => number,
];

const figures: readonly Figure[] = [
  ['apiserver_resource_objects', 'gauge', '[ALPHA] Stored objects.', ({ objects }) => objects],
  [
    'apiserver_resource_size_estimate_bytes',
    'gauge',
    '[ALPHA] Bytes of the stored objects.',
    ({ bytes }) => bytes,
  ],
  [
    'apiserver_watch_cache_resource_version',
    'gauge',
    '[ALPHA] The revision up to which the cache knows all, its last 15 digits.',
    ({ revision }) => revision % 1e15,
  ],
  [
    'watch_cache_capacity',
    'gauge',
    '[ALPHA] The most recent changes that the cache keeps.',
    ({ capacity }) => capacity,
  ],
  [
    'apiserver_storage_events_received_total',
    'counter',
    '[BETA] Changes that the store told of.',
    ({ received }) => received,
  ],
  [
    'apiserver_watch_cache_events_received_total',
    'counter',
    '[ALPHA] Changes that the cache was given.',
    ({ received }) => received,
  ],
  [
    'apiserver_watch_cache_events_dispatched_total',
    'counter',
    '[ALPHA] Changes that the cache gave to its watchers.',
    ({ dispatched }) => dispatched,
  ],
  [
    'apiserver_watch_cache_initializations_total',
    'counter',
    '[ALPHA] How often the cache was loaded.',
    ({ loads }) => loads,
  ],
  ['apiserver_init_events_total', 'counter', '[ALPHA] Objects that loads brought.', ({ loaded }) => loaded],
  [
    'apiserver_terminated_watchers_total',
    'counter',
    '[ALPHA] Watches that were closed because they were not read.',
    ({ terminated }) => terminated,
  ],
  [
    'apiserver_cache_list_returned_objects_total',
    'counter',
    '[ALPHA] Objects of lists that memory answered.',
    ({ listed }) => listed,
  ],
  [
    'apiserver_storage_list_total',
    'counter',
    '[ALPHA] Lists that the store answered.',
    ({ storedLists }) => storedLists,
  ],
  [
    'apiserver_storage_list_fetched_objects_total',
    'counter',
    '[ALPHA] Objects that were read for lists that the store answered.',
    ({ storedLooked }) => storedLooked,
  ],
  [
    'apiserver_storage_list_evaluated_objects_total',
    'counter',
    '[ALPHA] Objects that were tested against a selector for lists that the store answered.',
    ({ storedSelected }) => storedSelected,
  ],
  [
    'apiserver_storage_list_returned_objects_total',
    'counter',
    '[ALPHA] Objects of lists that the store answered.',
    ({ storedListed }) => storedListed,
  ],
];
