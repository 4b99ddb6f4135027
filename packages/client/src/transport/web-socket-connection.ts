import type { WebSocket } from 'ws';
import { type TransportConnection, TransportError } from './transport.js';

/** Messages that may wait for their reader before the socket is told to stop reading. */
const highWater = 16;

/** A connection over a WebSocket of the `ws` package, of either side. */
export function webSocketConnection(socket: WebSocket): TransportConnection {
  const queue: Uint8Array[] = [];
  let ended = false;
  let left = false;
  let failure: Error | undefined;
  let wake: (() => void) | undefined;
  const notify = () => {
    wake?.();
    wake = undefined;
  };
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
  });
  socket.binaryType = 'nodebuffer';
  socket.on('message', (data: Buffer) => {
    if (left) return;
    queue.push(data);
    if (queue.length >= highWater) socket.pause();
    notify();
  });
  socket.on('error', (error) => {
    failure = error;
  });
  socket.on('close', (code) => {
    // 1006: the connection went away without a closing handshake.
    if (code === 1006) failure ??= new Error('no closing handshake');
    ended = true;
    notify();
  });

  async function* messages(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const message = queue.shift();
      if (message !== undefined) {
        if (queue.length < highWater / 2 && socket.isPaused) socket.resume();
        yield message;
      } else if (ended) {
        if (failure !== undefined)
          throw new TransportError(`the connection broke off: ${failure.message}`, {
            cause: failure,
            unsent: false,
          });
        return;
      } else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  }

  return {
    closed,
    get protocol() {
      return socket.protocol;
    },
    messages: messages(),
    send: (message) =>
      new Promise((resolve, reject) => {
        socket.send(message, { binary: true }, (error) => (error ? reject(error) : resolve()));
      }),
    close() {
      // What still comes is not wanted, but has to be read for the closing handshake to be seen.
      left = true;
      if (socket.isPaused) socket.resume();
      socket.close();
    },
  };
}
