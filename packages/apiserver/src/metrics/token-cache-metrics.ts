import { Distribution, type ExposedMetric, exposed } from './series.js';

/** Upper bounds in seconds, as upstream has them. */
const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const prefix = 'authentication_token_cache_';

/** What is remembered of tokens spares the server. */
export class TokenCacheMetrics {
  readonly #seconds = { hit: new Distribution(bounds), miss: new Distribution(bounds) };
  readonly #fetched = { ok: 0, error: 0 };
  readonly #active = { in_flight: 0, blocked: 0 };

  /** A token that was known. As upstream, which counts whole milliseconds, it took none. */
  hit(): void {
    this.#seconds.hit.observe(0);
  }

  /** Counts one that was not known, while it is looked at. */
  async fetching<T>(look: () => Promise<T>): Promise<T> {
    const start = performance.now();
    this.#active.in_flight += 1;
    try {
      const found = await look();
      this.#fetched.ok += 1;
      return found;
    } catch (error) {
      this.#fetched.error += 1;
      throw error;
    } finally {
      this.#active.in_flight -= 1;
      this.#missed(start);
    }
  }

  /** Counts who waits for the look that another has begun. */
  async sharing<T>(look: Promise<T>): Promise<T> {
    const start = performance.now();
    this.#active.blocked += 1;
    try {
      return await look;
    } finally {
      this.#active.blocked -= 1;
      this.#missed(start);
    }
  }

  metrics(): ExposedMetric[] {
    const seconds = `${prefix}request_duration_seconds`;
    const requests = () => Object.entries(this.#seconds).filter(([, { count }]) => count > 0);
    return [
      exposed(`${prefix}request_total`, 'counter', '[ALPHA] Tokens by whether they were known.', () =>
        requests().map(([status, { count }]) => ({ labels: { status }, value: count })),
      ),
      exposed(seconds, 'histogram', '[ALPHA] Time that it takes to know whom a token stands for.', () =>
        requests().flatMap(([status, distribution]) => distribution.values(seconds, { status })),
      ),
      exposed(`${prefix}fetch_total`, 'counter', '[ALPHA] Looks at tokens that were not known.', () =>
        Object.entries(this.#fetched).flatMap(([status, value]) =>
          value === 0 ? [] : [{ labels: { status }, value }],
        ),
      ),
      exposed(
        `${prefix}active_fetch_count`,
        'gauge',
        '[ALPHA] Looks under way, and who waits for them.',
        () => Object.entries(this.#active).map(([status, value]) => ({ labels: { status }, value })),
      ),
    ];
  }

  #missed(start: number): void {
    this.#seconds.miss.observe((performance.now() - start) / 1000);
  }
}
