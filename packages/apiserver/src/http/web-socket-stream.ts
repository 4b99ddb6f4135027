import type { IncomingMessage } from 'node:http';
import { badRequest } from '@kubewright/api';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ApiRequest, ByteStream, UpgradeRequest } from './api-request.js';
import { untilDrained } from './until-drained.js';

/** What a client may say here, where nobody listens. */
const maxPayload = 64 * 1024;

/**
 * Accepts a WebSocket. Each write is one message: text, or binary.
 * @throws ApiError BadRequest for a handshake that is none
 */
export async function openWebSocket(
  { method, url, headers }: ApiRequest,
  { socket, head }: UpgradeRequest,
  isBinary: boolean,
): Promise<ByteStream> {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload,
  });
  const webSocket = await new Promise<WebSocket>((resolve, reject) => {
    server.once('wsClientError', (error) => reject(badRequest(error.message)));
    // Of the request it reads these three and nothing else.
    server.handleUpgrade({ method, url, headers } as IncomingMessage, socket, head, resolve);
  });
  // What breaks the protocol ends it; the close of the socket then ends the request.
  webSocket.on('error', () => webSocket.terminate());
  return {
    write: (bytes) => {
      webSocket.send(bytes, { binary: isBinary });
      return !socket.writableNeedDrain;
    },
    drained: (withinMs) => untilDrained(socket, withinMs),
    end: () => webSocket.close(1000),
    destroy: () => webSocket.terminate(),
  };
}
