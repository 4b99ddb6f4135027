import { Node } from '@kubewright/api/core/v1';
import {
  type ControllersOptions,
  type Manager,
  startControllers,
  startScheduler,
} from '@kubewright/controllers';
import { startTestServer, type TestServer, type TestServerOptions } from '@kubewright/testing';
import { vi } from 'vitest';
import { runPods } from './run-pods.js';

/** A control plane with one simulated node. */
export interface Cluster extends TestServer {
  readonly stop: AbortController;
  readonly managers: readonly Manager[];
}

/** Starts everything; pods run as soon as they have a node. */
export async function startCluster(
  options: { readonly server?: TestServerOptions; readonly controllers?: Partial<ControllersOptions> } = {},
): Promise<Cluster> {
  const server = await startTestServer(options.server);
  const stop = new AbortController();
  const { signal } = stop;
  await addNode(server, 'n1');
  const [controllers, scheduler] = await Promise.all([
    startControllers(server.client, { signal, ...options.controllers }),
    startScheduler(server.client, { signal }),
    runPods(server.client, signal),
  ]);
  const managers = [controllers, scheduler];
  return {
    ...server,
    stop,
    managers,
    close: async () => {
      stop.abort();
      await Promise.all(managers.map(({ done }) => done));
      await server.close();
    },
  };
}

/** Adds a node that is ready and has room. */
export async function addNode({ client }: Pick<TestServer, 'client'>, name: string): Promise<void> {
  await client.resource(Node).create({ metadata: { name } });
  await client.resource(Node).status.patchMerge(name, {
    status: {
      allocatable: { cpu: '4', memory: '8Gi', pods: '110' },
      conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'ready' }],
    },
  });
}

/** Tries until it passes. */
export function until<T>(check: () => Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: 15_000, interval: 20 });
}
