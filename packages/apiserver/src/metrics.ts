import { collectDefaultMetrics, Gauge, type Metric, Registry } from 'prom-client';
import type { ResourceTable } from './registry/resource-table.js';
import { RequestMetrics } from './request-metrics.js';

/** What the server tells about itself, under upstream's names. Each server has its own, so several fit in a process. */
export class Metrics {
  readonly requests = new RequestMetrics();
  readonly #registry = new Registry();
  readonly #objects = new Gauge({
    name: 'apiserver_storage_objects',
    help: 'Stored objects by resource.',
    labelNames: ['resource'],
    registers: [this.#registry],
  });
  #complete = false;

  async expose(resources: ResourceTable): Promise<{ contentType: string; text: string }> {
    this.#completeRegistry();
    for (const { rules, cache } of resources.resources()) {
      const { group, plural } = rules.kind;
      this.#objects.set({ resource: group === '' ? plural : `${plural}.${group}` }, cache.size);
    }
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  // The metrics of the process start timers, so they wait until somebody reads them.
  #completeRegistry(): void {
    if (this.#complete) return;
    this.#complete = true;
    collectDefaultMetrics({ register: this.#registry });
    for (const metric of this.requests.metrics()) this.#registry.registerMetric(metric as unknown as Metric);
  }
}
