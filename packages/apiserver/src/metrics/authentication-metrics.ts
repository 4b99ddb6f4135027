import { ByLabels, Distribution, type ExposedMetric, exposed } from './series.js';

/** Upper bounds in seconds, as upstream has them. */
const bounds = Array.from({ length: 15 }, (_, power) => 0.001 * 2 ** power);

/** The same of the time that certificates are still good. */
const lifetimes = [
  ...[0, 0.5, 1, 2, 6, 12].map((hours) => hours * 3_600),
  ...[1, 2, 4, 7, 30, 90, 180, 360].map((days) => days * 86_400),
];

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
  readonly #lifetimes = new Distribution(lifetimes);
  #handshakeErrors = 0;
  readonly #users = new ByLabels(() => ({ count: 0 }));
  readonly #others = this.#users.at({ username: 'other' });

  succeeded(username: string, milliseconds: number): void {
    this.#results.success.observe(milliseconds / 1000);
    if (countedByName.has(username)) this.#users.at({ username }).count += 1;
    else if (username.includes('@')) this.#users.at({ username: 'email_id' }).count += 1;
    else this.#others.count += 1;
  }

  /** Counts a client certificate that said who asks, by how long it is still good, in seconds. */
  certificate(remaining: number): void {
    this.#lifetimes.observe(remaining);
  }

  handshakeFailed(): void {
    this.#handshakeErrors += 1;
  }

  refused(result: 'failure' | 'error', milliseconds: number): void {
    this.#results[result].observe(milliseconds / 1000);
  }

  metrics(): ExposedMetric[] {
    const results = () => Object.entries(this.#results).filter(([, { count }]) => count > 0);
    const seconds = 'authentication_duration_seconds';
    const certificates = 'apiserver_client_certificate_expiration_seconds';
    return [
      exposed('authentication_attempts', 'counter', '[ALPHA] Requests by whether it is known who asks.', () =>
        results().map(([result, { count }]) => ({ labels: { result }, value: count })),
      ),
      exposed(seconds, 'histogram', '[ALPHA] Time that it takes to find out who asks.', () =>
        results().flatMap(([result, distribution]) => distribution.values(seconds, { result })),
      ),
      exposed(
        certificates,
        'histogram',
        '[ALPHA] How long certificates are still good when they say who asks.',
        () => this.#lifetimes.values(certificates, {}),
      ),
      exposed(
        'apiserver_tls_handshake_errors_total',
        'counter',
        '[ALPHA] Connections that ended before both sides had agreed on TLS.',
        () => [{ labels: {}, value: this.#handshakeErrors }],
      ),
      exposed('authenticated_user_requests', 'counter', '[ALPHA] Requests by who asks.', () =>
        this.#users.flatMap((labels, { count }) => (count === 0 ? [] : [{ labels, value: count }])),
      ),
    ];
  }
}
