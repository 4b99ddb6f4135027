import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';

/**
 * Stands for a kubelet: what comes in goes out again, over WebSockets in the protocol of remote commands and over
 * whatever else a connection is upgraded to. @returns its port
 */
export async function listenForEchoes(tls: { readonly cert: string; readonly key: string }): Promise<number> {
  const server: Server = createServer(tls);
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'v5.channel.k8s.io' });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.headers.upgrade?.toLowerCase() === 'websocket')
      sockets.handleUpgrade(request, socket, head, (connection) => echo(connection, request));
    else echoRaw(request, socket, head);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const channels = { stdin: 0, stdout: 1, error: 3, close: 255 };

/** The command comes first, then the input, until that ends; the exit code is 3. */
function echo(connection: WebSocket, { url = '' }: IncomingMessage): void {
  const send = (channel: number, text: string) =>
    connection.send(Buffer.concat([Buffer.of(channel), Buffer.from(text)]));
  send(channels.stdout, `${new URL(url, 'https://localhost').searchParams.getAll('command').join(' ')}\n`);
  connection.on('message', (data: Buffer) => {
    if (data[0] === channels.stdin)
      connection.send(Buffer.concat([Buffer.of(channels.stdout), data.subarray(1)]));
    if (data[0] !== channels.close) return;
    const causes = [{ reason: 'ExitCode', message: '3' }];
    const status = { status: 'Failure', reason: 'NonZeroExitCode', message: 'exit 3', details: { causes } };
    send(channels.error, JSON.stringify(status));
    connection.close();
  });
}

function echoRaw({ headers }: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { upgrade = '', 'x-stream-protocol-version': protocol = '' } = headers;
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${upgrade}\r\nX-Stream-Protocol-Version: ${String(protocol)}\r\n\r\n`,
  );
  socket.write(head);
  socket.pipe(socket);
}
