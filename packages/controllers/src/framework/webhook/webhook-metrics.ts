import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** What webhooks do, under controller-runtime's names. */
export class WebhookMetrics {
  readonly #requests: Counter<'webhook' | 'code'>;
  readonly #inFlight: Gauge<'webhook'>;
  readonly #seconds: Histogram<'webhook'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#requests = new Counter({
      name: 'controller_runtime_webhook_requests_total',
      help: 'Questions to webhooks by HTTP status.',
      labelNames: ['webhook', 'code'] as const,
      registers,
    });
    this.#inFlight = new Gauge({
      name: 'controller_runtime_webhook_requests_in_flight',
      help: 'Questions that webhooks are at.',
      labelNames: ['webhook'] as const,
      registers,
    });
    this.#seconds = new Histogram({
      name: 'controller_runtime_webhook_latency_seconds',
      help: 'Time that webhooks take to answer.',
      labelNames: ['webhook'] as const,
      registers,
    });
  }

  /** @param answer gives the HTTP status */
  async measure(webhook: string, answer: () => Promise<number>): Promise<void> {
    this.#inFlight.inc({ webhook });
    const end = this.#seconds.startTimer({ webhook });
    let code = 500;
    try {
      code = await answer();
    } finally {
      end();
      this.#inFlight.dec({ webhook });
      this.#requests.inc({ webhook, code: String(code) });
    }
  }
}
