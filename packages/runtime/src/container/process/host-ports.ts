import { createServer, type Server } from 'node:net';
import { ContainerRuntimeError, type PortMapping } from '../container-runtime.js';
import { connectTo } from './port-relay.js';

export interface HostPorts {
  close(): void;
}

/**
 * Listens on the pod's host ports and passes connections on to its address. TCP alone; other protocols are refused
 * with `Unimplemented`, a port in use with `FailedPrecondition`.
 */
export async function openHostPorts(
  mappings: readonly PortMapping[],
  address: string | undefined,
): Promise<HostPorts> {
  const servers: Server[] = [];
  const close = () => {
    for (const server of servers) server.close();
  };
  try {
    // With the host's network the container listens there itself.
    if (address !== undefined) for (const mapping of mappings) servers.push(await listen(mapping, address));
  } catch (error) {
    close();
    throw error;
  }
  return { close };
}

function listen(
  { protocol, hostIp, hostPort, containerPort }: PortMapping,
  address: string,
): Promise<Server> {
  if (protocol !== 'TCP') {
    throw new ContainerRuntimeError(
      'Unimplemented',
      `hostPort ${hostPort}/${protocol}: only TCP is passed on here`,
    );
  }
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    client.on('error', () => client.destroy());
    connectTo(address, containerPort).then(
      (pod) => {
        pod.on('error', () => pod.destroy());
        pod.on('close', () => client.destroy());
        client.on('close', () => pod.destroy());
        client.pipe(pod).pipe(client);
      },
      () => client.resetAndDestroy(),
    );
  });
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new ContainerRuntimeError('FailedPrecondition', `hostPort ${hostPort}: ${cause.message}`, { cause }),
      );
    });
    server.listen(hostPort, hostIp === undefined || hostIp === '' ? '0.0.0.0' : hostIp, () =>
      resolve(server),
    );
  });
}
