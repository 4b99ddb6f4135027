import { appendFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Duplex, PassThrough } from 'node:stream';
import { type Clock, systemClock } from '@kubewright/client';
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
import { AddressPool } from '../process/address-pool.js';

export interface SimulatedRuntimeOptions {
  /** @default the system's clock */
  readonly clock?: Clock;
  /** @default '10.244.0.0/16' */
  readonly podRange?: string;
  /** What a command run by `exec` does. @default exits with 0 and prints nothing */
  readonly exec?: (command: readonly string[], container: ContainerStatus) => SimulatedExec;
  /** Whether this container's start is refused, and why. @default never */
  readonly refuseStart?: (config: ContainerConfig) => string | undefined;
  /** Whether TERM ends this container; otherwise it takes the grace and KILL. @default always */
  readonly endsOnTerm?: (config: ContainerConfig) => boolean;
  /** Writes log files; without it nothing touches the disk. @default false */
  readonly logs?: boolean;
}

export interface SimulatedExec {
  readonly exitCode: number;
  readonly stdout?: string;
  readonly stderr?: string;
  /** It runs this long, by the clock, before it exits. @default 0 */
  readonly takesMs?: number;
}

/**
 * A container runtime in memory: containers run until told otherwise. For tests of the kubelet, and for clusters of
 * thousands of nodes. It waits by the injected clock only and polls nothing.
 */
export class SimulatedRuntime implements ContainerRuntime {
  readonly #options: SimulatedRuntimeOptions;
  readonly #clock: Clock;
  readonly #pool: AddressPool;
  readonly #sandboxes = new Map<string, PodSandboxStatus>();
  readonly #containers = new Map<string, Simulated>();
  readonly #listeners = new Set<(event: ContainerEvent) => void>();
  #nextId = 1;
  #open = true;

