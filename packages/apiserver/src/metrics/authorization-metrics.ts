import type { Decision } from '../auth/authorization/authorizer.js';
import { ByLabels, countersByLabels, counts, Distribution, type ExposedMetric, exposed } from './series.js';

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

  readonly #decisions = countersByLabels();
  readonly #impersonations = new ByLabels(() => new Distribution(bounds));

  observe(decision: Decision, milliseconds: number): void {
    this.#results[resultOf(decision)].observe(milliseconds / 1000);
  }

  /** Where the decisions of one authorizer are counted. */
  decisions(of: { readonly type: string; readonly name: string }) {
    const { type, name } = of;
    return {
      allowed: this.#decisions.at({ type, name, decision: 'allowed' }),
      denied: this.#decisions.at({ type, name, decision: 'denied' }),
    };
  }

  /** @param mode empty where none allowed it */
  impersonated(mode: string, decision: 'allowed' | 'denied', milliseconds: number): void {
    this.#impersonations.at({ mode, decision }).observe(milliseconds / 1000);
  }

  metrics(): ExposedMetric[] {
    const results = Object.entries(this.#results);
    const seconds = 'authorization_duration_seconds';
    const attempts = 'apiserver_impersonation_attempts_duration_seconds';
    return [
      exposed('authorization_attempts_total', 'counter', '[ALPHA] Decisions by result.', () =>
        results
          .filter(([, { count }]) => count > 0)
          .map(([result, { count }]) => ({ labels: { result }, value: count })),
      ),
      exposed(seconds, 'histogram', '[ALPHA] Time that a decision takes.', () =>
        results.flatMap(([result, distribution]) => distribution.values(seconds, { result })),
      ),
      counts(
        'apiserver_authorization_decisions_total',
        '[ALPHA] Decisions of each authorizer.',
        this.#decisions,
      ),
      exposed(
        'apiserver_impersonation_attempts_total',
        'counter',
        '[ALPHA] Impersonations by mode and decision.',
        () => this.#impersonations.flatMap((labels, { count }) => [{ labels, value: count }]),
      ),
      exposed(attempts, 'histogram', '[ALPHA] Time that deciding on an impersonation takes.', () =>
        this.#impersonations.flatMap((labels, distribution) => distribution.values(attempts, labels)),
      ),
    ];
  }
}

function resultOf({ verdict, error }: Decision): 'allowed' | 'denied' | 'no-opinion' | 'error' {
  if (verdict === 'allow') return 'allowed';
  if (error !== undefined) return 'error';
  return verdict === 'deny' ? 'denied' : 'no-opinion';
}
