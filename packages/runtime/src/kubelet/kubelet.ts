import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Pod, Service } from '@kubewright/api/core/v1';
import { type Client, type Clock, sleep, systemClock } from '@kubewright/client';
import type { Logger } from 'pino';
import type { ContainerRuntime } from '../container/container-runtime.js';
import { EventRecorder } from '../events/event-recorder.js';
import { ConfigObjects } from './env/config-objects.js';
import { rotateLog, rotationLimits } from './log/rotate-log.js';
import { defaultNodeName, machineResources } from './node/machine.js';
import { NodeReporter } from './node/node-reporter.js';
import type { PodContext } from './pod/pod-context.js';
import { PodDirectories } from './pod/pod-directories.js';
import { PodWorker } from './pod/pod-worker.js';
import { StatusWriter } from './pod/status-writer.js';
import { KubeletAccess } from './server/kubelet-access.js';
import {
  type KubeletServer,
  type KubeletTls,
  type ReplacedTls,
  startKubeletServer,
} from './server/kubelet-server.js';

export interface KubeletOptions {
  readonly client: Client;
  readonly runtime: ContainerRuntime;
  /** Volumes, logs and the like. Made where it is missing. */
  readonly dataDirectory: string;
  readonly logger: Logger;
  /** @default the machine's name */
  readonly nodeName?: string;
  /** What the node reports as its InternalIP: where the API server finds the kubelet. @default the bind address */
  readonly nodeIPs?: readonly string[];
  /** @default '127.0.0.1' */
  readonly bindAddress?: string;
  /** 0 takes a free one. @default 10250 */
  readonly port?: number;
  /** Without it the kubelet serves nothing: no logs, exec or port-forward. */
  readonly tls?: KubeletTls;
  /** The range out of which the runtime gives pods their addresses, as the node's spec shows it. */
  readonly podCIDRs?: readonly string[];
  /** More labels of the node. */
  readonly nodeLabels?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
}

export interface Kubelet {
  readonly nodeName: string;
  /** 0 where it serves nothing. */
  readonly port: number;
  /** Serves with another certificate, and takes those of other authorities, from the next connection on. PEM. */
  replaceCertificate(tls: ReplacedTls): void;
  /**
   * Stops the kubelet. Containers go on, unless `stopPods` says that they go too: they have `graceSeconds`, then they
   * are killed.
   */
  close(options?: { readonly stopPods?: boolean; readonly graceSeconds?: number }): Promise<void>;
}

/** How often logs are checked for rotation, and what is on the disk and in the runtime for what belongs to no pod. */
const housekeepingMs = 60_000;

/** Registers this machine as a node and runs the pods that are bound to it. Resolves when the node is registered. */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const kubelet = new RunningKubelet(options);
  try {
    await kubelet.start();
  } catch (error) {
    await kubelet.close();
    throw error;
  }
  return kubelet;
}

