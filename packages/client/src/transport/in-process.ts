import type {
  ConnectRequest,
  Transport,
  TransportConnection,
  TransportRequest,
  TransportResponse,
} from './transport.js';
import { TransportError } from './transport.js';

/** What an API server in this process offers in place of sockets. */
export interface InProcessHandlers {
  readonly handle: (request: TransportRequest) => Promise<TransportResponse>;
  /** Upgraded connections; without it they are refused. */
  readonly connect?: (request: ConnectRequest) => Promise<TransportConnection>;
}

/** Calls an API server of the same process: no sockets, no TLS, the same requests and answers. */
export function inProcessTransport(
  server: InProcessHandlers | ((request: TransportRequest) => Promise<TransportResponse>),
): Transport {
  const handlers: InProcessHandlers = typeof server === 'function' ? { handle: server } : server;
  const closing = new AbortController();
  const withClosing = <R extends { readonly signal?: AbortSignal | undefined }>(request: R): R => ({
    ...request,
    signal: request.signal === undefined ? closing.signal : AbortSignal.any([request.signal, closing.signal]),
  });
  return {
    async request(request) {
      const bound = withClosing(request);
      bound.signal?.throwIfAborted();
      const response = await handlers.handle(bound);
      return { ...response, body: untilAborted(response.body, bound.signal) };
    },
    async connect(request) {
      if (handlers.connect === undefined)
        throw new TransportError('this server takes no upgraded connections in process', {
          unsent: true,
          permanent: true,
        });
      const bound = withClosing(request);
      bound.signal?.throwIfAborted();
      return handlers.connect(bound);
    },
    async close() {
      closing.abort(new TransportError('the client is closed', { unsent: true, permanent: true }));
    },
  };
}

/** The body, which breaks off with the signal's reason even where the server does not look at the signal. */
async function* untilAborted(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (signal === undefined) {
    yield* body;
    return;
  }
  const chunks = body[Symbol.asyncIterator]();
  // Not Promise.race with one promise of the abort: that would keep every chunk until the end of a long watch.
  let fail: ((reason: unknown) => void) | undefined;
  const onAbort = () => fail?.(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    for (;;) {
      signal.throwIfAborted();
      const next = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        fail = reject;
        chunks.next().then(resolve, reject);
      });
      if (next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    // Not awaited: a generator that waits for its next chunk ends only with that.
    chunks.return?.()?.catch(() => undefined);
  }
}
