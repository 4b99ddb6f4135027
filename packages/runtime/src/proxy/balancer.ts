import type { Clock } from '@kubewright/client';
import { type Backend, type Frontend, hostPort } from './frontend.js';

/** Clients whose backends are remembered; the one not seen for longest is forgotten first. */
const mostClients = 65_536;

/** Spreads the connections of one frontend over its backends, in turn, or by client where it wants that. */
export class Balancer {
  readonly #clock: Clock;
  #backends: readonly Backend[] = [];
  #affinityMs = 0;
  #next = 0;
  readonly #clients = new Map<string, { readonly backend: string; readonly at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  set(frontend: Frontend): void {
    this.#backends = frontend.backends;
    this.#affinityMs = (frontend.affinitySeconds ?? 0) * 1000;
    if (this.#affinityMs === 0) this.#clients.clear();
  }

  /** Whether this is still a backend. */
  has(backend: Backend): boolean {
    return this.#backends.some((one) => one.ip === backend.ip && one.port === backend.port);
  }

  /** The backends to try for a new connection of this client, the best first. */
  order(client: string): Backend[] {
    const count = this.#backends.length;
    if (count === 0) return [];
    const start = this.#next++ % count;
    const order = [...this.#backends.slice(start), ...this.#backends.slice(0, start)];
    const known = this.#affinityMs > 0 ? this.#clients.get(client) : undefined;
    if (known === undefined || this.#clock.now() - known.at > this.#affinityMs) return order;
    const index = order.findIndex((backend) => hostPort(backend) === known.backend);
    if (index > 0) order.unshift(...order.splice(index, 1));
    return order;
  }

  /** Notes where a client was sent to. */
  sent(client: string, backend: Backend): void {
    if (this.#affinityMs === 0) return;
    this.#clients.delete(client);
    this.#clients.set(client, { backend: hostPort(backend), at: this.#clock.now() });
    if (this.#clients.size > mostClients) {
      const [oldest] = this.#clients.keys();
      if (oldest !== undefined) this.#clients.delete(oldest);
    }
  }
}
