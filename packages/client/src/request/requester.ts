import { type BoundSignal, bindSignal } from '../abort.js';
import { type Clock, sleep, systemClock } from '../clock.js';
import type { CallOptions } from '../options.js';
import {
  ConnectRefused,
  type Transport,
  type TransportConnection,
  type TransportResponse,
} from '../transport/transport.js';
import { errorOf, parseAnswer, warningsOf } from './answer.js';
import { readAll } from './body.js';
import { retryDelayMs } from './retry.js';

/** What every request of one client shares. */
export interface RequesterOptions {
  /** @default `kubewright` */
  readonly userAgent?: string;
  /** The field manager of writes that name none. @default the user agent up to its first `/` */
  readonly fieldManager?: string;
  /** For calls that are over with their answer, retries included. @default 60_000 */
  readonly timeoutMs?: number;
  /** Further tries after a 429 or a connection fault. @default 5 */
  readonly retries?: number;
  /** Called with each warning that the server sends along. */
  readonly onWarning?: (message: string) => void;
  readonly clock?: Clock;
  /** Between 0 and 1, as Math.random. */
  readonly random?: () => number;
}

/** One call, before it is bound to a transport. */
export interface ApiCall extends CallOptions {
  readonly method: string;
  readonly path: string;
  readonly query?: URLSearchParams;
  readonly accept?: string;
  readonly contentType?: string;
  /** Made JSON, unless it is bytes or a string already. */
  readonly body?: unknown;
  /** Sending a write twice does no harm: it names the state that it changes, or says all that shall be. */
  readonly conditional?: boolean;
}

/** One request that was sent, a retry being one of its own. */
export interface SentRequest {
  readonly method: string;
  /** The answer's status; undefined where none came. */
  readonly status: number | undefined;
  /** The server as `host:port`, where the transport knows it. */
  readonly host: string | undefined;
}

/** Sends calls through a transport: headers, deadlines, retries, errors. */
export class Requester {
  readonly fieldManager: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly #transport: Transport;
  readonly #userAgent: string;
  readonly #timeoutMs: number;
  readonly #retries: number;
  readonly #onWarning: ((message: string) => void) | undefined;
  readonly #observers: ((sent: SentRequest) => void)[] = [];

  constructor(transport: Transport, options: RequesterOptions = {}) {
    this.#transport = transport;
    this.#userAgent = options.userAgent ?? 'kubewright';
    this.fieldManager = options.fieldManager ?? this.#userAgent.split('/')[0] ?? this.#userAgent;
    this.#timeoutMs = options.timeoutMs ?? 60_000;
    this.#retries = options.retries ?? 5;
    this.#onWarning = options.onWarning;
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? Math.random;
  }

  /** Calls back for each request that is sent from now on, for metrics. */
  observe(observer: (sent: SentRequest) => void): void {
    this.#observers.push(observer);
  }

  /** The answer's body, parsed. @throws ApiError for every answer outside 2xx or without JSON, TransportError */
  async json<T>(call: ApiCall): Promise<T> {
    const deadline = this.#deadline(call, call.timeoutMs ?? this.#timeoutMs);
    try {
      return await this.#retrying(call, deadline.signal, async () => {
        const response = await this.#send(call, deadline.signal);
        const bytes = await readAll(response.body);
        if (response.status < 200 || response.status > 299) throw errorOf(call, response, bytes);
        return parseAnswer<T>(call, response, bytes);
      });
    } finally {
      deadline.end();
    }
  }

  /** The answer as it arrives; the caller reads or leaves the body. A deadline covers the body too. */
  async stream(call: ApiCall): Promise<TransportResponse> {
    const deadline = this.#deadline(call, call.timeoutMs);
    try {
      const response = await this.#retrying(call, deadline.signal, async () => {
        const answer = await this.#send(call, deadline.signal);
        if (answer.status >= 200 && answer.status <= 299) return answer;
        throw errorOf(call, answer, await readAll(answer.body));
      });
      return { ...response, body: endingWith(response.body, deadline.end) };
    } catch (error) {
      deadline.end();
      throw error;
    }
  }

  /** Leaves HTTP for a message connection. @throws ApiError when the server refuses */
  async connect(
    call: Pick<ApiCall, 'path' | 'query' | 'signal'>,
    protocols: readonly string[],
  ): Promise<TransportConnection> {
    try {
      return await this.#transport.connect({
        path: call.path,
        ...(call.query === undefined ? {} : { query: call.query }),
        headers: { 'user-agent': this.#userAgent },
        protocols,
        signal: call.signal,
      });
    } catch (error) {
      if (!(error instanceof ConnectRefused)) throw error;
      throw errorOf({ method: 'GET', path: call.path }, error.response, await readAll(error.response.body));
    }
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  async #send(call: ApiCall, signal: AbortSignal): Promise<TransportResponse> {
    const body = bodyOf(call.body);
    const sending = this.#transport.request({
      method: call.method,
      path: call.path,
      ...(call.query === undefined ? {} : { query: call.query }),
      headers: {
        accept: call.accept ?? 'application/json',
        'user-agent': this.#userAgent,
        ...(call.contentType === undefined ? {} : { 'content-type': call.contentType }),
      },
      ...(body === undefined ? {} : { body }),
      signal,
    });
    const response =
      this.#observers.length === 0 ? await sending : await this.#observed(call.method, sending);
    if (this.#onWarning !== undefined)
      for (const warning of warningsOf(response.headers)) this.#onWarning(warning);
    return response;
  }

  async #observed(method: string, sending: Promise<TransportResponse>): Promise<TransportResponse> {
    let status: number | undefined;
    try {
      const response = await sending;
      status = response.status;
      return response;
    } finally {
      for (const observer of this.#observers) observer({ method, status, host: this.#transport.host });
    }
  }

  async #retrying<R>(call: ApiCall, signal: AbortSignal, attempt: () => Promise<R>): Promise<R> {
    for (let failures = 0; ; failures++) {
      signal.throwIfAborted();
      try {
        return await attempt();
      } catch (error) {
        // An abort reaches us as whatever the transport makes of it; the caller knows its own reason.
        signal.throwIfAborted();
        if (failures >= this.#retries) throw error;
        const repeatable = call.method === 'GET' || call.conditional === true;
        const delayMs = retryDelayMs(error, { failures, repeatable, random: this.random });
        if (delayMs === undefined) throw error;
        await sleep(this.clock, delayMs, signal);
      }
    }
  }

  #deadline(call: ApiCall, timeoutMs: number | undefined): BoundSignal {
    return bindSignal(
      { signal: call.signal, timeoutMs },
      { clock: this.clock, message: (ms) => `${call.method} ${call.path} got no answer within ${ms} ms` },
    );
  }
}

function bodyOf(body: unknown): string | Uint8Array | undefined {
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) return body;
  return JSON.stringify(body);
}

async function* endingWith(
  body: AsyncIterable<Uint8Array>,
  end: () => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* body;
  } finally {
    end();
  }
}
