import type { Metric } from 'prom-client';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { kubernetesVersion } from '../http/version.js';
import type { ResourceTable } from '../registry/resource-table.js';
import { AdmissionMetrics } from './admission-metrics.js';
import { AuditMetrics } from './audit-metrics.js';
import { AuthenticationMetrics } from './authentication-metrics.js';
import { AuthorizationMetrics } from './authorization-metrics.js';
import { cacheMetrics } from './cache-metrics.js';
import { FlowControlMetrics } from './flow-control-metrics.js';
import { PodSecurityMetrics } from './pod-security-metrics.js';
import { PolicyMetrics } from './policy-metrics.js';
import { RequestMetrics } from './request-metrics.js';
import { type ExposedMetric, exposed } from './series.js';
import { ServiceAccountMetrics } from './service-account-metrics.js';
import { StorageMetrics } from './storage-metrics.js';
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
  #registry: Registry | undefined;

  async expose(resources: ResourceTable): Promise<{ contentType: string; text: string }> {
    this.#registry ??= this.#createRegistry(resources);
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  // The metrics of the process start timers, so they wait until somebody reads them.
  #createRegistry(resources: ResourceTable): Registry {
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    const all = [
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
    ].flatMap((part) => part.metrics());
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
