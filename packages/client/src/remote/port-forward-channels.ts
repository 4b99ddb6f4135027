import { onAbort } from '../abort.js';
import { type TransportConnection, TransportError } from '../transport/transport.js';
import { BoundedQueue } from './bounded-queue.js';
import { decodeMessage, encodeMessages } from './channels.js';
import type { PortForwardConnection } from './port-forward.js';

/** Pieces of a port that may wait for their reader, before all ports wait for him. */
const pieceLimit = 64;

/**
 * The Nth port has channel 2N for data and 2N + 1 for errors, each of which begins with the port as two bytes, the low
 * one first. Nothing in it ends one direction. Source: kubelet's `portforward/websocket.go`.
 */
export function forwardOverChannels(
  connection: TransportConnection,
  ports: readonly number[],
  signal: AbortSignal,
): readonly PortForwardConnection[] {
  const outputs = ports.map(() => new BoundedQueue<Uint8Array>(pieceLimit));
  deliver(connection, ports, outputs, signal);
  return outputs.map((output, index) => ({
    port: ports[index] ?? 0,
    output,
    canEnd: false,
    async write(data) {
      for (const message of encodeMessages(2 * index, data)) await connection.send(message);
    },
    async end() {
      throw new Error(`${connection.protocol} can not end one direction of a connection`);
    },
    close: () => connection.close(),
  }));
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
