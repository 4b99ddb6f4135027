import { randomBytes } from 'node:crypto';
import { mkdir, readdir, realpath, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Duplex } from 'node:stream';
import type { MachineLock } from '../../machine-lock.js';
import {
  type AttachOptions,
  type ContainerConfig,
  type ContainerEvent,
  type ContainerFilter,
  type ContainerRuntime,
  ContainerRuntimeError,
  type ContainerStatus,
  type ExecOptions,
  type ExecSession,
  type ExecSyncOptions,
  type ExecSyncResult,
  type PodSandboxConfig,
  type PodSandboxStatus,
  type RuntimeStatus,
  type SandboxFilter,
} from '../container-runtime.js';
import { openCgroups, removeCgroups } from './cgroup.js';
import { Container } from './container.js';
import { cgroupName, removeDeadEngines, takeEngineLock } from './dead-engines.js';
import type { Engine } from './engine.js';
import { collect } from './exec.js';
import { FifoPool } from './fifo-pool.js';
import { inspectHost } from './host.js';
import { buildHostTree } from './host-tree.js';
import { killLeftovers } from './leftovers.js';
import { openPodNetwork } from './network.js';
import { interfaceName } from './pod-range.js';
import { readRecords } from './record.js';
import { Sandbox } from './sandbox.js';
import { untilAborted } from './until-aborted.js';

export interface ProcessRuntimeOptions {
  /** Kubewright's data directory: invisible to containers. The engine's own files are below `runtime/` in it. */
  readonly dataDirectory: string;
  /** The node's pod range, such as `10.244.0.0/24`: see `choosePodRange`. With `loopback` inside 127.0.0.0/8. */
  readonly podRange: string;
  /**
   * Pods share the host's network and get an address of 127.0.0.0/8 each, which their processes should bind to: two
   * that listen on 0.0.0.0 and the same port collide, and each sees what listens on the host's loopback. The only mode
   * for ordinary users, and never taken unasked.
   * @default false
   */
  readonly loopback?: boolean;
}

/**
 * Runs commands of the host as the containers of pods; images don't exist here, `image` is only recorded.
 *
 * Everything it starts ends with this process, also where it is killed: the first process of each chain asks the
 * kernel to die with its parent, a PID namespace ends with its first process, mounts and network interfaces with their
 * namespaces. What could remain (the bridge, empty cgroups) is removed by the next engine of this machine that opens; the next over
 * the same directory lists what ran as exited with code 137. One engine a data directory; a second `open` rejects with `AlreadyExists`.
 *
 * Not done: `hostPid`, a shared PID namespace and traffic from pods to addresses beyond this machine.
 */
