import type { ApiRequest, ByteStream, ResponseHeaders, ResponseSink } from './api-request.js';
import type { HandleRequest } from './express-adapter.js';

/** As upstream has them. Source: apiserver's `WithCORS`. */
const allowedMethods = 'POST, GET, OPTIONS, PUT, DELETE, PATCH';
const allowedHeaders =
  'Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, X-Requested-With, If-Modified-Since';

/**
 * Lets pages of these origins read answers; to all others the server does not say anything of the kind.
 * @param origins expressions, of which one must be found in the `Origin` (`--cors-allowed-origins`)
 */
export function withCors(handle: HandleRequest, origins: readonly RegExp[]): HandleRequest {
  return (request, sink) => {
    const { origin } = request.headers;
    if (origin === undefined || !isAllowedOrigin(origin, origins)) return handle(request, sink);
    const headers: ResponseHeaders = {
      'access-control-allow-origin': origin,
      'access-control-allow-methods': allowedMethods,
      'access-control-allow-headers': allowedHeaders,
      'access-control-expose-headers': 'Date',
      'access-control-allow-credentials': 'true',
      vary: 'Origin',
    };
    // A question about what may be asked, which browsers send without credentials.
    if (request.method === 'OPTIONS') {
      sink.send(204, headers, '');
      return Promise.resolve();
    }
    return handle(request, new CorsSink(sink, headers));
  };
}

/** True where one of the expressions is found in the origin. */
export function isAllowedOrigin(origin: string, origins: readonly RegExp[]): boolean {
  return origins.some((pattern) => pattern.test(origin));
}

/**
 * Whether a page may open a WebSocket. Browsers do not keep pages of other origins from it, so the server must; other
 * clients name no origin, or that of the server.
 */
export function mayUpgrade({ headers }: ApiRequest, origins: readonly RegExp[]): boolean {
  const { origin, host } = headers;
  return origin === undefined || origin === `https://${host}` || isAllowedOrigin(origin, origins);
}

class CorsSink implements ResponseSink {
  readonly #sink: ResponseSink;
  readonly #headers: ResponseHeaders;

  constructor(sink: ResponseSink, headers: ResponseHeaders) {
    this.#sink = sink;
    this.#headers = headers;
  }

  send(status: number, headers: ResponseHeaders, body: Uint8Array | string): void {
    this.#sink.send(status, this.#with(headers), body);
  }

  open(status: number, headers: ResponseHeaders): ByteStream {
    return this.#sink.open(status, this.#with(headers));
  }

  #with(headers: ResponseHeaders): ResponseHeaders {
    const { vary } = headers;
    return {
      ...headers,
      ...this.#headers,
      ...(vary === undefined ? {} : { vary: `${String(vary)}, Origin` }),
    };
  }
}
