import {
  type ConnectRequest,
  type Transport,
  type TransportConnection,
  TransportError,
  type TransportRequest,
  type TransportResponse,
} from '../transport/transport.js';
import { fetchSocket } from './fetch-socket.js';

export interface FetchTransportOptions {
  /** `https://host:6443`, or the path of a proxy on the page's own host, such as `/k8s`. */
  readonly server: string;
  /** Asked before each request. */
  readonly token?: (() => Promise<string>) | undefined;
  /** @default the page's own */
  readonly fetch?: typeof globalThis.fetch;
}

/** A transport over `fetch` and, for exec, attach and port-forward, the browser's `WebSocket`. */
export function fetchTransport(options: FetchTransportOptions): Transport {
  const { server, token, fetch = globalThis.fetch } = options;
  const base = server.replace(/\/$/, '');
  const ending = new AbortController();
  const closed = new TransportError('the client is closed', { unsent: true, permanent: true });

  const urlOf = ({ path, query }: Pick<TransportRequest, 'path' | 'query'>) => {
    const search = query?.toString() ?? '';
    return `${base}${path}${search === '' ? '' : `?${search}`}`;
  };

  return {
    async request(request: TransportRequest): Promise<TransportResponse> {
      if (ending.signal.aborted) throw closed;
      // Browsers have a name of their own, and ask the server first about headers that they don't know.
      const { 'user-agent': _, ...headers } = request.headers;
      const bearer = token === undefined ? {} : { authorization: `Bearer ${await token()}` };
      const stop = new AbortController();
      const signals = [request.signal, ending.signal].filter((signal) => signal !== undefined);
      const abort = () => stop.abort();
      for (const signal of signals) signal.addEventListener('abort', abort, { once: true });
      if (request.signal?.aborted) stop.abort();
      const leave = () => {
        for (const signal of signals) signal.removeEventListener('abort', abort);
      };
      const faultOf = (cause: unknown) => {
        leave();
        if (request.signal?.aborted) return request.signal.reason as unknown;
        if (ending.signal.aborted) return closed;
        const why = cause instanceof Error ? cause.message : String(cause);
        const what = `${request.method} ${request.path} at ${base} got no whole answer: ${why}`;
        return new TransportError(what, { cause, unsent: false });
      };
      try {
        const response = await fetch(urlOf(request), {
          method: request.method,
          headers: { ...headers, ...bearer },
          body: request.body ?? null,
          signal: stop.signal,
        });
        return {
          status: response.status,
          headers: Object.fromEntries(response.headers),
          body: chunks(response.body, { faultOf, leave, stop: abort }),
        };
      } catch (error) {
        throw faultOf(error);
      }
    },

    async connect(request: ConnectRequest): Promise<TransportConnection> {
      if (ending.signal.aborted) throw closed;
      const url = new URL(urlOf(request), pageAddress());
      url.protocol = url.protocol.replace('http', 'ws');
      // The one way to send a token along: browsers let nobody set headers of a WebSocket.
      const bearer =
        token === undefined ? [] : [`base64url.bearer.authorization.k8s.io.${base64Url(await token())}`];
      // Browsers take no name with a slash, and a server does without SPDY in a WebSocket.
      const protocols = request.protocols.filter((name) => !name.includes('/'));
      const connection = await fetchSocket(url, [...protocols, ...bearer], request.signal);
      ending.signal.addEventListener('abort', connection.close, { once: true });
      connection.closed.then(() => ending.signal.removeEventListener('abort', connection.close));
      return connection;
    },

    async close() {
      ending.abort();
    },
  };
}

/** What {@link fetchTransport} is made of a connection's options where Node would use sockets of its own. */
export async function httpsTransport(options: FetchTransportOptions): Promise<Transport> {
  return fetchTransport({ server: options.server, token: options.token });
}

async function* chunks(
  body: ReadableStream<Uint8Array> | null,
  end: {
    readonly faultOf: (cause: unknown) => unknown;
    readonly leave: () => void;
    readonly stop: () => void;
  },
): AsyncGenerator<Uint8Array, void, undefined> {
  // Not every browser can iterate over a stream.
  const reader = body?.getReader();
  let whole = false;
  try {
    for (;;) {
      const next = await reader?.read();
      if (next === undefined || next.done) break;
      yield next.value;
    }
    whole = true;
  } catch (error) {
    throw end.faultOf(error);
  } finally {
    if (!whole) end.stop();
    end.leave();
  }
}

function base64Url(text: string): string {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** What a path is relative to; there is none outside of a page. */
function pageAddress(): string | undefined {
  return (globalThis as { readonly location?: { readonly href: string } }).location?.href;
}
