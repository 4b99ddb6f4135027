import { BoundedQueue } from '../remote/bounded-queue.js';
import { type TransportConnection, TransportError } from '../transport/transport.js';

/** As much of a browser's WebSocket as is used: Node 20 has none, and its types none either. */
interface BrowserSocket extends EventTarget {
  readonly protocol: string;
  binaryType: string;
  send(data: Uint8Array): void;
  close(): void;
}

/** A connection over the browser's WebSocket. Why one was refused a browser does not say. */
export function fetchSocket(
  url: URL,
  protocols: readonly string[],
  signal: AbortSignal | undefined,
): Promise<TransportConnection> {
  const { WebSocket: Socket } = globalThis as unknown as {
    readonly WebSocket: new (url: URL, protocols: readonly string[]) => BrowserSocket;
  };
  return new Promise((resolve, reject) => {
    const socket = new Socket(url, protocols);
    socket.binaryType = 'arraybuffer';
    const messages = new BoundedQueue<Uint8Array>(Number.POSITIVE_INFINITY);
    let opened = false;
    const abort = () => {
      reject(signal?.reason);
      socket.close();
    };
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
    const closed = new Promise<void>((end) => {
      socket.addEventListener('close', (event) => {
        signal?.removeEventListener('abort', abort);
        const clean = 'wasClean' in event && event.wasClean === true;
        const error = new TransportError(
          opened ? 'the connection broke off' : `no WebSocket to ${url.host} was opened`,
          { unsent: !opened },
        );
        messages.end(clean && opened ? {} : { error });
        reject(error);
        end();
      });
    });
    socket.addEventListener('message', (event) => {
      if (!('data' in event)) return;
      if (event.data instanceof ArrayBuffer) messages.push(new Uint8Array(event.data));
      else if (typeof event.data === 'string') messages.push(new TextEncoder().encode(event.data));
    });
    socket.addEventListener('open', () => {
      opened = true;
      resolve({
        protocol: socket.protocol,
        messages,
        closed,
        send: async (message) => socket.send(message),
        close: () => socket.close(),
      });
    });
  });
}
