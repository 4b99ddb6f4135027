import type { Decision } from '../auth/authorization/authorizer.js';
import { Distribution, type ExposedMetric, exposed } from './series.js';

/** Upper bounds in seconds, as upstream has them. */
const bounds = Array.from({ length: 15 }, (_, power) => 0.001 * 2 ** power);

/** How requests are decided on, and how long that takes. */
export class AuthorizationMetrics {
  readonly #results = {
    allowed: new Distribution(bounds),
    denied: new Distribution(bounds),
    'no-opinion': new Distribution(bounds),
    error: new Distribution(bounds),
  };

  observe(decision: Decision, milliseconds: number): void {
    this.#results[resultOf(decision)].observe(milliseconds / 1000);
  }

  metrics(): ExposedMetric[] {
    const results = Object.entries(this.#results);
    const seconds = 'authorization_duration_seconds';
    return [
      exposed('authorization_attempts_total', 'counter', 'Decisions by result.', () =>
        results
          .filter(([, { count }]) => count > 0)
          .map(([result, { count }]) => ({ labels: { result }, value: count })),
      ),
      exposed(seconds, 'histogram', 'Time that a decision takes.', () =>
        results.flatMap(([result, distribution]) => distribution.values(seconds, { result })),
      ),
    ];
  }
}

function resultOf({ verdict, error }: Decision): 'allowed' | 'denied' | 'no-opinion' | 'error' {
  if (verdict === 'allow') return 'allowed';
  if (error !== undefined) return 'error';
  return verdict === 'deny' ? 'denied' : 'no-opinion';
}
