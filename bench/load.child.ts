/**
 * Sends requests from a process of its own, for a fixed time with a fixed number in flight, each on its own keep-alive
 * connection, and says how many were answered. Written on bare sockets: a client that costs as much as the server
 * would measure itself.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';

export interface LoadOptions {
  readonly port: number;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Of each request; `NAME` in it becomes a name of its own. */
  readonly body: string;
  readonly inFlight: number;
  readonly durationMs: number;
  readonly tls: { readonly cert: string; readonly key: string; readonly ca: string };
  readonly expectedStatus: number;
}

let answered = 0;
let counter = 0;

process.once('message', async (options: LoadOptions) => {
  const sockets = await Promise.all(Array.from({ length: options.inFlight }, () => open(options)));
  for (const socket of sockets) drive(socket, options);
  // The first moments warm both sides up and don't count.
  await delay(options.durationMs / 4);
  const before = answered;
  const start = performance.now();
  await delay(options.durationMs);
  const rate = ((answered - before) * 1000) / (performance.now() - start);
  process.send?.({ rate }, () => process.exit(0));
});

function open({ port, tls }: LoadOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ...tls, servername: 'localhost' }, () =>
      resolve(socket),
    );
    socket.setNoDelay(true);
    socket.once('error', reject);
  });
}

function drive(socket: TLSSocket, options: LoadOptions): void {
  let received: Buffer = Buffer.alloc(0);
  const send = () => socket.write(requestText(options));
  socket.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const length = answerLength(received, options.expectedStatus);
    if (length === undefined || received.length < length) return;
    received = received.subarray(length);
    answered++;
    send();
  });
  send();
}

function requestText({ method, path, body }: LoadOptions): string {
  const head = `${method} ${path} HTTP/1.1\r\nhost: localhost\r\n`;
  if (method === 'GET') return `${head}\r\n`;
  const text = body.replaceAll('NAME', `pod-${process.pid}-${String(counter++).padStart(8, '0')}`);
  return `${head}content-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}

/** Of head and body; undefined while the head is not whole. Answers here have a content-length. */
function answerLength(bytes: Buffer, expectedStatus: number): number | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = bytes.toString('latin1', 0, end);
  if (!head.startsWith(`HTTP/1.1 ${expectedStatus}`)) throw new Error(bytes.toString('utf8', 0, 600));
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  if (length === undefined) throw new Error(`no content-length in ${head}`);
  return end + 4 + Number(length);
}