  constructor(options: SimulatedRuntimeOptions = {}) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#pool = new AddressPool(options.podRange ?? '10.244.0.0/16');
  }

  /** Ends a running container, as if its process had. */
  exit(containerId: string, exitCode: number, reason?: string): void {
    this.#finish(this.#container(containerId), exitCode, reason ?? (exitCode === 0 ? 'Completed' : 'Error'));
  }

  /** Prints a line on a container's standard output, for those attached and, with `logs`, for the log. */
  async print(containerId: string, line: string): Promise<void> {
    const container = this.#container(containerId);
    for (const stream of container.attached) stream.write(`${line}\n`);
    if (this.#options.logs !== true) return;
    const { logPath } = container.status;
    await mkdir(dirname(logPath), { recursive: true });
    await appendFile(logPath, `${this.#now().toISOString().replace('Z', '000000Z')} stdout F ${line}\n`);
  }

  status(): Promise<RuntimeStatus> {
    return Promise.resolve({
      name: 'simulated',
      version: '0.1.0',
      ready: this.#open,
      networkReady: this.#open,
      messages: [],
      features: {
        podNetwork: false,
        isolation: false,
        memoryLimits: false,
        cpuLimits: false,
        processes: false,
      },
    });
  }

  async runPodSandbox(config: PodSandboxConfig, signal?: AbortSignal): Promise<string> {
    signal?.throwIfAborted();
    if (!this.#open) throw new ContainerRuntimeError('Unavailable', 'the runtime is closed');
    for (const { config: other } of this.#sandboxes.values()) {
      if (other.uid === config.uid && other.attempt === config.attempt) {
        throw new ContainerRuntimeError(
          'AlreadyExists',
          `attempt ${config.attempt} of pod ${config.namespace}/${config.name}`,
        );
      }
    }
    const address = config.hostNetwork === true ? undefined : this.#pool.allocate();
    if (address === undefined && config.hostNetwork !== true) {
      throw new ContainerRuntimeError('ResourceExhausted', 'no address is left in the pod range');
    }
    const id = this.#newId();
    const ips = address === undefined ? [] : [address];
    this.#sandboxes.set(id, { id, state: 'ready', createdAt: this.#now(), ips, config });
    return id;
  }

  async stopPodSandbox(id: string): Promise<void> {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox === undefined) return;
    for (const container of this.#containersOf(id)) this.#finish(container, 137, 'Error');
    for (const address of sandbox.ips) this.#pool.release(address);
    this.#sandboxes.set(id, { ...sandbox, state: 'notready', ips: [] });
  }

  async removePodSandbox(id: string): Promise<void> {
    await this.stopPodSandbox(id);
    for (const { status } of this.#containersOf(id)) await this.removeContainer(status.id);
    this.#sandboxes.delete(id);
  }

  async podSandboxStatus(id: string): Promise<PodSandboxStatus> {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox === undefined) throw new ContainerRuntimeError('NotFound', `pod sandbox ${id} not found`);
    return sandbox;
  }

  async listPodSandboxes(filter: SandboxFilter = {}): Promise<readonly PodSandboxStatus[]> {
    return [...this.#sandboxes.values()].filter(
      ({ id, config }) => (filter.id ?? id) === id && (filter.podUid ?? config.uid) === config.uid,
    );
  }

  async createContainer(sandboxId: string, config: ContainerConfig, signal?: AbortSignal): Promise<string> {
    signal?.throwIfAborted();
    const sandbox = await this.podSandboxStatus(sandboxId);
    if (sandbox.state !== 'ready') {
      throw new ContainerRuntimeError('FailedPrecondition', `pod sandbox ${sandboxId} is not ready`);
    }
    for (const { status } of this.#containersOf(sandboxId)) {
      if (status.config.name === config.name && status.config.attempt === config.attempt) {
        throw new ContainerRuntimeError(
          'AlreadyExists',
          `attempt ${config.attempt} of container ${config.name}`,
        );
      }
    }
    const id = this.#newId();
    const logPath = join(sandbox.config.logDirectory, config.logPath);
    const status: ContainerStatus = {
      id,
      sandboxId,
      state: 'created',
      createdAt: this.#now(),
      logPath,
      config,
    };
    this.#containers.set(id, { status, podUid: sandbox.config.uid, attached: new Set(), waiting: [] });
    this.#emit('created', id);
    return id;
  }

  async startContainer(id: string): Promise<void> {
    const container = this.#container(id);
    if (container.status.state !== 'created') {
      throw new ContainerRuntimeError('FailedPrecondition', `container ${id} was started before`);
    }
    const refusal = this.#options.refuseStart?.(container.status.config);
    container.status = { ...container.status, state: 'running', startedAt: this.#now() };
    if (refusal !== undefined) {
      this.#finish(container, 128, 'StartError', refusal);
      throw new ContainerRuntimeError('StartFailed', refusal);
    }
    this.#emit('started', id);
  }

  async stopContainer(id: string, graceSeconds: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const container = this.#containers.get(id);
    if (container === undefined || container.status.state !== 'running') return;
    const onTerm = this.#options.endsOnTerm?.(container.status.config) ?? true;
    if (graceSeconds <= 0) return this.#finish(container, 137, 'Error');
    if (onTerm) return this.#finish(container, 143, 'Error');
    const cancel = this.#clock.schedule(graceSeconds * 1000, () => this.#finish(container, 137, 'Error'));
    await new Promise<void>((resolve, reject) => {
      container.waiting.push(() => {
        cancel();
        resolve();
      });
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  }

  async removeContainer(id: string): Promise<void> {
    const container = this.#containers.get(id);
    if (container === undefined) return;
    this.#finish(container, 137, 'Error');
    this.#emit('deleted', id);
    this.#containers.delete(id);
  }

  async reopenContainerLog(id: string): Promise<void> {
    this.#mustRun(id);
  }

  async containerStatus(id: string): Promise<ContainerStatus> {
    return this.#container(id).status;
  }

  async listContainers(filter: ContainerFilter = {}): Promise<readonly ContainerStatus[]> {
    return [...this.#containers.values()]
      .map(({ status }) => status)
      .filter(
        ({ id, sandboxId, state }) =>
          (filter.id ?? id) === id &&
          (filter.sandboxId ?? sandboxId) === sandboxId &&
          (filter.state ?? state) === state,
      );
  }

  async exec(id: string, options: ExecOptions): Promise<ExecSession> {
    const { status } = this.#mustRun(id);
    const result = this.#options.exec?.(options.command, status) ?? { exitCode: 0 };
    const { promise: exitCode, resolve } = withResolvers<number>();
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const end = (code: number) => {
      stdout.end();
      stderr.end();
      resolve(code);
    };
    stdout.write(result.stdout ?? '');
    stderr.write(result.stderr ?? '');
    const cancel = this.#clock.schedule(result.takesMs ?? 0, () => end(result.exitCode));
    return {
      stdin: options.stdin ? new PassThrough().resume() : undefined,
      stdout: options.stdout ? stdout : undefined,
      stderr: options.stderr && !options.tty ? stderr : undefined,
      exitCode,
      resize: () => undefined,
      close: () => {
        cancel();
        end(137);
      },
    };
  }

  async execSync(id: string, command: readonly string[], options: ExecSyncOptions): Promise<ExecSyncResult> {
    options.signal?.throwIfAborted();
    const { status } = this.#mustRun(id);
    const result = this.#options.exec?.(command, status) ?? { exitCode: 0 };
    const takesMs = result.takesMs ?? 0;
    await new Promise<void>((resolve) => this.#clock.schedule(Math.min(takesMs, options.timeoutMs), resolve));
    options.signal?.throwIfAborted();
    if (takesMs > options.timeoutMs) {
      throw new ContainerRuntimeError('DeadlineExceeded', `command timed out after ${options.timeoutMs} ms`);
    }
    return {
      stdout: Buffer.from(result.stdout ?? ''),
      stderr: Buffer.from(result.stderr ?? ''),
      exitCode: result.exitCode,
    };
  }

  async attach(id: string, options: AttachOptions): Promise<ExecSession> {
    const container = this.#mustRun(id);
    const { promise: exitCode, resolve } = withResolvers<number>();
    const stdout = new PassThrough();
    container.attached.add(stdout);
    container.waiting.push(() => resolve(container.status.exitCode ?? 0));
    return {
      stdin: options.stdin ? new PassThrough().resume() : undefined,
      stdout: options.stdout ? stdout : undefined,
      stderr: options.stderr && !options.tty ? new PassThrough().end() : undefined,
      exitCode,
      resize: () => undefined,
      close: () => {
        container.attached.delete(stdout);
        stdout.end();
      },
    };
  }

  /** A port that answers each byte with itself. */
  async portForward(sandboxId: string): Promise<Duplex> {
    const { state } = await this.podSandboxStatus(sandboxId);
    if (state !== 'ready')
      throw new ContainerRuntimeError('FailedPrecondition', `pod sandbox ${sandboxId} is not ready`);
    const echo = new PassThrough();
    return Duplex.from({ readable: echo, writable: echo });
  }

  onEvent(listener: (event: ContainerEvent) => void): () => void {
    const own = (event: ContainerEvent) => listener(event);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  async close(): Promise<void> {
    for (const id of this.#sandboxes.keys()) await this.stopPodSandbox(id);
    this.#open = false;
  }

  #finish(container: Simulated, exitCode: number, reason: string, message?: string): void {
    const { status } = container;
    if (status.state !== 'running') return;
    container.status = {
      ...status,
      ...{ state: 'exited', finishedAt: this.#now(), exitCode, reason },
      ...(exitCode > 128 && reason !== 'StartError' ? { signal: exitCode - 128 } : {}),
      ...(message === undefined ? {} : { message }),
    };
    for (const stream of container.attached) stream.end();
    for (const wake of container.waiting.splice(0)) wake();
    this.#emit('stopped', status.id);
  }

  #now(): Date {
    return new Date(this.#clock.now());
  }

  #newId(): string {
    return (this.#nextId++).toString(16).padStart(32, '0');
  }

  #container(id: string): Simulated {
    const container = this.#containers.get(id);
    if (container === undefined) throw new ContainerRuntimeError('NotFound', `container ${id} not found`);
    return container;
  }

  #mustRun(id: string): Simulated {
    const container = this.#container(id);
    if (container.status.state !== 'running') {
      throw new ContainerRuntimeError('FailedPrecondition', `container ${id} is not running`);
    }
    return container;
  }

  #containersOf(sandboxId: string): Simulated[] {
    return [...this.#containers.values()].filter(({ status }) => status.sandboxId === sandboxId);
  }

  #emit(type: ContainerEvent['type'], id: string): void {
    const { status, podUid } = this.#container(id);
    for (const listener of this.#listeners) {
      listener({ type, containerId: id, sandboxId: status.sandboxId, podUid });
    }
  }
}

interface Simulated {
  status: ContainerStatus;
  readonly podUid: string;
  readonly attached: Set<PassThrough>;
  /** Called when it exits. */
  readonly waiting: (() => void)[];
}

function withResolvers<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
