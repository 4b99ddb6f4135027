import type { Exchange } from '../exchange.js';
import type { Paths } from '../http/paths.js';
import type { HealthMetrics } from '../metrics/health-metrics.js';
import type { Storage } from '../storage/storage.js';
import { answerHealth } from './answer-health.js';
import type { HealthCheck } from './health-check.js';
import { StartSteps } from './start-steps.js';
import { storeCheck } from './store-check.js';

/** What a server's health depends on. */
export interface HealthSources {
  readonly storage: Storage;
  /** The resources whose caches do not have all objects, by their plurals. */
  readonly loading: () => readonly string[];
  readonly metrics: HealthMetrics;
  /** Of the server's own parts, in all three endpoints. */
  readonly checks: readonly HealthCheck[];
}

/** Whether the server is alive and ready, as `/livez`, `/readyz` and `/healthz` tell it. */
export class ServerHealth {
  readonly steps = new StartSteps();
  readonly #sources: HealthSources;
  #stopping = false;

  constructor(sources: HealthSources) {
    this.#sources = sources;
  }

  /** From now on the server is not ready: whoever spreads requests leaves it out. */
  stop(): void {
    this.#stopping = true;
  }

  serve(paths: Paths): void {
    for (const endpoint of ['healthz', 'livez', 'readyz'] as const) {
      const answer = (exchange: Exchange) =>
        answerHealth(exchange, { endpoint, checks: this.checks(endpoint), metrics: this.#sources.metrics });
      paths.add(`/${endpoint}`, answer, { counted: { subresource: `/${endpoint}` } });
      const all = () => this.checks(endpoint).map(({ name }) => `/${endpoint}/${name}`);
      paths.addBelow(`/${endpoint}/`, answer, { all });
    }
  }

  /** What an endpoint asks, as far as the server has come. */
  checks(endpoint: 'healthz' | 'livez' | 'readyz'): readonly HealthCheck[] {
    const { storage, checks } = this.#sources;
    const ping = { name: 'ping', check: () => undefined };
    const alive = [ping, storeCheck('etcd', storage)];
    if (endpoint !== 'readyz') return [...alive, ...this.steps.checks, ...checks];
    return [
      ...alive,
      storeCheck('etcd-readiness', storage),
      { name: 'informer-sync', check: () => this.#assertSynced() },
      ...this.steps.checks,
      ...checks,
      { name: 'shutdown', check: () => this.#assertServing() },
    ];
  }

  /** Fails while a cache is loaded, as it is again where the store has forgotten what came next. */
  #assertSynced(): void {
    const loading = this.#sources.loading();
    if (loading.length > 0)
      throw new Error(`${loading.length} informers not started yet: [${loading.join(' ')}]`);
  }

  #assertServing(): void {
    if (this.#stopping) throw new Error('process is shutting down');
  }
}