export async function openProcessRuntime(options: ProcessRuntimeOptions): Promise<ContainerRuntime> {
  const host = await inspectHost();
  const { loopback = false } = options;
  if (!host.privileged && !loopback) {
    throw new ContainerRuntimeError(
      'Unavailable',
      'networks for pods need root; as an ordinary user, ask for loopback addresses',
    );
  }
  await mkdir(options.dataDirectory, { recursive: true });
  const dataDirectory = await realpath(resolve(options.dataDirectory));
  if (/[,:\\"]/.test(dataDirectory)) {
    throw new RangeError(
      `data directory ${dataDirectory}: the process runtime can't mount paths with one of , : \\ "`,
    );
  }
  const stateDirectory = join(dataDirectory, 'runtime');
  await mkdir(stateDirectory, { recursive: true, mode: 0o700 });
  for (const name of ['sandboxes', 'containers'])
    await mkdir(join(stateDirectory, name), { recursive: true });
  const name = interfaceName(dataDirectory);
  const lock = await takeEngineLock(name, { patient: true });
  if (lock === undefined)
    throw new ContainerRuntimeError('AlreadyExists', `another process runs the pods of ${dataDirectory}`);
  try {
    await killLeftovers(name);
    const cgroups = host.privileged ? await openCgroups(cgroupName(name)) : 'limits need root';
    if (typeof cgroups !== 'string') {
      await removeCgroups(cgroups);
      await openCgroups(cgroupName(name));
    }
    const remains = host.privileged
      ? await removeDeadEngines(host, typeof cgroups === 'string' ? undefined : cgroups)
      : [];
    const network = await openPodNetwork({ host, name, range: options.podRange, stateDirectory, loopback });
    const pipes = new FifoPool(join(stateDirectory, 'pipes'));
    const tree = await buildHostTree({ host, pipes, marker: name, stateDirectory, hidden: dataDirectory });
    const engine: Engine = {
      host,
      pipes,
      tree,
      network,
      cgroups: typeof cgroups === 'string' ? undefined : cgroups,
      marker: name,
      dataDirectory,
      stateDirectory,
    };
    const runtime = new ProcessRuntime(engine, lock, [
      ...(typeof cgroups === 'string' ? [`CPU and memory limits are not enforced: ${cgroups}`] : []),
      ...(loopback
        ? ['pods share the network of the host: each has an address of its own, but not its ports']
        : []),
      ...remains,
    ]);
    await runtime.recover();
    return runtime;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

class ProcessRuntime implements ContainerRuntime {
  readonly #engine: Engine;
  readonly #lock: MachineLock;
  readonly #messages: readonly string[];
  readonly #sandboxes = new Map<string, Sandbox>();
  readonly #containers = new Map<string, Container>();
  readonly #listeners = new Set<(event: ContainerEvent) => void>();
  #closed: Promise<void> | undefined;
  #broken = false;

  constructor(engine: Engine, lock: MachineLock, messages: readonly string[]) {
    this.#engine = engine;
    this.#lock = lock;
    this.#messages = messages;
    void engine.tree.holder.exited.then(() => {
      this.#broken = true;
    });
  }

  /** Reads what an earlier life recorded. What it left running has been killed by now. */
  async recover(): Promise<void> {
    const { stateDirectory } = this.#engine;
    for (const status of await readRecords<PodSandboxStatus>(join(stateDirectory, 'sandboxes'))) {
      this.#sandboxes.set(status.id, new Sandbox(this.#engine, status));
    }
    for (const status of await readRecords<ContainerStatus>(join(stateDirectory, 'containers'))) {
      const sandbox = this.#sandboxes.get(status.sandboxId);
      if (sandbox === undefined) continue;
      const ended: ContainerStatus =
        status.state === 'exited'
          ? status
          : {
              ...status,
              state: 'exited',
              finishedAt: new Date(),
              exitCode: 137,
              reason: 'Error',
              message: endedWithUs,
            };
      const container = new Container(this.#engine, sandbox, ended);
      if (ended !== status) await container.create();
      this.#containers.set(status.id, container);
    }
    await this.#removeUnrecorded('sandboxes', this.#sandboxes);
    await this.#removeUnrecorded('containers', this.#containers);
  }

  status(): Promise<RuntimeStatus> {
    const { network, cgroups } = this.#engine;
    const ready = this.#closed === undefined && !this.#broken;
    return Promise.resolve({
      name: 'process',
      version: '0.1.0',
      ready,
      networkReady: ready,
      messages: this.#broken
        ? [...this.#messages, 'the process that holds the file system was killed']
        : this.#messages,
      features: {
        podNetwork: network.bridge,
        isolation: true,
        memoryLimits: cgroups?.mounts.memory !== undefined,
        cpuLimits: cgroups?.mounts.cpu !== undefined,
        processes: true,
      },
    });
  }

  async runPodSandbox(config: PodSandboxConfig, signal?: AbortSignal): Promise<string> {
    signal?.throwIfAborted();
    this.#mustBeOpen();
    if (config.hostPid === true || config.sharePid === true) {
      throw new ContainerRuntimeError(
        'Unimplemented',
        'the process runtime gives each container a PID namespace of its own: hostPID and shareProcessNamespace can not be had; leave them out of the pod',
      );
    }
    for (const { config: other } of this.#sandboxes.values()) {
      if (other.uid === config.uid && other.attempt === config.attempt) {
        throw new ContainerRuntimeError(
          'AlreadyExists',
          `attempt ${config.attempt} of pod ${config.namespace}/${config.name}`,
        );
      }
    }
    const sandbox = new Sandbox(this.#engine, { id: newId(), config, createdAt: new Date() });
    this.#sandboxes.set(sandbox.id, sandbox);
    try {
      await sandbox.start(() => void this.stopPodSandbox(sandbox.id));
    } catch (error) {
      this.#sandboxes.delete(sandbox.id);
      throw error;
    }
    return sandbox.id;
  }

  async stopPodSandbox(id: string): Promise<void> {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox === undefined) return;
    sandbox.refuseStarts();
    await Promise.all(this.#containersOf(id).map((container) => container.stop(0)));
    await sandbox.stop();
  }

  async removePodSandbox(id: string): Promise<void> {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox === undefined) return;
    await this.stopPodSandbox(id);
    await Promise.all(this.#containersOf(id).map((container) => this.removeContainer(container.status.id)));
    await rm(sandbox.directory, { recursive: true, force: true });
    this.#sandboxes.delete(id);
  }

  podSandboxStatus(id: string): Promise<PodSandboxStatus> {
    return Promise.resolve().then(() => this.#sandbox(id).status);
  }

  listPodSandboxes(filter: SandboxFilter = {}): Promise<readonly PodSandboxStatus[]> {
    const all = [...this.#sandboxes.values()].map(({ status }) => status);
    return Promise.resolve(
      all.filter(
        ({ id, config }) =>
          (filter.id === undefined || filter.id === id) &&
          (filter.podUid === undefined || filter.podUid === config.uid),
      ),
    );
  }

  async createContainer(sandboxId: string, config: ContainerConfig, signal?: AbortSignal): Promise<string> {
    signal?.throwIfAborted();
    this.#mustBeOpen();
    const sandbox = this.#sandbox(sandboxId);
    if ((config.command?.length ?? 0) + (config.args?.length ?? 0) === 0) {
      throw new ContainerRuntimeError(
        'NoCommand',
        `no images are pulled here: the process runtime runs commands of this machine; give container "${config.name}" a command, such as command: ["node", "server.js"]`,
      );
    }
    if (sandbox.status.state !== 'ready') {
      throw new ContainerRuntimeError('FailedPrecondition', `pod sandbox ${sandboxId} is not ready`);
    }
    if (
      this.#containersOf(sandboxId).some(
        ({ config: other }) => other.name === config.name && other.attempt === config.attempt,
      )
    ) {
      throw new ContainerRuntimeError(
        'AlreadyExists',
        `attempt ${config.attempt} of container ${config.name}`,
      );
    }
    const id = newId();
    const logPath = join(sandbox.config.logDirectory, config.logPath);
    const container = new Container(this.#engine, sandbox, {
      ...{ id, sandboxId, state: 'created', createdAt: new Date(), logPath, config },
    });
    this.#containers.set(id, container);
    await container.create();
    this.#emit('created', container);
    return id;
  }

  async startContainer(id: string): Promise<void> {
    const container = this.#container(id);
    try {
      await container.start(() => this.#emit('stopped', container));
    } catch (error) {
      if (container.status.reason === 'StartError') this.#emit('stopped', container);
      throw error;
    }
    this.#emit('started', container);
  }

  async stopContainer(id: string, graceSeconds: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await untilAborted(this.#containers.get(id)?.stop(graceSeconds) ?? Promise.resolve(), signal);
  }

  async removeContainer(id: string): Promise<void> {
    const container = this.#containers.get(id);
    if (container === undefined) return;
    await container.remove();
    if (this.#containers.delete(id)) this.#emit('deleted', container);
  }

  async reopenContainerLog(id: string): Promise<void> {
    await this.#container(id).reopenLog();
  }

  containerStatus(id: string): Promise<ContainerStatus> {
    return Promise.resolve().then(() => this.#container(id).status);
  }

  listContainers(filter: ContainerFilter = {}): Promise<readonly ContainerStatus[]> {
    const all = [...this.#containers.values()].map(({ status }) => status);
    return Promise.resolve(
      all.filter(
        (status) =>
          (filter.id === undefined || filter.id === status.id) &&
          (filter.sandboxId === undefined || filter.sandboxId === status.sandboxId) &&
          (filter.state === undefined || filter.state === status.state),
      ),
    );
  }

  async exec(id: string, options: ExecOptions): Promise<ExecSession> {
    return this.#container(id).exec(options);
  }

  async execSync(id: string, command: readonly string[], options: ExecSyncOptions): Promise<ExecSyncResult> {
    options.signal?.throwIfAborted();
    const session = await this.exec(id, { command, stdin: false, stdout: true, stderr: true, tty: false });
    return collect(session, options);
  }

  attach(id: string, options: AttachOptions): Promise<ExecSession> {
    return Promise.resolve().then(() => this.#container(id).attach(options));
  }

  async portForward(sandboxId: string, port: number, signal?: AbortSignal): Promise<Duplex> {
    signal?.throwIfAborted();
    return this.#sandbox(sandboxId).portForward(port);
  }

  onEvent(listener: (event: ContainerEvent) => void): () => void {
    const own = (event: ContainerEvent) => listener(event);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#sandboxes.keys()].map((id) => this.stopPodSandbox(id)));
    const { tree, network, cgroups } = this.#engine;
    tree.holder.kill();
    await tree.holder.exited;
    await network.close();
    if (cgroups !== undefined) await removeCgroups(cgroups);
    await this.#lock.release();
  }

  #mustBeOpen(): void {
    if (this.#closed !== undefined) throw new ContainerRuntimeError('Unavailable', 'the runtime is closed');
  }

  #sandbox(id: string): Sandbox {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox === undefined) throw new ContainerRuntimeError('NotFound', `pod sandbox ${id} not found`);
    return sandbox;
  }

  #container(id: string): Container {
    const container = this.#containers.get(id);
    if (container === undefined) throw new ContainerRuntimeError('NotFound', `container ${id} not found`);
    return container;
  }

  #containersOf(sandboxId: string): Container[] {
    return [...this.#containers.values()].filter(({ sandbox }) => sandbox.id === sandboxId);
  }

  #emit(type: ContainerEvent['type'], { status, sandbox }: Container): void {
    const event = { type, containerId: status.id, sandboxId: sandbox.id, podUid: sandbox.config.uid };
    for (const listener of this.#listeners) listener(event);
  }

  async #removeUnrecorded(name: string, known: ReadonlyMap<string, unknown>): Promise<void> {
    const directory = join(this.#engine.stateDirectory, name);
    for (const entry of await readdir(directory)) {
      if (!known.has(entry)) await rm(join(directory, entry), { recursive: true, force: true });
    }
  }
}

const endedWithUs = 'the container ended with the process that ran it';

function newId(): string {
  return randomBytes(16).toString('hex');
}
