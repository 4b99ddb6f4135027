import type { ClientRequest, IncomingMessage } from 'node:http';
import type { createConnection, Socket } from 'node:net';
import { WebSocket } from 'ws';
import { onAbort } from '../abort.js';
import { flatHeaders } from './headers.js';
import { keepAlive } from './keep-alive.js';
import type { TlsOptions } from './tls-options.js';
import { ConnectRefused, type ConnectRequest, type TransportConnection } from './transport.js';
import { webSocketConnection } from './web-socket-connection.js';

export interface OpenWebSocketOptions extends Omit<ConnectRequest, 'headers'> {
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly tls: TlsOptions;
  /** A connection that is there already, as through a proxy. */
  readonly socket?: Socket | undefined;
}

/** @throws ConnectRefused for an ordinary answer, the socket's Error when there was none */
export function openWebSocket(url: URL, options: OpenWebSocketOptions): Promise<TransportConnection> {
  return new Promise((resolve, reject) => {
    const subprotocol = new Subprotocol(options.protocols);
    const socket = new WebSocket(url, {
      ...options.tls,
      ...(options.socket === undefined ? {} : { createConnection: over(options.socket) }),
      headers: options.headers as Record<string, string>,
      perMessageDeflate: false,
      skipUTF8Validation: true,
      finishRequest: (request) => subprotocol.negotiate(request),
    });
    // Made at once: messages may come in the same packet as the answer.
    const connection = webSocketConnection(socket);
    const leave = onAbort(options.signal, (reason) => {
      socket.terminate();
      reject(reason);
    });
    socket.once('open', () => {
      keepAlive(socket);
      resolve({ ...connection, protocol: subprotocol.taken });
    });
    socket.once('error', reject);
    socket.once('unexpected-response', (_request, response: IncomingMessage) => {
      socket.removeListener('error', reject);
      reject(
        new ConnectRefused({
          status: response.statusCode ?? 0,
          headers: flatHeaders(response.headers),
          body: response,
        }),
      );
    });
    socket.once('close', leave);
  });
}

/** Agrees on a subprotocol in place of ws, which takes no name with a slash, as `SPDY/3.1+portforward.k8s.io` has. */
class Subprotocol {
  /** What the server took. */
  taken = '';
  readonly #offered: readonly string[];

  constructor(offered: readonly string[]) {
    this.#offered = offered;
  }

  /** Called with the finished request before it is sent. */
  negotiate(request: ClientRequest): void {
    request.setHeader('sec-websocket-protocol', this.#offered.join(', '));
    // Before ws looks at the answer.
    request.prependListener('upgrade', ({ headers }) => {
      const taken = headers['sec-websocket-protocol'];
      // One that was not offered is left for ws to refuse, as it refuses any that it did not ask for.
      if (taken === undefined || !this.#offered.includes(taken)) return;
      this.taken = taken;
      delete headers['sec-websocket-protocol'];
    });
    request.end();
  }
}

function over(socket: Socket): typeof createConnection {
  return () => socket;
}
