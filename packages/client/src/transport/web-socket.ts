import type { IncomingMessage } from 'node:http';
import type { createConnection, Socket } from 'node:net';
import { WebSocket } from 'ws';
import { onAbort } from '../abort.js';
import { flatHeaders } from './headers.js';
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
    const socket = new WebSocket(url, [...options.protocols], {
      ...options.tls,
      ...(options.socket === undefined ? {} : { createConnection: over(options.socket) }),
      headers: options.headers as Record<string, string>,
      perMessageDeflate: false,
      skipUTF8Validation: true,
    });
    // Made at once: messages may come in the same packet as the answer.
    const connection = webSocketConnection(socket);
    const leave = onAbort(options.signal, (reason) => {
      socket.terminate();
      reject(reason);
    });
    socket.once('open', () => resolve(connection));
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

function over(socket: Socket): typeof createConnection {
  return () => socket;
}
