import { ApiServer, type ApiServerOptions, MemoryStorage, type Storage } from '@kubewright/apiserver';
import { Client, type ClientOptions, inProcessTransport } from '@kubewright/client';
import { pino } from 'pino';

export interface TestServerOptions
  extends Pick<ApiServerOptions, 'kinds' | 'admission' | 'serviceRanges' | 'now'> {
  /** Runs the built-in controllers and the scheduler against it, too. @default false */
  readonly controllers?: boolean;
  /** Of {@link TestServer.client}. */
  readonly client?: ClientOptions;
}

/** A real API server in this process, without sockets. */
export interface TestServer {
  /** Acts as the admin. */
  readonly client: Client;
  readonly server: ApiServer;
  readonly storage: Storage;
  /** A client that acts as somebody else. */
  clientFor(user: { readonly name: string; readonly groups?: readonly string[] }): Client;
  close(): Promise<void>;
}

/**
 * Starts an API server with empty memory storage for one test.
 * ```ts
 * const { client, close } = await startTestServer();
 * await client.resource(ConfigMap).namespace('default').create({ metadata: { name: 'a' } });
 * await close();
 * ```
 */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { controllers = false, client: clientOptions, ...serverOptions } = options;
  const storage = new MemoryStorage();
  const logger = pino({ level: 'silent' });
  const server = await ApiServer.start({ storage, logger, ...serverOptions });
  const clients: Client[] = [];
  const clientFor: TestServer['clientFor'] = ({ name, groups = [] }) => {
    const client = new Client(inProcessTransport(server.inProcess({ name, groups })), clientOptions);
    clients.push(client);
    return client;
  };
  const stopping = new AbortController();
  const ended: Promise<void>[] = [];
  if (controllers) {
    const { startControllers, startScheduler } = await import('@kubewright/controllers');
    const { signal } = stopping;
    const parts = await Promise.all([
      startControllers(clientFor({ name: 'system:kube-controller-manager' }), { signal, logger }),
      startScheduler(clientFor({ name: 'system:kube-scheduler' }), { signal, logger }),
    ]);
    ended.push(...parts.map((part) => part.done));
  }
  return {
    client: clientFor({ name: 'admin', groups: ['system:masters'] }),
    server,
    storage,
    clientFor,
    close: async () => {
      stopping.abort(new Error('the test server is closing'));
      await Promise.all(ended);
      await Promise.all(clients.map((client) => client.close()));
      await server.close(0);
      await storage.close();
    },
  };
}
