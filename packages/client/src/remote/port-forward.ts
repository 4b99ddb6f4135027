import type { CallOptions } from '../options.js';
import { queryOf } from '../request/query.js';
import type { Requester } from '../request/requester.js';
import { type TransportConnection, TransportError } from '../transport/transport.js';
import { decodeMessage, encodeMessages } from './channels.js';

/** One connection to a port of a pod. */
export interface PortForwardConnection {
  /** What the pod sends. @throws TransportError when nothing listens there */
  readonly output: AsyncIterable<Uint8Array>;
  write(data: Uint8Array): Promise<void>;
  close(): void;
}

/**
 * The one protocol of port forwarding that is plain WebSocket: for each port a channel for data and one for errors,
 * each of which begins with the port as two bytes, the low one first. Source: kubelet's `portforward/websocket.go`.
 */
const portForwardProtocols = ['v4.channel.k8s.io'] as const;
const dataChannel = 0;
const errorChannel = 1;

export async function openPortForward(
  requester: Requester,
  path: string,
  port: number,
  options: CallOptions,
): Promise<PortForwardConnection> {
  const query = queryOf({ ports: port });
  const connection = await requester.connect({ path, query, signal: options.signal }, portForwardProtocols);
  return {
    output: readData(connection, port),
    async write(data) {
      for (const message of encodeMessages(dataChannel, data)) await connection.send(message);
    },
    close: () => connection.close(),
  };
}

async function* readData(
  connection: TransportConnection,
  port: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const begun = new Set<number>();
  try {
    for await (const raw of connection.messages) {
      const message = decodeMessage(raw);
      if (message === undefined) continue;
      let { data } = message;
      if (!begun.has(message.channel)) {
        begun.add(message.channel);
        data = data.subarray(2);
      }
      if (data.length === 0) continue;
      if (message.channel === errorChannel)
        throw new TransportError(`port ${port}: ${new TextDecoder().decode(data)}`, { unsent: false });
      if (message.channel === dataChannel) yield data;
    }
  } finally {
    connection.close();
  }
}
