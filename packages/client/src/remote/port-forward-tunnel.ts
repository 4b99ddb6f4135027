import { Duplex, Readable, Writable } from 'node:stream';
import { onAbort } from '../abort.js';
import { SpdyConnection } from '../spdy/spdy-connection.js';
import type { SpdyStream } from '../spdy/spdy-stream.js';
import { type TransportConnection, TransportError } from '../transport/transport.js';
import type { PortForwardConnection } from './port-forward.js';

/**
 * Opens two streams for each port, of errors and of data, which a request id puts together.
 * Source: "portforward.k8s.io" of client-go and kubelet.
 */
export async function forwardOverTunnel(
  connection: TransportConnection,
  ports: readonly number[],
  signal: AbortSignal,
): Promise<readonly PortForwardConnection[]> {
  const spdy = new SpdyConnection(bytesOf(connection));
  const leave = onAbort(signal, () => spdy.close());
  spdy.closed.finally(() => {
    leave();
    connection.close();
  });
  const open = async (port: number, index: number): Promise<PortForwardConnection> => {
    const names = { port: String(port), requestid: String(index) };
    const errors = await spdy.open({ streamtype: 'error', ...names });
    errors.end();
    const data = await spdy.open({ streamtype: 'data', ...names });
    return {
      port,
      output: outputOf(data, faultOf(errors, port), signal),
      canEnd: true,
      write: (chunk) => settled((done) => data.write(chunk, done)),
      end: () => settled((done) => data.end(done)),
      close: () => spdy.close(),
    };
  };
  return Promise.all(ports.map(open));
}

/** The messages as a stream of bytes: SPDY's frames don't heed where a message begins. */
function bytesOf(connection: TransportConnection): Duplex {
  return Duplex.from({
    readable: Readable.from(connection.messages, { objectMode: false }),
    writable: new Writable({
      write: (chunk: Uint8Array, _encoding, done) => {
        connection.send(chunk).then(() => done(), done);
      },
    }),
  });
}

/** What the server has said of the port so far. It says so before it ends the data. */
function faultOf(errors: SpdyStream, port: number): () => TransportError | undefined {
  let text = '';
  errors.setEncoding('utf8');
  errors.on('data', (chunk: string) => {
    text += chunk;
  });
  errors.on('error', () => undefined); // The data ends with the same connection, and tells.
  return () => (text === '' ? undefined : new TransportError(`port ${port}: ${text}`, { unsent: false }));
}

async function* outputOf(
  data: SpdyStream,
  fault: () => TransportError | undefined,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  data.on('error', () => undefined); // It comes out of the iteration, and of a write that waits.
  try {
    // Not destroyed at its end, which is that of one direction only.
    yield* data.iterator({ destroyOnReturn: false });
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    throw fault() ?? new TransportError('the connection broke off', { cause, unsent: false });
  } finally {
    // What nobody reads any more must not hold up the other ports.
    data.resume();
  }
  const told = fault();
  if (told !== undefined) throw told;
}

function settled(begin: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    begin((error) => (error ? reject(error) : resolve()));
  });
}
