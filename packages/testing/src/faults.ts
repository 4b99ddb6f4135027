import {
  type Client,
  type Clock,
  sleep,
  systemClock,
  type Transport,
  TransportError,
  type TransportRequest,
  type TransportResponse,
} from '@kubewright/client';
import { requestName } from './request-name.js';
import { expiredWatch, statusResponse } from './simulated-answer.js';

/** Which requests a fault befalls: all that are left out match. */
export interface RequestMatch {
  /** `GET`, `POST`, `PUT`, `PATCH`, `DELETE`; `WATCH`, which no `GET` matches; `WRITE` for all that change something. */
  readonly method?: string;
  /** `pods` */
  readonly plural?: string;
  readonly name?: string;
}

export interface FaultOptions extends RequestMatch {
  /** How many requests. @default 1 */
  readonly times?: number;
}

type Effect = (
  request: TransportRequest,
  forward: (request: TransportRequest) => Promise<TransportResponse>,
) => Promise<TransportResponse>;

interface Rule {
  readonly match: RequestMatch;
  left: number;
  readonly effect: Effect;
}

/** The process is dead: what it asks for fails for good. */
export class SimulatedCrash extends TransportError {
  constructor() {
    super('the process has crashed', { unsent: true, permanent: true });
    this.name = 'SimulatedCrash';
  }
}

/**
 * Faults on demand, for one client:
 * ```ts
 * const faults = new Faults();
 * const client = faults.through(server.client);
 * faults.refuse(409, { method: 'PUT', plural: 'widgets' });
 * faults.expireWatches('widgets');
 * ```
 * {@link explore} finds by itself where a controller breaks; this is for the one case that a test is about.
 */
export class Faults {
  readonly #clock: Clock;
  readonly #rules: Rule[] = [];
  readonly #watches = new Set<{ readonly plural: string; readonly end: (ending: WatchEnding) => void }>();
  readonly #frozen = new Set<string>();
  #thawed: (() => void)[] = [];
  #shake: (() => number) | undefined;
  #crashAt: { readonly write: number; readonly when: 'before' | 'after' } | undefined;
  #hasCrashed = false;
  readonly #crashed: { readonly promise: Promise<void>; resolve: () => void };
  readonly #writes: string[] = [];

  /** @param options `clock`: of the delays @default the machine's */
  constructor(options: { readonly clock?: Clock } = {}) {
    this.#clock = options.clock ?? systemClock;
    let resolve: () => void = () => undefined;
    const promise = new Promise<void>((onResolve) => {
      resolve = onResolve;
    });
    this.#crashed = { promise, resolve };
  }

  /** All that was asked to be changed, as `POST /api/v1/…`. */
  get writes(): readonly string[] {
    return this.#writes;
  }

  /** The client, with these faults on its way. */
  through(client: Client): Client {
    return client.through((transport) => this.transport(transport));
  }

  transport(inner: Transport): Transport {
    return {
      host: inner.host,
      request: (request) => this.#request(request, inner),
      connect: (request) => inner.connect(request),
      close: () => inner.close(),
    };
  }

  /** The server refuses: 409, 429 (with `retryAfterSeconds`, then clients try again), 410, 500, 503. Nothing happens. */
  refuse(code: number, options: FaultOptions & { readonly retryAfterSeconds?: number } = {}): void {
    const { retryAfterSeconds } = options;
    this.#add(options, async () =>
      statusResponse(code, retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    );
  }

