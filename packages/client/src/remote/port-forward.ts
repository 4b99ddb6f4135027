import { bindSignal, onAbort } from '../abort.js';
import type { CallOptions } from '../options.js';
import { queryOf } from '../request/query.js';
import type { Requester } from '../request/requester.js';
import { type TransportConnection, TransportError } from '../transport/transport.js';
import { BoundedQueue } from './bounded-queue.js';
import { decodeMessage, encodeMessages } from './channels.js';

/** One connection to a port of a pod. */
export interface PortForwardConnection {
  readonly port: number;
  /** What the pod sends. @throws TransportError when nothing listens there */
  readonly output: AsyncIterable<Uint8Array>;
  write(data: Uint8Array): Promise<void>;
  /** Ends it in both directions, and those that were opened with it. */
  close(): void;
}

/**
 * The one protocol of port forwarding that is plain WebSocket: the Nth port has channel 2N for data and 2N + 1 for
 * errors, each of which begins with the port as two bytes, the low one first. It has no way to end one direction.
 * Source: kubelet's `portforward/websocket.go`.
 */
const portForwardProtocols = ['v4.channel.k8s.io'] as const;
/** Pieces of a port that may wait for their reader, before all ports wait for him. */
const pieceLimit = 64;

/** @throws TypeError for a port that is none */
export async function openPortForwards(
  requester: Requester,
  path: string,
  ports: readonly number[],
  options: CallOptions,
): Promise<readonly PortForwardConnection[]> {
  for (const port of ports)
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new TypeError(`${port} is no port`);
  const query = queryOf({ ports: ports.map(String) });
  const deadline = bindSignal(options, {
    clock: requester.clock,
    message: (ms) => `the time of ${ms} ms for the connections to ports ${ports.join(', ')} is over`,
  });
  try {
    const connection = await requester.connect(
      { path, query, signal: deadline.signal },
      portForwardProtocols,
    );
    connection.closed.then(deadline.end);
    const outputs = ports.map(() => new BoundedQueue<Uint8Array>(pieceLimit));
    deliver(connection, ports, outputs, deadline.signal);
    return ports.map((port, index) => ({
      port,
      output: outputs[index] ?? new BoundedQueue<Uint8Array>(1),
      async write(data) {
        for (const message of encodeMessages(2 * index, data)) await connection.send(message);
      },
      close: () => connection.close(),
    }));
  } catch (error) {
    deadline.end();
    throw error;
  }
}

/** Hands what comes to its port. A fault of one port ends that one alone, a broken connection all. */
async function deliver(
  connection: TransportConnection,
  ports: readonly number[],
  outputs: readonly BoundedQueue<Uint8Array>[],
  signal: AbortSignal,
): Promise<void> {
  const leave = onAbort(signal, (error) => {
    for (const output of outputs) output.end({ error });
    connection.close();
  });
  const begun = new Set<number>();
  try {
    for await (const raw of connection.messages) {
      const message = decodeMessage(raw);
      if (message === undefined) continue;
      const { channel } = message;
      const data = begun.has(channel) ? message.data : message.data.subarray(2);
      begun.add(channel);
      const output = outputs[channel >> 1];
      if (output === undefined || data.length === 0) continue;
      if (channel % 2 === 0) await output.push(data);
      else {
        const text = new TextDecoder().decode(data);
        output.end({ error: new TransportError(`port ${ports[channel >> 1]}: ${text}`, { unsent: false }) });
      }
    }
    for (const output of outputs) output.end();
  } catch (error) {
    for (const output of outputs) output.end({ error: signal.aborted ? signal.reason : error });
  } finally {
    leave();
    connection.close();
  }
}
