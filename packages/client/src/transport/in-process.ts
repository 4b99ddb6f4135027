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
      return handlers.handle(bound);
    },
    async connect(request) {
      if (handlers.connect === undefined)
        throw new TransportError('this server takes no upgraded connections in process', { unsent: true });
      const bound = withClosing(request);
      bound.signal?.throwIfAborted();
      return handlers.connect(bound);
    },
    async close() {
      closing.abort(new TransportError('the transport is closed', { unsent: true }));
    },
  };
}
