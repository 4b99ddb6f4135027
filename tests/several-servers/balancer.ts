import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** One address for several servers, as a load balancer in front of a cluster has it. */
export interface Balancer {
  readonly port: number;
  close(): Promise<void>;
}

/** Passes each connection to the next of the ports at which somebody listens; who loses his server loses the connection. */
export async function startBalancer(ports: readonly number[]): Promise<Balancer> {
  let turn = 0;
  const open = new Set<Socket>();
  const server = createServer((client) => {
    open.add(client);
    // Who is cut off finds out by the end of the connection.
    client.on('error', () => client.destroy());
    client.once('close', () => open.delete(client));
    const attempt = (left: number) => {
      const target = connect({ host: '127.0.0.1', port: ports[turn++ % ports.length] ?? 0 });
      let connected = false;
      target.once('connect', () => {
        connected = true;
        client.once('close', () => target.destroy());
        target.once('close', () => client.destroy());
        client.pipe(target).pipe(client);
      });
      target.on('error', () => {
        if (connected) client.destroy();
        else if (left > 1) attempt(left - 1);
        else client.destroy();
      });
    };
    attempt(ports.length);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