  /** The connection can't be made. Nothing happens. */
  disconnect(options: FaultOptions = {}): void {
    this.#add(options, async () => {
      throw new TransportError('the connection was refused', { unsent: true });
    });
  }

  /** It happens, and nobody hears of it. */
  loseAnswer(options: FaultOptions = {}): void {
    this.#add(options, async (request, forward) => {
      await forward(request);
      throw new TransportError('the connection was reset', { unsent: false });
    });
  }

  /** It takes so long before it reaches the server. */
  delay(ms: number, options: FaultOptions = {}): void {
    this.#add({ times: Number.POSITIVE_INFINITY, ...options }, async (request, forward) => {
      await sleep(this.#clock, ms, request.signal);
      return forward(request);
    });
  }

  /** Reads (not watches) are answered by another server, such as a fork from earlier. */
  readFrom(stale: Transport, options: FaultOptions = {}): void {
    this.#add({ method: 'GET', times: Number.POSITIVE_INFINITY, ...options }, (request) =>
      stale.request(request),
    );
  }

  /** From now on breaks writes by chance: some before they are sent, some after they have happened. */
  shake(random: () => number): void {
    this.#shake = random;
  }

  /** Breaks off the watches that are open. */
  dropWatches(plural?: string): void {
    this.#endWatches('dropped', plural);
  }

  /** Ends the watches that are open as a server does that has forgotten their revision: clients list anew. */
  expireWatches(plural?: string): void {
    this.#endWatches('expired', plural);
  }

  /** Holds back what watches of the resource would tell, so that caches grow old, until {@link thaw}. */
  freeze(plural: string): void {
    this.#frozen.add(plural);
  }

  thaw(): void {
    this.#frozen.clear();
    for (const resolve of this.#thawed.splice(0)) resolve();
  }

  /**
   * The process ends at its n-th write from now on, counted from 1: before it is sent, or after it has happened and
   * before it is told. All further requests fail. @returns resolves when it happens
   */
  crashAt(when: 'before' | 'after', write: number): Promise<void> {
    this.#crashAt = { when, write: this.#writes.length + write };
    return this.#crashed.promise;
  }

  /** Forgets all faults that have not happened yet. */
  clear(): void {
    this.#rules.length = 0;
    this.#shake = undefined;
    this.#crashAt = undefined;
    this.thaw();
  }

  #add({ times = 1, ...match }: FaultOptions, effect: Effect): void {
    this.#rules.push({ match, left: times, effect });
  }

  async #request(request: TransportRequest, inner: Transport): Promise<TransportResponse> {
    if (this.#hasCrashed) throw new SimulatedCrash();
    if (request.query?.has('watch')) return this.#watch(request, inner);
    const isWrite = request.method !== 'GET';
    if (isWrite) this.#writes.push(`${request.method} ${request.path}`);
    const crash = isWrite && this.#crashAt?.write === this.#writes.length ? this.#crashAt.when : undefined;
    if (crash === 'before') throw this.#crash();
    const response = await this.#broken(request, inner, isWrite);
    if (crash === 'after') throw this.#crash();
    return response;
  }

  async #broken(request: TransportRequest, inner: Transport, isWrite: boolean): Promise<TransportResponse> {
    const isShaken = isWrite && this.#shake !== undefined && this.#shake() < 0.15;
    if (isShaken && (this.#shake?.() ?? 1) < 0.5)
      throw new TransportError('the connection was refused', { unsent: true });
    const response = await this.#ruled(request, (sent) => inner.request(sent));
    if (isShaken) throw new TransportError('the connection was reset', { unsent: false });
    return response;
  }

  #ruled(request: TransportRequest, forward: Parameters<Effect>[1]): Promise<TransportResponse> {
    const rule = this.#rules.find(({ match, left }) => left > 0 && matches(match, request));
    if (rule === undefined) return forward(request);
    rule.left -= 1;
    if (rule.left === 0) this.#rules.splice(this.#rules.indexOf(rule), 1);
    return rule.effect(request, forward);
  }

  async #watch(request: TransportRequest, inner: Transport): Promise<TransportResponse> {
    const response = await this.#ruled(request, (sent) => inner.request(sent));
    if (response.status !== 200) return response;
    const { plural } = requestName(request);
    return { ...response, body: this.#watched(plural, response.body) };
  }

  async *#watched(
    plural: string,
    body: AsyncIterable<Uint8Array>,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const chunks = body[Symbol.asyncIterator]();
    let end: (ending: WatchEnding) => void = () => undefined;
    const ended = new Promise<WatchEnding>((resolve) => {
      end = resolve;
    });
    const watch = { plural, end };
    this.#watches.add(watch);
    try {
      for (;;) {
        const next = await Promise.race([chunks.next(), ended]);
        if (next === 'dropped') throw new TransportError('the connection was reset', { unsent: false });
        if (next === 'expired') {
          yield expiredWatch();
          return;
        }
        while (this.#frozen.has(plural)) await new Promise<void>((resolve) => this.#thawed.push(resolve));
        if (next.done) return;
        yield next.value;
      }
    } finally {
      this.#watches.delete(watch);
      // Not awaited: a generator that waits for its next chunk ends only with that.
      chunks.return?.()?.catch(() => undefined);
    }
  }

  #endWatches(ending: WatchEnding, plural: string | undefined): void {
    for (const watch of this.#watches) if (plural === undefined || watch.plural === plural) watch.end(ending);
  }

  #crash(): SimulatedCrash {
    this.#hasCrashed = true;
    this.#endWatches('dropped', undefined);
    this.#crashed.resolve();
    return new SimulatedCrash();
  }
}

type WatchEnding = 'dropped' | 'expired';

function matches({ method, plural, name }: RequestMatch, request: TransportRequest): boolean {
  const about = requestName(request);
  return (
    (method === undefined || matchesMethod(method, request)) &&
    (plural === undefined || plural === about.plural) &&
    (name === undefined || name === about.name)
  );
}

function matchesMethod(method: string, request: TransportRequest): boolean {
  if (request.query?.has('watch')) return method === 'WATCH';
  return method === 'WRITE' ? request.method !== 'GET' : method === request.method;
}
