import { bindSignal } from '../abort.js';
import type { CallOptions } from '../options.js';
import { queryOf } from '../request/query.js';
import type { Requester } from '../request/requester.js';
import { forwardOverChannels } from './port-forward-channels.js';

/** One connection to a port of a pod. */
export interface PortForwardConnection {
  readonly port: number;
  /** What the pod sends. @throws TransportError when nothing listens there */
  readonly output: AsyncIterable<Uint8Array>;
  write(data: Uint8Array): Promise<void>;
  /** Whether `end` works: an older server, and any in a browser, has no way to be told. */
  readonly canEnd: boolean;
  /** Ends what is written; the pod may go on sending. @throws Error where `canEnd` is false */
  end(): Promise<void>;
  /** Ends it in both directions, and those that were opened with it. */
  close(): void;
}

/** SPDY in the messages of a WebSocket (KEP-4006): streams that end one way by one. Source: kubectl since 1.31. */
const tunnelProtocol = 'SPDY/3.1+portforward.k8s.io';
/** Two channels a port in the messages of a WebSocket, which a kubelet has spoken since 1.8. */
const channelProtocol = 'v4.channel.k8s.io';

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
    const call = { path, query, signal: deadline.signal };
    const connection = await requester.connect(call, [tunnelProtocol, channelProtocol]);
    connection.closed.then(deadline.end);
    if (connection.protocol !== tunnelProtocol)
      return forwardOverChannels(connection, ports, deadline.signal);
    const { forwardOverTunnel } = await import('./port-forward-tunnel.js');
    return await forwardOverTunnel(connection, ports, deadline.signal);
  } catch (error) {
    deadline.end();
    throw error;
  }
}
