import { mkdir, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { Client, loadConnection } from '@kubewright/client';
import { CommandError } from './command-error.js';
import type { Running } from './components/running.js';
import { createLogger } from './logger.js';
import { mayMakeNetworks } from './privileges.js';
import { stopSignal, unlessStopped, untilStopped } from './until-stopped.js';

/** What every command of a single part takes. */
export interface ComponentOptions {
  readonly kubeconfig?: string;
  readonly verbose: number;
}

export interface ControllerManagerCommandOptions extends ElectedCommandOptions {
  /** False with `--no-use-service-account-credentials`. */
  readonly useServiceAccountCredentials: boolean;
  readonly clusterSigningCertFile?: string;
  readonly clusterSigningKeyFile?: string;
  readonly serviceAccountPrivateKeyFile?: string;
}

export interface KubeletCommandOptions extends ComponentOptions {
  readonly nodeName?: string;
  readonly dataDir: string;
  readonly podCidr: string;
  readonly nodeIp?: string;
  readonly port: number;
  readonly tlsCertFile?: string;
  readonly tlsPrivateKeyFile?: string;
  readonly clientCaFile?: string;
  readonly bootstrapKubeconfig?: string;
  readonly rotateServerCertificates?: boolean;
}

export interface ProxyCommandOptions extends ComponentOptions {
  readonly nodeName?: string;
  readonly nodeIp: string;
  readonly serviceCidr: string;
}

export interface ElectedCommandOptions extends ComponentOptions {
  readonly leaderElect?: boolean;
}

/** Each runs one part until SIGINT or SIGTERM, and returns the exit status. */
export async function controllerManager(options: ControllerManagerCommandOptions): Promise<number> {
  const { clusterSigningCertFile: certFile, clusterSigningKeyFile: keyFile } = options;
  if ((certFile === undefined) !== (keyFile === undefined))
    throw new CommandError('--cluster-signing-cert-file and --cluster-signing-key-file go together');
  const [certificate, key, serviceAccountKey] = await Promise.all(
    [certFile, keyFile, options.serviceAccountPrivateKeyFile].map(readOptional),
  );
  return runComponent('controller-manager', options, async (client) => {
    const { startControllerManager } = await import('./components/controller-manager.js');
    const { openAccountClients } = await import('./components/account-clients.js');
    const { builtinControllers } = await import('@kubewright/controllers');
    const connection = await loadConnection({ path: options.kubeconfig });
    const names = builtinControllers.flatMap(({ serviceAccount }) => serviceAccount ?? []);
    const accounts = options.useServiceAccountCredentials
      ? await openAccountClients(client, connection, names)
      : undefined;
    const manager = await startControllerManager(client, {
      logger: createLogger('controller-manager', options.verbose),
      ...(connection.ca === undefined ? {} : { rootCa: always(connection.ca) }),
      leaderElect: options.leaderElect,
      ...(certificate === undefined || key === undefined ? {} : { signing: { certificate, key } }),
      serviceAccountKey,
      ...(accounts === undefined ? {} : { accountClient: (name) => accounts.clients.get(name) ?? client }),
    });
    return {
      close: async (closeOptions) => {
        await manager.close(closeOptions);
        await accounts?.close();
      },
    };
  });
}

export function scheduler(options: ElectedCommandOptions): Promise<number> {
  return runComponent('scheduler', options, async (client) => {
    const { startSchedulerComponent } = await import('./components/scheduler.js');
    return startSchedulerComponent(client, {
      logger: createLogger('scheduler', options.verbose),
      leaderElect: options.leaderElect,
    });
  });
}

export async function kubelet(options: KubeletCommandOptions): Promise<number> {
  const { tlsCertFile, tlsPrivateKeyFile, clientCaFile, podCidr } = options;
  const privileged = await mayMakeNetworks();
  const loopback = podCidr.startsWith('127.');
  if (!privileged && !loopback)
    throw new CommandError(
      `--pod-cidr ${podCidr}: networks for pods need root; as an ordinary user, give a range inside 127.0.0.0/8`,
    );
  const files = [tlsCertFile, tlsPrivateKeyFile, clientCaFile].filter((file) => file !== undefined);
  if (files.length !== 0 && files.length !== 3)
    throw new CommandError('--tls-cert-file, --tls-private-key-file and --client-ca-file go together');
  const rotate = options.rotateServerCertificates === true;
  if (rotate && files.length > 0)
    throw new CommandError('--rotate-server-certificates: does not go with files of certificates');
  const [cert, key, clientCa] = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  const logger = createLogger('kubelet', options.verbose);
  const nodeName = options.nodeName ?? hostname().toLowerCase();
  const leaving = new AbortController();
  const { bootstrapKubeconfig, kubeconfig = resolve(options.dataDir, 'kubelet.kubeconfig') } = options;
  const identity =
    bootstrapKubeconfig === undefined
      ? undefined
      : { bootstrapKubeconfig, kubeconfig, nodeName, logger, signal: leaving.signal };
  if (identity !== undefined) {
    const { bootstrapNode } = await import('./components/node-identity.js');
    await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
    await bootstrapNode(identity);
  }
  const connecting = identity === undefined ? options : { ...options, kubeconfig };
  return runComponent('kubelet', connecting, async (client) => {
    const [{ startKubeletComponent }, { openProcessRuntime }] = await Promise.all([
      import('./components/kubelet.js'),
      import('@kubewright/runtime'),
    ]);
    const kept =
      identity === undefined
        ? undefined
        : import('./components/node-identity.js').then(({ keepNodeIdentity }) =>
            keepNodeIdentity(client, identity),
          );
    const running = await startKubeletComponent({
      client,
      runtime: await openProcessRuntime({
        dataDirectory: resolve(options.dataDir),
        podRange: podCidr,
        loopback,
      }),
      logger,
      kubeletDirectory: resolve(options.dataDir, 'node'),
      nodeName,
      nodeIP: options.nodeIp ?? podCidr.replace(/\d+\/\d+$/, '1'),
      port: options.port,
      podRange: podCidr,
      rotateServerCertificates: rotate,
      ...(rotate ? { tls: { clientCa: await clusterCa(connecting.kubeconfig) } } : {}),
      ...(cert === undefined || key === undefined || clientCa === undefined
        ? {}
        : { tls: { cert, key, clientCa } }),
    });
    return {
      close: async (how) => {
        leaving.abort(new Error('the kubelet is stopping'));
        await running.close(how);
        await kept;
      },
    };
  });
}

export function proxy(options: ProxyCommandOptions): Promise<number> {
  return runComponent('proxy', options, async (client) => {
    const { startProxyComponent } = await import('./components/proxy.js');
    return startProxyComponent({
      client,
      logger: createLogger('proxy', options.verbose),
      nodeName: options.nodeName ?? hostname().toLowerCase(),
      nodeIP: options.nodeIp,
      serviceRange: options.serviceCidr,
    });
  });
}

function always<T>(value: T): () => T {
  return () => value;
}

/** Whom the cluster's CA vouches for may ask its kubelets. */
async function clusterCa(path: string | undefined): Promise<string> {
  const { ca } = await loadConnection({ path });
  if (ca === undefined)
    throw new CommandError('--rotate-server-certificates: goes with a kubeconfig that names a CA');
  return Array.isArray(ca) ? ca.join('\n') : String(ca);
}

async function readOptional(file: string | undefined): Promise<string | undefined> {
  return file === undefined ? undefined : readFile(file, 'utf8');
}

async function runComponent(
  name: string,
  options: ComponentOptions,
  start: (client: Client) => Promise<Running>,
): Promise<number> {
  const stopped = stopSignal();
  const client = await Client.fromKubeconfig({ path: options.kubeconfig, userAgent: `kubewright-${name}` });
  try {
    const part = await unlessStopped(start(client), stopped);
    if (part === undefined) return 0;
    process.stdout.write(`kubewright ${name} is running\n`);
    return await untilStopped(part, stopped);
  } finally {
    await client.close();
  }
}
