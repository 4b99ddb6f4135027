import type { CacheStatistics } from '../cache/cache-statistics.js';
import type { ResourceTable } from '../registry/resource-table.js';
import { type ExposedMetric, exposed, type MetricValue } from './series.js';

type Labels = Readonly<Record<string, string>>;

/** What the caches tell about themselves, under upstream's names. */
export function cacheMetrics(resources: ResourceTable): ExposedMetric[] {
  const flat = (values: (cache: CacheStatistics, labels: Labels) => MetricValue[]) => (): MetricValue[] =>
    resources.resources().flatMap(({ rules, cache }) => {
      const { group, plural } = rules.kind;
      return values(cache.statistics, { group, resource: plural });
    });
  const each = (value: (cache: CacheStatistics) => number, more: Labels = {}) =>
    flat((cache, labels) => [{ labels: { ...labels, ...more }, value: value(cache) }]);
  const readWait = 'apiserver_watch_cache_read_wait_seconds';
  return [
    exposed('apiserver_storage_objects', 'gauge', 'Stored objects by resource.', () =>
      resources.resources().map(({ rules, cache }) => {
        const { group, plural } = rules.kind;
        return { labels: { resource: group === '' ? plural : `${plural}.${group}` }, value: cache.size };
      }),
    ),
    ...figures.map(([name, type, help, value]) => exposed(name, type, help, each(value))),
    // A list is never answered by the store in place of memory: upstream's fallback is always false here.
    exposed(
      'apiserver_watch_cache_consistent_read_total',
      'counter',
      'Lists of the newest state, and whether memory had it in time.',
      () => [
        ...each((cache) => cache.consistentReads, { success: 'true', fallback: 'false' })(),
        ...each((cache) => cache.failedConsistentReads, { success: 'false', fallback: 'false' })(),
      ],
    ),
    exposed(
      readWait,
      'histogram',
      'Time that reads waited for the cache to be as new as they asked.',
      flat(({ waits }, labels) => waits.values(readWait, labels)),
    ),
    ...storageLists.map(([name, help, memory, store]) =>
      exposed(name, 'counter', help, () => [
        ...each(memory, { storage: 'watchcache' })(),
        ...each(store, { storage: 'etcd' })(),
      ]),
    ),
  ];
}

type Figure = (cache: CacheStatistics) => number;

const figures: readonly (readonly [name: string, type: 'gauge' | 'counter', help: string, value: Figure])[] =
  [
    ['apiserver_resource_objects', 'gauge', 'Stored objects.', ({ objects }) => objects],
    ['apiserver_resource_size_estimate_bytes', 'gauge', 'Bytes of the stored objects.', ({ bytes }) => bytes],
    [
      'apiserver_watch_cache_resource_version',
      'gauge',
      'The revision up to which the cache knows all.',
      ({ revision }) => revision,
    ],
    [
      'watch_cache_capacity',
      'gauge',
      'The most recent changes that the cache keeps.',
      ({ capacity }) => capacity,
    ],
    [
      'apiserver_watch_cache_events_received_total',
      'counter',
      'Changes that the cache was given.',
      ({ received }) => received,
    ],
    [
      'apiserver_watch_cache_events_dispatched_total',
      'counter',
      'Changes that the cache gave to its watchers.',
      ({ dispatched }) => dispatched,
    ],
    [
      'apiserver_watch_cache_initializations_total',
      'counter',
      'How often the cache was loaded.',
      ({ loads }) => loads,
    ],
    ['apiserver_init_events_total', 'counter', 'Objects that loads brought.', ({ loaded }) => loaded],
    [
      'apiserver_terminated_watchers_total',
      'counter',
      'Watches that were closed because they were not read.',
      ({ terminated }) => terminated,
    ],
    ['apiserver_cache_list_total', 'counter', 'Lists that memory answered.', ({ lists }) => lists],
    [
      'apiserver_cache_list_fetched_objects_total',
      'counter',
      'Objects that were looked at for lists that memory answered.',
      ({ looked }) => looked,
    ],
    [
      'apiserver_cache_list_returned_objects_total',
      'counter',
      'Objects of lists that memory answered.',
      ({ listed }) => listed,
    ],
  ];

/** Of lists, by what answered: memory (no object is read to be tested there), or the store. */
const storageLists: readonly (readonly [name: string, help: string, memory: Figure, store: Figure])[] = [
  [
    'apiserver_storage_list_total',
    'Lists by what answered them.',
    ({ lists }) => lists,
    ({ storedLists }) => storedLists,
  ],
  [
    'apiserver_storage_list_fetched_objects_total',
    'Objects that were read for lists.',
    ({ looked }) => looked,
    ({ storedLooked }) => storedLooked,
  ],
  [
    'apiserver_storage_list_evaluated_objects_total',
    'Objects that were tested against a selector for lists.',
    () => 0,
    ({ storedSelected }) => storedSelected,
  ],
  [
    'apiserver_storage_list_returned_objects_total',
    'Objects of lists.',
    ({ listed }) => listed,
    ({ storedListed }) => storedListed,
  ],
];
