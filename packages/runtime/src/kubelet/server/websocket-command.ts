import { PassThrough, Writable } from 'node:stream';
import type { Status } from '@kubewright/api';
import type { WebSocket } from 'ws';
import type { TerminalSize } from '../../container/container-runtime.js';
import type { CommandStreams, StreamRequest } from './command-streams.js';

/** The subprotocols of exec and attach, the best first. v5 adds the closing of standard input to v4. */
export const commandProtocols = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
] as const;

const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 };

/** The streams of an exec or attach over a WebSocket: each message begins with the number of its channel. */
export function websocketStreams(
  socket: WebSocket,
  request: StreamRequest & { readonly protocol: string },
): CommandStreams {
  const base64 = request.protocol.includes('base64');
  const gone = new AbortController();
  const stdin = request.stdin ? new PassThrough() : undefined;
  let resized: (size: TerminalSize) => void = () => undefined;
  let size: TerminalSize | undefined;

  const send = (number: number, data: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      const message = base64
        ? `${number}${data.toString('base64')}`
        : Buffer.concat([Buffer.from([number]), data]);
      socket.send(message, (error) => (error ? reject(error) : resolve()));
    });
  const output = (number: number) =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        send(number, chunk).then(() => done(), done);
      },
    });

  socket.on('message', (raw, isBinary) => {
    const bytes = Array.isArray(raw) ? Buffer.concat(raw) : Buffer.from(raw as Buffer);
    if (bytes.length === 0) return;
    // In base64 messages the channel is a digit.
    const number = base64 && !isBinary ? bytes[0]! - 0x30 : bytes[0]!;
    const data = base64 && !isBinary ? Buffer.from(bytes.toString('latin1', 1), 'base64') : bytes.subarray(1);
    if (number === channel.stdin && stdin !== undefined && !stdin.writableEnded) {
      if (!stdin.write(data)) {
        socket.pause();
        stdin.once('drain', () => socket.resume());
      }
    } else if (number === channel.close && data[0] === channel.stdin) stdin?.end();
    else if (number === channel.resize) {
      size = parseSize(data) ?? size;
      if (size !== undefined) resized(size);
    }
  });
  socket.on('error', () => socket.terminate());
  socket.on('close', () => {
    gone.abort(new Error('the client has gone'));
    stdin?.end();
  });
  // Tells the client that it is connected, before there is any output.
  send(request.stdout ? channel.stdout : channel.error, Buffer.alloc(0)).catch(() => socket.terminate());

  return {
    stdin,
    stdout: request.stdout ? output(channel.stdout) : undefined,
    stderr: request.stderr ? output(channel.stderr) : undefined,
    gone: gone.signal,
    onResize(listener) {
      resized = listener;
      if (size !== undefined) listener(size);
    },
    async finish(status: Status) {
      await send(channel.error, Buffer.from(JSON.stringify(status))).catch(() => undefined);
      socket.close(1000);
    },
  };
}

/** `{"Width":80,"Height":24}`; undefined for anything else. */
export function parseSize(data: Buffer): TerminalSize | undefined {
  try {
    const { Width, Height } = JSON.parse(data.toString('utf8')) as { Width?: unknown; Height?: unknown };
    if (!Number.isInteger(Width) || !Number.isInteger(Height)) return undefined;
    const [columns, rows] = [Width as number, Height as number];
    return columns > 0 && rows > 0 && columns < 65536 && rows < 65536 ? { columns, rows } : undefined;
  } catch {
    return undefined; // not JSON: a size that says nothing changes nothing
  }
}
