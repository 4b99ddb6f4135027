import { ByLabels, Distribution, type ExposedMetric, exposed } from './series.js';

/** Upper bounds in seconds, as upstream has them. */
const bounds = Array.from({ length: 15 }, (_, power) => 0.001 * 2 ** power);

export type AuthenticationResult = 'success' | 'failure' | 'error';

/** Users whose requests are counted by name; a label for each would have no end. Source: apiserver's `compressUsername`. */
const countedByName: ReadonlySet<string> = new Set([
  ...['admin', 'client', 'kube_proxy', 'kubelet', 'system:serviceaccount:kube-system:default'],
]);

/** How it was found out who asks. */
export class AuthenticationMetrics {
  readonly #results: Readonly<Record<AuthenticationResult, Distribution>> = {
    success: new Distribution(bounds),
    failure: new Distribution(bounds),
    error: new Distribution(bounds),
  };
  readonly #users = new ByLabels(() => ({ count: 0 }));
  readonly #others = this.#users.at({ username: 'other' });

  succeeded(username: string, milliseconds: number): void {
    this.#results.success.observe(milliseconds / 1000);
    if (countedByName.has(username)) this.#users.at({ username }).count += 1;
    else if (username.includes('@')) this.#users.at({ username: 'email_id' }).count += 1;
    else this.#others.count += 1;
  }

  refused(result: 'failure' | 'error', milliseconds: number): void {
    this.#results[result].observe(milliseconds / 1000);
  }

  metrics(): ExposedMetric[] {
    const results = () => Object.entries(this.#results).filter(([, { count }]) => count > 0);
    const seconds = 'authentication_duration_seconds';
    return [
      exposed('authentication_attempts', 'counter', 'Requests by whether it is known who asks.', () =>
        results().map(([result, { count }]) => ({ labels: { result }, value: count })),
      ),
      exposed(seconds, 'histogram', 'Time that it takes to find out who asks.', () =>
        results().flatMap(([result, distribution]) => distribution.values(seconds, { result })),
      ),
      exposed('authenticated_user_requests', 'counter', 'Requests by who asks.', () =>
        this.#users.flatMap((labels, { count }) => (count === 0 ? [] : [{ labels, value: count }])),
      ),
    ];
  }
}
