import { existsSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { hostname } from 'node:os';
import { delimiter, join, relative } from 'node:path';
import type { KeyPair, PkiDirectory } from '@kubewright/apiserver';
import { generateSigningKey } from '@kubewright/apiserver/signing-keys';
import { Client, inProcessTransport } from '@kubewright/client';
import { CommandError } from './command-error.js';
import type { AdmissionFlags } from './components/admission.js';
import type { ApiServerComponent, ApiServerComponentOptions } from './components/api-server.js';
import type { AuditFlags } from './components/audit.js';
import type { AuthenticationFlags } from './components/authentication.js';
import type { AuthorizationFlags } from './components/authorization.js';
import type { TransportFlags } from './components/certificates.js';
import { follow } from './components/certificates.js';
import type { EncryptionFlags } from './components/encryption.js';
import type { FlowControlFlags } from './components/flow-control.js';
import { PartChecks } from './components/part-checks.js';
import type { Running } from './components/running.js';
import type { StorageFlags } from './components/storage.js';
import { createLogger } from './logger.js';
import { NodeProcess } from './node-process.js';
import { becomeUser, isLoopback, mayMakeNetworks, usualUser } from './privileges.js';
import { stopSignal, unlessStopped, untilStopped } from './until-stopped.js';

/** What `kubewright up` and `kubewright apiserver` are told on the command line. */
export interface ServerCommandOptions
  extends EncryptionFlags,
    TransportFlags,
    AuthenticationFlags,
    AuthorizationFlags,
    AuditFlags,
    FlowControlFlags,
    AdmissionFlags,
    StorageFlags {
  readonly dataDir: string;
  readonly bindAddress: string;
  readonly port: number;
  readonly kubeconfig?: string;
  readonly user?: string;
  readonly pkiDir?: string;
  readonly joinTokenFile?: string;
  readonly serviceClusterIpRange?: string;
  readonly verbose: number;
  /** All of these by name, as `/flagz` shows them. */
  readonly flags: Readonly<Record<string, string>>;
}

export interface UpOptions extends ServerCommandOptions {
  /** False with `--no-node`. */
  readonly node: boolean;
}

/** Pods have two seconds to end, and the kubelet some time to say so. */
const nodeCloseMs = 3_700;

/** A control plane and a node in the foreground, until SIGINT or SIGTERM. @returns the exit status */
export async function up(given: UpOptions): Promise<number> {
  const stopped = stopSignal();
  const options = await withUser(given);
  const loopback = options.node ? !(await mayMakeNetworks()) : rootsAddresses(options);
  if (loopback === true) checkIsolation(options.bindAddress);
  const node = options.node ? NodeProcess.spawn() : undefined;
  const closers: (() => Promise<void>)[] = [];
  if (node !== undefined) closers.push(() => node.close(nodeCloseMs));
  const running: Running = {
    close: async () => {
      for (const closer of closers.splice(0)) await closer();
    },
  };
  const start = async () => {
    // The process of the node parts is there already, and stays root.
    if (options.user !== undefined) await becomeUser(options.user, options.dataDir);
    const nodeName = hostname().toLowerCase();
    const parts = new PartChecks();
    const api = await startServer(options, { loopback, nodeName, components: parts.checks, node });
    closers.push(() => api.close());
    const [control] = await Promise.all([
      startControl(api, options, parts),
      node === undefined ? undefined : startNode(node, api, { ...options, nodeName }),
    ]);
    // Controllers stop before the server that they talk to, after the node, whose pods' ends they may still see.
    closers.splice(-1, 0, () => control.close());
    if (loopback === true)
      process.stderr.write(
        'kubewright: warning: as an ordinary user pods share the network of this machine and have loopback addresses; run as root for networks of their own\n',
      );
    warnOfRoot();
    process.stdout.write(await readyText(api));
  };
  try {
    await unlessStopped(start(), stopped);
  } catch (error) {
    await running.close();
    throw error;
  }
  const ended = node?.exited.then((how) => `the process of the node parts has ended with ${how}`);
  return untilStopped(running, stopped, ended);
}

/** An API server alone, until SIGINT or SIGTERM. @returns the exit status */
export async function serveApi(given: ServerCommandOptions): Promise<number> {
  const stopped = stopSignal();
  const options = await withUser(given);
  const loopback = rootsAddresses(options);
  if (options.user !== undefined) await becomeUser(options.user, options.dataDir);
  const api = await startServer(options, { loopback, nodeName: hostname().toLowerCase() });
  warnOfRoot();
  process.stdout.write(await readyText(api));
  return untilStopped(api, stopped);
}

/** An API server as the command line has it. */
async function startServer(
  options: ServerCommandOptions,
  {
    loopback,
    node,
    ...more
  }: Pick<ApiServerComponentOptions, 'nodeName' | 'components'> & {
    readonly loopback: boolean | undefined;
    /** Prepares itself meanwhile. */
    readonly node?: NodeProcess | undefined;
  },
): Promise<ApiServerComponent> {
  const firstTokenKey = beginTokenKey(options);
  const [{ startApiServerComponent }, { openClusterPlace }] = await Promise.all([
    import('./components/api-server.js'),
    import('./components/cluster-place.js'),
  ]);
  const place = await openClusterPlace(options.dataDir, loopback);
  const { data, addresses } = place;
  node?.prepare({ dataDirectory: data.path, podRange: addresses.podRange, loopback: place.loopback });
  return startApiServerComponent({
    ...more,
    place,
    bindAddress: options.bindAddress,
    port: options.port,
    kubeconfig: options.kubeconfig,
    storage: options,
    authorization: options,
    pkiDirectory: options.pkiDir,
    joinTokenFile: options.joinTokenFile,
    serviceRange: options.serviceClusterIpRange,
    audit: options,
    flowControl: options,
    logger: createLogger('apiserver', options.verbose),
    authentication: options,
    firstTokenKey,
    encryption: options,
    transport: options,
    admission: options,
    flags: options.flags,
  });
}

/**
 * Begins to make the key that signs tokens, where the data directory has none: it takes another thread a fifth of a
 * second, or several, which is over when the server's code is loaded.
 */
function beginTokenKey({
  dataDir,
  pkiDir,
  storage,
  serviceAccountSigningKeyFile,
}: ServerCommandOptions): Promise<string> | undefined {
  const isShared = pkiDir !== undefined || storage.engine === 'etcd';
  if (isShared || serviceAccountSigningKeyFile !== undefined || existsSync(join(dataDir, 'pki/sa.key')))
    return undefined;
  const key = generateSigningKey();
  // Who needs it is told; a start that fails before needs it no more.
  key.catch(() => undefined);
  return key;
}

/** The options with whom the control plane becomes, who nobody need name under `sudo`. */
async function withUser<T extends ServerCommandOptions>(options: T): Promise<T> {
  const user = options.user ?? (await usualUser(options.dataDir));
  return user === undefined ? options : { ...options, user };
}

/** What is said when the server is ready. */
function warnOfRoot(): void {
  if (process.geteuid?.() === 0)
    process.stderr.write(
      'kubewright: warning: the control plane runs as root, which it does not need: name another user with --user\n',
    );
}

/** A data directory of root's has addresses of networks, whoever the process becomes. */
function rootsAddresses({ user }: ServerCommandOptions): false | undefined {
  return user === undefined ? undefined : false;
}

/** Where pods are no more apart than processes are, strangers must not be able to start any. */
function checkIsolation(bindAddress: string): void {
  if (!isLoopback(bindAddress))
    throw new CommandError(
      `--bind-address ${bindAddress}: as an ordinary user pods are not isolated from this machine, so only loopback addresses are served; run as root, or without pods (--no-node)`,
    );
}

const accountGroups = ['system:serviceaccounts', 'system:serviceaccounts:kube-system'];

/** Controllers and scheduler, which talk to the server in this process without sockets. */
async function startControl(
  api: ApiServerComponent,
  { storage, verbose: verbosity }: UpOptions,
  checks: PartChecks,
): Promise<Running> {
  // Others may share the store, with controllers of their own.
  const leaderElect = storage.engine === 'etcd';
  const [{ startControllerManager }, { startSchedulerComponent }] = await Promise.all([
    import('./components/controller-manager.js'),
    import('./components/scheduler.js'),
  ]);
  const client = (name: string, userAgent: string, groups: readonly string[] = []) =>
    new Client(inProcessTransport(api.server.inProcess({ name, groups })), { userAgent });
  const accounts = new Map<string, Client>();
  // Each controller has the rights of its service account and no more, as `--use-service-account-credentials` has it.
  const accountClient = (account: string) => {
    const known =
      accounts.get(account) ??
      client(
        `system:serviceaccount:kube-system:${account}`,
        `kube-controller-manager/${account}`,
        accountGroups,
      );
    accounts.set(account, known);
    return known;
  };
  const manager = client('system:kube-controller-manager', 'kube-controller-manager');
  const scheduler = client('system:kube-scheduler', 'kube-scheduler');
  const [controllers, pods] = await Promise.all([
    startControllerManager(manager, {
      logger: createLogger('controller-manager', verbosity),
      rootCa: () => api.pki.trusted,
      accountClient,
      leaderElect,
      signing: signingAuthority(api.pki),
      serviceAccountKey: api.serviceAccountKey,
    }),
    startSchedulerComponent(scheduler, { logger: createLogger('scheduler', verbosity), leaderElect }),
  ]);
  checks.started('controller-manager', controllers);
  checks.started('scheduler', pods);
  return {
    close: async () => {
      await Promise.all([controllers.close(), pods.close()]);
      await Promise.all([manager, scheduler, ...accounts.values()].map((each) => each.close()));
    },
  };
}

/** The authority that signs at each moment. */
function signingAuthority(pki: PkiDirectory): KeyPair {
  return {
    get certificate() {
      return pki.authority.certificate;
    },
    get key() {
      return pki.authority.key;
    },
  };
}

async function startNode(
  node: NodeProcess,
  api: ApiServerComponent,
  options: UpOptions & { readonly nodeName: string },
): Promise<void> {
  const { data, pki, addresses } = api;
  const { nodeName } = options;
  const { nodeIP, podRange, serviceRange } = addresses;
  const readTls = async () => {
    const names = [nodeName, nodeIP];
    const serving = await pki.server(`kubelet-${nodeName}`, `system:node:${nodeName}`, names);
    return { cert: serving.certificate, key: serving.key, clientCa: pki.trusted };
  };
  const tls = await readTls();
  await node.start({
    kubeletDirectory: data.node,
    kubeletKubeconfig: data.kubeconfigOf('kubelet'),
    proxyKubeconfig: data.kubeconfigOf('proxy'),
    nodeName,
    nodeIP,
    // The address is this cluster's own, so that the customary port is free.
    kubeletPort: options.port === 0 ? 0 : 10_250,
    podRange,
    serviceRange,
    tls,
    verbosity: options.verbose,
  });
  await api.serveNode();
  const stop = follow(readTls, {
    current: tls,
    apply: (renewed) => node.replaceCertificate(renewed),
    what: "the kubelet's certificates",
    logger: createLogger('kubelet', options.verbose),
  });
  void node.exited.then(stop);
}

async function readyText({ url, kubeconfig }: ApiServerComponent): Promise<string> {
  const file = relative(process.cwd(), kubeconfig);
  const shown = file.startsWith('..') ? kubeconfig : file;
  const milliseconds = Math.round(performance.now());
  const next = (await hasKubectl())
    ? [`export KUBECONFIG=${kubeconfig}`, 'kubectl get nodes', 'kubectl apply -f examples/hello/']
    : [`export KUBECONFIG=${kubeconfig}`, 'npm run hello'];
  return [
    `kubewright is ready in ${milliseconds} ms at ${url}, kubeconfig ${shown}. In another terminal:`,
    ...next.map((line) => `  ${line}`),
    '',
  ].join('\n');
}

async function hasKubectl(): Promise<boolean> {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    const found = await access(join(directory, 'kubectl'), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}
