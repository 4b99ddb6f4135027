import type { Metric } from 'prom-client';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Aggregator } from '../aggregation/aggregator.js';
import type { Encryption } from '../encryption/encryption.js';
import type { ResourceTable } from '../registry/resource-table.js';
import type { Storage } from '../storage/storage.js';
import { AdmissionMetrics } from './admission-metrics.js';
import { AuditMetrics } from './audit-metrics.js';
import { AuthenticationMetrics } from './authentication-metrics.js';
import { AuthorizationMetrics } from './authorization-metrics.js';
import { buildInfo } from './build-info.js';
import { cacheMetrics } from './cache-metrics.js';
import { FlowControlMetrics } from './flow-control-metrics.js';
import { HealthMetrics } from './health-metrics.js';
import { PodSecurityMetrics } from './pod-security-metrics.js';
import { PolicyMetrics } from './policy-metrics.js';
import { processMetrics } from './process-metrics.js';
import { RequestMetrics } from './request-metrics.js';
import { type ExposedMetric, exposed, merged } from './series.js';
import { ServiceAccountMetrics } from './service-account-metrics.js';
import { StorageMetrics, storageSize } from './storage-metrics.js';
import { TokenCacheMetrics } from './token-cache-metrics.js';
import { WatchMetrics } from './watch-metrics.js';

/** What the server tells about itself, under upstream's names. Each server has its own, so several fit in a process. */
export class Metrics {
  readonly requests = new RequestMetrics();
  readonly watches = new WatchMetrics();
  readonly storage = new StorageMetrics();
  readonly admission = new AdmissionMetrics();
  readonly authentication = new AuthenticationMetrics();
  readonly policies = new PolicyMetrics();
  readonly podSecurity = new PodSecurityMetrics();
  readonly authorization = new AuthorizationMetrics();
  readonly audit = new AuditMetrics();
  readonly flowControl = new FlowControlMetrics();
  readonly serviceAccounts = new ServiceAccountMetrics();
  readonly tokens = new TokenCacheMetrics();
  readonly health = new HealthMetrics();
  #registry: Registry | undefined;

  /** All of them in the text form of Prometheus. */
  async expose(server: MetricSources): Promise<{ contentType: string; text: string }> {
    this.#registry ??= this.#createRegistry(server);
    return { contentType, text: await this.#registry.metrics() };
  }

  /** Those of `/metrics/slis`, in the same form. */
  async exposeSlis(): Promise<{ contentType: string; text: string }> {
    const registry = new Registry();
    register(registry, this.health.metrics());
    return { contentType, text: await registry.metrics() };
  }

  // The metrics of the process start timers, so they wait until somebody reads them.
  #createRegistry({ resources, storage, aggregator, options }: MetricSources): Registry {
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    const counted = [
      this.requests,
      this.watches,
      this.storage,
      this.admission,
      this.policies,
      this.podSecurity,
      this.authentication,
      this.authorization,
      this.audit,
      this.flowControl,
      this.serviceAccounts,
      this.tokens,
    ].flatMap((part) => part.metrics());
    const all = [
      ...counted,
      ...cacheMetrics(resources),
      storageSize(storage),
      ...buildInfo(),
      ...processMetrics(),
      ...(aggregator === undefined ? [] : [unavailable(aggregator)]),
      ...(options.encryption?.metrics.metrics() ?? []),
    ];
    register(registry, [...all, registeredMetrics(all)]);
    return registry;
  }
}

/** A registry reads of a metric no more than what an exposed one has; the library's type asks for its class. */
function register(registry: Registry, metrics: readonly ExposedMetric[]): void {
  for (const metric of metrics) registry.registerMetric(metric as unknown as Metric);
}

/** What metrics are made of when somebody asks for them. */
export interface MetricSources {
  readonly resources: ResourceTable;
  readonly storage: Storage;
  readonly aggregator?: Aggregator | undefined;
  readonly options: { readonly encryption?: Pick<Encryption, 'metrics'> };
}

/** As kube-apiserver names the text form. */
const contentType = 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores';

function unavailable(aggregator: Aggregator): ExposedMetric {
  const help = '[ALPHA] APIServices that can not be asked.';
  return exposed('aggregator_unavailable_apiservice', 'gauge', help, () =>
    aggregator.availability().map(([name, available]) => ({ labels: { name }, value: available ? 0 : 1 })),
  );
}

/** How many metrics there are, by what upstream promises of each. */
function registeredMetrics(all: readonly ExposedMetric[]): ExposedMetric {
  const name = 'registered_metrics_total';
  const help = '[BETA] Metrics by stability.';
  return exposed(name, 'counter', help, () =>
    merged(
      [help, ...all.map((metric) => metric.help)].flatMap((text) => {
        const [, stability, deprecated = ''] = /^\[(\w+)\](?: \(Deprecated since (\S+)\))?/.exec(text) ?? [];
        const labels = { stability_level: stability ?? '', deprecated_version: deprecated };
        return stability === undefined ? [] : [{ labels, value: 1 }];
      }),
    ),
  );
}
