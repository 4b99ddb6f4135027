import type { Metric } from 'prom-client';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { CacheStatistics } from '../cache/cache-statistics.js';
import { kubernetesVersion } from '../http/version.js';
import type { ResourceTable } from '../registry/resource-table.js';
import { AdmissionMetrics } from './admission-metrics.js';
import { RequestMetrics } from './request-metrics.js';
import { type ExposedMetric, exposed, type MetricValue } from './series.js';
import { StorageMetrics } from './storage-metrics.js';
import { WatchMetrics } from './watch-metrics.js';

/** What the server tells about itself, under upstream's names. Each server has its own, so several fit in a process. */
export class Metrics {
  readonly requests = new RequestMetrics();
  readonly watches = new WatchMetrics();
  readonly storage = new StorageMetrics();
  readonly admission = new AdmissionMetrics();
  #registry: Registry | undefined;

  async expose(resources: ResourceTable): Promise<{ contentType: string; text: string }> {
    this.#registry ??= this.#createRegistry(resources);
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  // The metrics of the process start timers, so they wait until somebody reads them.
  #createRegistry(resources: ResourceTable): Registry {
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    const { requests, watches, storage, admission } = this;
    const all = [requests, watches, storage, admission].flatMap((part) => part.metrics());
    for (const metric of [...all, ...cacheMetrics(resources), buildInfo()])
      registry.registerMetric(metric as unknown as Metric);
    return registry;
  }
}

function buildInfo(): ExposedMetric {
  const { major, minor, gitVersion } = kubernetesVersion;
  const labels = { major, minor, git_version: gitVersion, platform: process.platform };
  return exposed('kubernetes_build_info', 'gauge', 'The version that is served.', () => [
    { labels, value: 1 },
  ]);
}

/** The caches keep their own figures; here they get their names. */
function cacheMetrics(resources: ResourceTable): ExposedMetric[] {
  const each = (value: (cache: CacheStatistics) => number) => (): MetricValue[] =>
    resources.resources().map(({ rules, cache }) => {
      const { group, plural } = rules.kind;
      return { labels: { group, resource: plural }, value: value(cache.statistics) };
    });
  return [
    exposed('apiserver_storage_objects', 'gauge', 'Stored objects by resource.', () =>
      resources.resources().map(({ rules, cache }) => {
        const { group, plural } = rules.kind;
        return { labels: { resource: group === '' ? plural : `${plural}.${group}` }, value: cache.size };
      }),
    ),
    exposed(
      'apiserver_resource_objects',
      'gauge',
      'Stored objects.',
      each(({ objects }) => objects),
    ),
    exposed(
      'apiserver_resource_size_estimate_bytes',
      'gauge',
      'Bytes of the stored objects.',
      each(({ bytes }) => bytes),
    ),
    exposed(
      'apiserver_watch_cache_resource_version',
      'gauge',
      'The revision up to which the cache knows all.',
      each(({ revision }) => revision),
    ),
    exposed(
      'apiserver_watch_cache_events_received_total',
      'counter',
      'Changes that the cache was given.',
      each(({ received }) => received),
    ),
    exposed(
      'apiserver_watch_cache_events_dispatched_total',
      'counter',
      'Changes that the cache gave to its watchers.',
      each(({ dispatched }) => dispatched),
    ),
    exposed(
      'apiserver_watch_cache_initializations_total',
      'counter',
      'How often the cache was loaded.',
      each(({ loads }) => loads),
    ),
    exposed(
      'apiserver_terminated_watchers_total',
      'counter',
      'Watches that were closed because they were not read.',
      each(({ terminated }) => terminated),
    ),
    exposed(
      'apiserver_cache_list_total',
      'counter',
      'Lists that memory answered.',
      each(({ lists }) => lists),
    ),
    exposed(
      'apiserver_cache_list_returned_objects_total',
      'counter',
      'Objects of lists that memory answered.',
      each(({ listed }) => listed),
    ),
    exposed(
      'apiserver_storage_list_total',
      'counter',
      'Lists that the store answered.',
      each(({ storedLists }) => storedLists),
    ),
  ];
}