class RunningKubelet implements Kubelet {
  readonly nodeName: string;
  readonly #options: KubeletOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #stop = new AbortController();
  readonly #workers = new Map<string, PodWorker>();
  readonly #tasks: Promise<void>[] = [];
  readonly #directories: PodDirectories;
  readonly #config: ConfigObjects;
  readonly #events: EventRecorder;
  #server: KubeletServer | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(options: KubeletOptions) {
    this.#options = options;
    this.nodeName = options.nodeName ?? defaultNodeName();
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger;
    this.#directories = new PodDirectories(options.dataDirectory);
    this.#config = new ConfigObjects(options.client, (uid) => this.#workers.get(uid)?.wake());
    this.#events = new EventRecorder(options.client, {
      component: 'kubelet',
      host: this.nodeName,
      logger: options.logger,
      clock: this.#clock,
    });
  }

  get port(): number {
    return this.#server?.port ?? 0;
  }

  async start(): Promise<void> {
    const { client, runtime, dataDirectory, tls, bindAddress = '127.0.0.1' } = this.#options;
    const { signal } = this.#stop;
    await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
    // Secrets in volumes are readable for all whom the pod lets in, and they come by mounts, not through here.
    await chmod(dataDirectory, 0o700);
    const resources = await machineResources(dataDirectory);
    const hostIPs = this.#options.nodeIPs ?? [bindAddress];
    const services = client.informer(Service).start(signal);
    const context: PodContext = {
      client,
      runtime,
      runtimeName: (await runtime.status()).name,
      clock: this.#clock,
      logger: this.#logger,
      events: this.#events,
      statuses: new StatusWriter(client, { clock: this.#clock, logger: this.#logger, signal }),
      config: this.#config,
      directories: this.#directories,
      services: () => services.list(),
      hostIPs,
      allocatable: resources.allocatable,
    };
    if (tls !== undefined)
      this.#server = await startKubeletServer({
        runtime,
        tls,
        bindAddress,
        port: this.#options.port ?? 10250,
        logger: this.#logger,
        directories: this.#directories,
        access: new KubeletAccess(client, this.nodeName, this.#clock),
        pods: () => [...this.#workers.values()].map((worker) => ({ pod: worker.pod, status: worker.status })),
      });
    const reporter = new NodeReporter({
      client,
      runtime,
      clock: this.#clock,
      logger: this.#logger,
      signal,
      name: this.nodeName,
      addresses: hostIPs,
      resources,
      port: this.port,
      podCIDRs: this.#options.podCIDRs ?? [],
      labels: this.#options.nodeLabels ?? {},
    });
    await reporter.register();
    this.#tasks.push(reporter.run());
    this.#unsubscribe = runtime.onEvent(({ podUid }) => this.#workers.get(podUid)?.wake());
    const pods = client.informer(Pod, { fieldSelector: `spec.nodeName=${this.nodeName}` });
    pods.on({
      add: (pod) => this.#take(context, pod),
      update: (pod) => this.#take(context, pod),
      delete: (pod) => this.#workers.get(pod.metadata.uid ?? '')?.remove(),
    });
    pods.start(signal);
    // Containers find services by their environment, so none starts before the services are known.
    await Promise.all([services.synced, pods.synced]);
    this.#tasks.push(this.#housekeeping());
  }

  replaceCertificate(tls: ReplacedTls): void {
    this.#server?.replace(tls);
  }

  async close({ stopPods = false, graceSeconds = 2 } = {}): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort(new Error('the kubelet is closing'));
    this.#unsubscribe?.();
    this.#config.close();
    const workers = [...this.#workers.values()].map((worker) => worker.close());
    if (stopPods) await this.#stopPods(graceSeconds);
    await Promise.all([...workers, ...this.#tasks, this.#server?.close()]);
  }

  /** Hands a pod's state to its worker; a new pod gets one. */
  #take(context: PodContext, pod: Pod): void {
    const { uid = '' } = pod.metadata;
    const known = this.#workers.get(uid);
    if (known !== undefined) {
      known.update(pod);
      return;
    }
    if (this.#stop.signal.aborted) return;
    const worker = new PodWorker(context, pod);
    this.#workers.set(uid, worker);
    worker.done.then(
      () => this.#workers.delete(uid),
      (error: unknown) =>
        this.#logger.error({ err: error, pod: pod.metadata.name }, 'a pod worker has failed'),
    );
  }

  /** Ends all containers: politely, then not. */
  async #stopPods(graceSeconds: number): Promise<void> {
    const { runtime } = this.#options;
    const running = await runtime.listContainers({ state: 'running' });
    await Promise.allSettled(running.map(({ id }) => runtime.stopContainer(id, graceSeconds)));
    const sandboxes = await runtime.listPodSandboxes();
    const results = await Promise.allSettled(sandboxes.map(({ id }) => runtime.stopPodSandbox(id)));
    for (const result of results)
      if (result.status === 'rejected')
        this.#logger.warn({ err: result.reason }, 'a pod could not be stopped');
  }

  async #housekeeping(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#removeStrays();
        await this.#rotateLogs();
      } catch (error) {
        this.#logger.warn({ err: error }, 'housekeeping has failed and is tried again later');
      }
      await sleep(this.#clock, housekeepingMs, signal).catch(() => undefined);
    }
  }

  /** Sandboxes and directories of pods that this node has no more. */
  async #removeStrays(): Promise<void> {
    const { runtime } = this.#options;
    for (const { id, config } of await runtime.listPodSandboxes()) {
      if (this.#workers.has(config.uid)) continue;
      this.#logger.info(
        { pod: `${config.namespace}/${config.name}` },
        'a sandbox of no known pod is removed',
      );
      await runtime.removePodSandbox(id);
    }
    for (const uid of await entries(this.#directories.pods))
      if (!this.#workers.has(uid)) await rm(this.#directories.ofPod(uid), { recursive: true, force: true });
    for (const name of await entries(this.#directories.logs))
      if (!this.#workers.has(name.slice(name.lastIndexOf('_') + 1)))
        await rm(join(this.#directories.logs, name), { recursive: true, force: true });
  }

  async #rotateLogs(): Promise<void> {
    const stamp = new Date(this.#clock.now())
      .toISOString()
      .replace(/[-:]|\.\d+Z$/g, '')
      .replace('T', '-');
    const { runtime } = this.#options;
    for (const { id, logPath } of await runtime.listContainers({ state: 'running' }))
      await rotateLog(logPath, {
        limits: rotationLimits,
        stamp,
        reopen: () => runtime.reopenContainerLog(id),
      });
  }
}

async function entries(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
