import { ByLabels, countersByLabels, counts, type ExposedMetric, exposed } from './series.js';

/** What health checks came to, for `/metrics/slis`. */
export class HealthMetrics {
  readonly #last = new ByLabels(() => ({ healthy: false }));
  readonly #results = countersByLabels();

  /** @param type of the endpoint: `livez` */
  checked(name: string, type: string, healthy: boolean): void {
    this.#last.at({ name, type }).healthy = healthy;
    this.#results.at({ name, status: healthy ? 'success' : 'error', type }).value += 1;
  }

  metrics(): ExposedMetric[] {
    return [
      exposed('kubernetes_healthcheck', 'gauge', '[STABLE] Whether a health check passed last.', () =>
        this.#last.flatMap((labels, { healthy }) => [{ labels, value: healthy ? 1 : 0 }]),
      ),
      counts('kubernetes_healthchecks_total', '[STABLE] Health checks by how they ended.', this.#results),
      exposed(
        'process_start_time_seconds',
        'gauge',
        '[ALPHA] When the process began, in seconds since 1970.',
        () => [{ labels: {}, value: performance.timeOrigin / 1000 }],
      ),
    ];
  }
}
