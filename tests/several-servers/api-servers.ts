import { Client, type ClientOptions, type ConnectionOptions, loadConnection } from '@kubewright/client';
import type { Etcd } from '../etcd-process.js';
import { KubewrightProcess, makeDataDirectory, removeDataDirectory } from '../kubewright-process.js';
import { startBalancer } from './balancer.js';

/** Several `kubewright apiserver` processes of one cluster over one etcd, and a balancer in front of them. */
export interface ApiServers {
  readonly processes: readonly KubewrightProcess[];
  /** Of the admin, to one of the servers; without a number to the balancer. The caller closes it. */
  client(server?: number, options?: ClientOptions): Promise<Client>;
  close(): Promise<void>;
}

export async function startApiServers(
  count: number,
  etcd: Etcd,
  args: readonly string[] = [],
): Promise<ApiServers> {
  const directories: string[] = [];
  const directory = async () => {
    const path = await makeDataDirectory(undefined);
    directories.push(path);
    return path;
  };
  const pki = `${await directory()}/pki`;
  const flags = ['--pki-dir', pki, '--service-cluster-ip-range', '10.99.0.0/16', ...args];
  const processes: KubewrightProcess[] = [];
  const close = async () => {
    await Promise.all(processes.map((process) => process.end('SIGKILL')));
    for (const path of directories) await removeDataDirectory(path);
  };
  try {
    const command = ['apiserver', '--storage', `etcd=${etcd.endpoints.join(',')}`, ...flags];
    await Promise.all(
      Array.from({ length: count }, async () => {
        processes.push(await KubewrightProcess.start(command, await directory()));
      }),
    );
    const connections = await Promise.all(
      processes.map(({ kubeconfig }) => loadConnection({ path: kubeconfig })),
    );
    const balancer = await startBalancer(connections.map(({ server }) => Number(new URL(server).port)));
    return {
      processes,
      client: (server, options) => {
        const connection = connections[server ?? 0] as ConnectionOptions;
        const through =
          server === undefined ? { ...connection, server: `https://127.0.0.1:${balancer.port}` } : connection;
        return Client.fromConnection(through, options);
      },
      close: async () => {
        await balancer.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
