import { ApiServer, type ApiServerOptions, MemoryStorage } from '@kubewright/apiserver';
import { Client, type ClientOptions, type Clock, inProcessTransport } from '@kubewright/client';
import { pino } from 'pino';

export interface TestServerOptions
  extends Pick<
    ApiServerOptions,
    | 'kinds'
    | 'admission'
    | 'serviceRanges'
    | 'authorization'
    | 'audit'
    | 'flowControl'
    | 'now'
    | 'enableAdmissionPlugins'
    | 'podSecurity'
  > {
  /**
   * Built-in admission that is off.
   * @default ['ServiceAccount']: without controllers no namespace has an account for its pods
   */
  readonly disableAdmissionPlugins?: readonly string[];
  /**
   * Runs the built-in controllers and the scheduler against it, too; or those of them that are named. @default none
   */
  readonly controllers?: boolean | readonly string[];
  /** Of {@link TestServer.client}. */
  readonly client?: ClientOptions;
  /** What time it is for the server, its clients and controllers: a VirtualClock runs a day in a second. */
  readonly clock?: Clock;
}

/** For {@link TestServerOptions.controllers}: deletes what owners leave behind, and empties deleted namespaces. */
export const cleanup: readonly string[] = ['garbage-collector-controller', 'namespace-controller'];

/** A real API server in this process, without sockets. */
export interface TestServer {
  /** Acts as the admin. */
  readonly client: Client;
  readonly server: ApiServer;
  readonly storage: MemoryStorage;
  /** A client that acts as somebody else. */
  clientFor(user: { readonly name: string; readonly groups?: readonly string[] }): Client;
  /**
   * A server of its own that has all that this one has now: what a test prepared once, others begin with. Either is
   * closed by itself. @param options what is to be different
   */
  fork(options?: Partial<TestServerOptions>): Promise<TestServer>;
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
export function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  return startOver(new MemoryStorage(), options);
}

const logger = pino({ level: 'silent' });

async function startOver(storage: MemoryStorage, options: TestServerOptions): Promise<TestServer> {
  const {
    controllers = false,
    client: clientOptions,
    clock,
    disableAdmissionPlugins = ['ServiceAccount'],
    ...serverOptions
  } = options;
  const server = await ApiServer.start({
    storage,
    logger,
    disableAdmissionPlugins,
    ...(clock === undefined ? {} : { now: () => clock.now() }),
    ...serverOptions,
  });
  const clients: Client[] = [];
  const clientFor: TestServer['clientFor'] = ({ name, groups = [] }) => {
    const client = new Client(inProcessTransport(server.inProcess({ name, groups })), {
      ...(clock === undefined ? {} : { clock }),
      ...clientOptions,
    });
    clients.push(client);
    return client;
  };
  const stopping = new AbortController();
  const ended = await runControllers(controllers, clientFor, stopping.signal);
  return {
    client: clientFor({ name: 'admin', groups: ['system:masters'] }),
    server,
    storage,
    clientFor,
    fork: (changes = {}) => startOver(storage.fork(), { ...options, ...changes }),
    close: async () => {
      stopping.abort(new Error('the test server is closing'));
      await Promise.all(ended);
      await Promise.all(clients.map((client) => client.close()));
      await server.close(0);
      await storage.close();
    },
  };
}

/** Starts what is asked for, and gives what ends with the signal. */
async function runControllers(
  which: boolean | readonly string[],
  clientFor: TestServer['clientFor'],
  signal: AbortSignal,
): Promise<Promise<void>[]> {
  if (which === false) return [];
  const { startControllers, startScheduler } = await import('@kubewright/controllers');
  const parts = await Promise.all([
    startControllers(clientFor({ name: 'system:kube-controller-manager' }), {
      signal,
      logger,
      ...(which === true ? {} : { controllers: which }),
    }),
    ...(which === true
      ? [startScheduler(clientFor({ name: 'system:kube-scheduler' }), { signal, logger })]
      : []),
  ]);
  return parts.map((part) => part.done);
}
