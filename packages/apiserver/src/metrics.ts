import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Exchange } from './exchange.js';
import type { ResourceTable } from './registry/resource-table.js';

const requestLabels = ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'component'] as const;

/** What the server tells about itself, under upstream's names. Each server has its own, so several fit in a process. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests = new Counter({
    name: 'apiserver_request_total',
    help: 'Requests by verb, resource and code.',
    labelNames: [...requestLabels, 'code'],
    registers: [this.#registry],
  });
  readonly #durations = new Histogram({
    name: 'apiserver_request_duration_seconds',
    help: 'Time from the arrival of a request to the end of its answer, watches and upgrades apart.',
    labelNames: [...requestLabels],
    buckets: [
      0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
    ],
    registers: [this.#registry],
  });
  readonly #longRunning = new Gauge({
    name: 'apiserver_longrunning_requests',
    help: 'Watches and upgraded connections that are open.',
    labelNames: [...requestLabels],
    registers: [this.#registry],
  });
  readonly #objects = new Gauge({
    name: 'apiserver_storage_objects',
    help: 'Stored objects by resource.',
    labelNames: ['resource'],
    registers: [this.#registry],
  });
  #processMetrics = false;

  /** Counts a request whose answer is complete. */
  observe(exchange: Exchange): void {
    const labels = labelsOf(exchange);
    this.#requests.inc({ ...labels, code: exchange.status });
    if (!isLongRunning(exchange))
      this.#durations.observe(labels, (exchange.server.now() - exchange.startedAt) / 1000);
  }

  /** Counts a watch or an upgraded connection while it is open. */
  async longRunning(exchange: Exchange, run: () => Promise<void>): Promise<void> {
    const labels = labelsOf(exchange);
    this.#longRunning.inc(labels);
    try {
      await run();
    } finally {
      this.#longRunning.dec(labels);
    }
  }

  async expose(resources: ResourceTable): Promise<{ contentType: string; text: string }> {
    if (!this.#processMetrics) collectDefaultMetrics({ register: this.#registry });
    this.#processMetrics = true;
    for (const { rules, cache } of resources.resources()) {
      const { group, plural } = rules.kind;
      this.#objects.set({ resource: group === '' ? plural : `${plural}.${group}` }, cache.size);
    }
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() };
  }
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

function isLongRunning({ info, status }: Exchange): boolean {
  return status === 101 || info?.verb === 'watch';
}

// Only names that the server knows become labels: a client must not be able to make new ones.
function labelsOf({ info, request, server }: Exchange): Record<(typeof requestLabels)[number], string> {
  const none = { group: '', version: '', resource: '', subresource: '', scope: '', component: 'apiserver' };
  const served = info?.isResource ? server.resources.at(info.group, info.version, info.resource) : undefined;
  if (served === undefined) return { ...none, verb: methods.has(request.method) ? request.method : 'OTHER' };
  const { verb, group, version, resource, name, namespace } = info;
  const subresource = info.subresource in served.kind.subresources ? info.subresource : '';
  const scope = name !== '' ? 'resource' : namespace !== '' ? 'namespace' : 'cluster';
  return { ...none, verb: verb.toUpperCase(), group, version, resource, subresource, scope };
}
