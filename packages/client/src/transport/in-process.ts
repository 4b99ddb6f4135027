import { type BoundSignal, bindSignal, onAbort } from '../abort.js';
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
  const active = new Set<BoundSignal>();
  const closed = new TransportError('the client is closed', { unsent: true, permanent: true });
  let open = true;

  /** A signal of the call's own, that the end of the client aborts too. */
  const begin = (outer: AbortSignal | undefined): { signal: AbortSignal; end: () => void } => {
    if (!open) throw closed;
    outer?.throwIfAborted();
    const bound = bindSignal({ signal: outer });
    active.add(bound);
    return {
      signal: bound.signal,
      end: () => {
        bound.end();
        active.delete(bound);
      },
    };
  };

  return {
    async request(request) {
      const { signal, end } = begin(request.signal);
      try {
        const response = await handlers.handle({ ...request, signal });
        return { ...response, body: untilAborted(response.body, signal, end) };
      } catch (error) {
        end();
        throw error;
      }
    },
    async connect(request) {
      if (handlers.connect === undefined)
        throw new TransportError('this server takes no upgraded connections in process', {
          unsent: true,
          permanent: true,
        });
      const { signal, end } = begin(request.signal);
      try {
        return await handlers.connect({ ...request, signal });
      } catch (error) {
        end();
        throw error;
      }
    },
    async close() {
      open = false;
      for (const { abort } of active) abort(closed);
    },
  };
}

/** The body, which breaks off with the signal's reason even where the server does not look at the signal. */
async function* untilAborted(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  end: () => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = body[Symbol.asyncIterator]();
  // Not Promise.race with one promise of the abort: that would keep every chunk until the end of a long watch.
  let fail: ((reason: unknown) => void) | undefined;
  const leave = onAbort(signal, (reason) => fail?.(reason));
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
    leave();
    end();
    // Not awaited: a generator that waits for its next chunk ends only with that.
    chunks.return?.()?.catch(() => undefined);
  }
}
