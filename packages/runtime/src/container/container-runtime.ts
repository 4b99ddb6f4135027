import type { Duplex, Readable, Writable } from 'node:stream';

/**
 * What the kubelet asks of whatever runs containers, with the meaning of the Container Runtime Interface (CRI v1), so
 * that containerd and the embedded engines answer alike. Ids are the runtime's own and opaque. Methods reject with
 * `ContainerRuntimeError`; they may run concurrently, in any order, for any ids. An AbortSignal stops the waiting of
 * the caller, never half of an effect: after an abort, list to learn what happened.
 *
 * An implementation must pass `containerRuntimeConformance`.
 */
export interface ContainerRuntime {
  /** Name, version, and what works here. Cheap; the kubelet asks every few seconds. */
  status(): Promise<RuntimeStatus>;

  /**
   * Creates and starts what the containers of one pod share: network, IPC and UTS namespace, cgroup, log directory.
   * Resolves when the sandbox is ready and has its addresses. Two sandboxes of the same pod need different `attempt`s;
   * a second sandbox with the same (uid, attempt) is refused with `AlreadyExists`.
   */
  runPodSandbox(config: PodSandboxConfig, signal?: AbortSignal): Promise<string>;
  /** Kills every process of the sandbox, releases its network. Idempotent; resolves for an unknown id. */
  stopPodSandbox(id: string): Promise<void>;
  /** Stops where needed, removes the sandbox and its containers. Idempotent. Log files stay: the kubelet owns them. */
  removePodSandbox(id: string): Promise<void>;
  /** Rejects with `NotFound` for an unknown id. */
  podSandboxStatus(id: string): Promise<PodSandboxStatus>;
  listPodSandboxes(filter?: SandboxFilter): Promise<readonly PodSandboxStatus[]>;

  /**
   * Makes a container in a ready sandbox; nothing runs yet. Refuses with `NoCommand` where the engine has no images
   * and the config has neither command nor args; with `AlreadyExists` for a second (name, attempt) in one sandbox.
   */
  createContainer(sandboxId: string, config: ContainerConfig, signal?: AbortSignal): Promise<string>;
  /**
   * Starts a created container. Resolves when its process has been started, so that an unusable command rejects here
   * with `StartFailed` (upstream's waiting reason is RunContainerError; the container is then `exited` with code 127
   * or 126, 128 where the reason is another).
   */
  startContainer(id: string): Promise<void>;
  /**
   * Sends `stopSignal` (TERM) and, after `graceSeconds`, KILL. Resolves when the container has exited. 0 kills at once.
   * Idempotent; resolves for an unknown id. A second call with a shorter grace shortens the first one's.
   * An abort of `signal` stops the waiting, not the stopping.
   */
  stopContainer(id: string, graceSeconds: number, signal?: AbortSignal): Promise<void>;
  /** Removes the container, killing it where it runs. Idempotent. Its log file stays. */
  removeContainer(id: string): Promise<void>;
  /** Goes on logging in a new file of the same path, after the caller has renamed the old one. */
  reopenContainerLog(id: string): Promise<void>;
  /** Rejects with `NotFound` for an unknown id. */
  containerStatus(id: string): Promise<ContainerStatus>;
  listContainers(filter?: ContainerFilter): Promise<readonly ContainerStatus[]>;

  /** Starts a command in a running container. `FailedPrecondition` where it does not run. */
  exec(id: string, options: ExecOptions): Promise<ExecSession>;
  /** Runs a command to its end and collects its output (at most 16 KiB of each stream, as for probes). */
  execSync(id: string, command: readonly string[], options: ExecSyncOptions): Promise<ExecSyncResult>;
  /** Joins the streams of a container's main process, from now on. Ends with the container or with `close()`. */
  attach(id: string, options: AttachOptions): Promise<ExecSession>;
  /**
   * A connection to a TCP port of the sandbox, made inside its network namespace: what listens on 127.0.0.1 of the pod
   * is reached. Rejects with `ConnectionRefused` where nothing listens.
   */
  portForward(sandboxId: string, port: number, signal?: AbortSignal): Promise<Duplex>;

  /**
   * Calls `listener` after each change of a container's state, when `containerStatus` already answers the new state.
   * Events may be lost across a restart of the runtime: list after subscribing. Returns the function that unsubscribes.
   */
  onEvent(listener: (event: ContainerEvent) => void): () => void;

  /**
   * Lets go of the runtime. Embedded engines end every sandbox and container they run and undo what they set up on the
   * machine; an engine in another process (containerd) is only disconnected from.
   */
  close(): Promise<void>;
}

/** CRI's conditions and version in one answer. */
export interface RuntimeStatus {
  /** What `status.nodeInfo.containerRuntimeVersion` shows as `name://version`. */
  readonly name: string;
  readonly version: string;
  /** CRI's RuntimeReady. */
  readonly ready: boolean;
  /** CRI's NetworkReady. */
  readonly networkReady: boolean;
  /** Why something is not ready, or what the engine can't enforce here (limits, isolation): one sentence each. */
  readonly messages: readonly string[];
  /** What the engine holds to. The conformance suite tests what is claimed; the kubelet reports what is not. */
  readonly features: RuntimeFeatures;
}

export interface RuntimeFeatures {
  /** Each pod has a network of its own, so two pods can listen on the same port of 0.0.0.0. */
  readonly podNetwork: boolean;
  /** Containers see only their own mounts and processes. */
  readonly isolation: boolean;
  readonly memoryLimits: boolean;
  readonly cpuLimits: boolean;
  /** Real processes, ports and files; false for the simulated engine. */
  readonly processes: boolean;
}

export interface PodSandboxConfig {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  /** Counts the sandboxes of one pod, from 0. */
  readonly attempt: number;
  /** Leave it out with the host's network: the host's name then. */
  readonly hostname?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** An existing directory of the host; `ContainerConfig.logPath` is relative to it. */
  readonly logDirectory: string;
  readonly hostNetwork?: boolean;
  readonly hostPid?: boolean;
  readonly hostIpc?: boolean;
  /** All containers of the pod share one PID namespace (`spec.shareProcessNamespace`). */
  readonly sharePid?: boolean;
  /** What /etc/resolv.conf says; without it the host's. */
  readonly dns?: {
    readonly servers: readonly string[];
    readonly searches: readonly string[];
    readonly options: readonly string[];
  };
  /** Ports of the host that lead into the pod (`hostPort`). */
  readonly portMappings?: readonly PortMapping[];
  /** `net.…` and `kernel.…` settings of the pod's own namespaces. */
  readonly sysctls?: Readonly<Record<string, string>>;
  /** Existing directories that are empty file systems in memory wherever containers of this pod mount them. */
  readonly memoryDirectories?: readonly MemoryDirectory[];
  /** Limits of the whole pod. */
  readonly resources?: ContainerResources;
}

export interface MemoryDirectory {
  readonly path: string;
  /** Bytes. @default half of the machine's memory */
  readonly sizeLimit?: number;
  /** The group of what is in it. */
  readonly gid?: number;
}

export interface PortMapping {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly containerPort: number;
  readonly hostPort: number;
  readonly hostIp?: string;
}

export interface PodSandboxStatus {
  readonly id: string;
  readonly state: 'ready' | 'notready';
  readonly createdAt: Date;
  /** The pod's addresses, the first one being `status.podIP`. Empty with the host's network and after a stop. */
  readonly ips: readonly string[];
  readonly config: PodSandboxConfig;
}

export interface SandboxFilter {
  readonly id?: string;
  readonly podUid?: string;
}

export interface ContainerConfig {
  readonly name: string;
  /** Counts the containers of this name in this pod, from 0: the restart count. */
  readonly attempt: number;
  /** As written in the pod's spec. */
  readonly image: string;
  /** Replaces the image's entry point. */
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly workingDir?: string;
  readonly mounts?: readonly ContainerMount[];
  readonly resources?: ContainerResources;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Keeps standard input open for `attach`. */
  readonly stdin?: boolean;
  /** Closes standard input after the first attached client has left. */
  readonly stdinOnce?: boolean;
  readonly tty?: boolean;
  readonly user?: { readonly uid: number; readonly gid?: number; readonly groups?: readonly number[] };
  /** Relative to the sandbox's log directory. Written in the CRI log format. */
  readonly logPath: string;
  /** `SIGTERM` by default (`lifecycle.stopSignal`). */
  readonly stopSignal?: NodeJS.Signals;
}

export interface ContainerMount {
  /** An existing file or directory of the host. */
  readonly hostPath: string;
  readonly containerPath: string;
  readonly readOnly: boolean;
}

export interface ContainerResources {
  /** Bytes. */
  readonly memoryLimit?: number;
  /** Thousandths of a CPU. */
  readonly cpuLimitMillis?: number;
  /** Thousandths of a CPU, for the relative weight. */
  readonly cpuRequestMillis?: number;
}

export interface ContainerStatus {
  readonly id: string;
  readonly sandboxId: string;
  readonly state: 'created' | 'running' | 'exited';
  readonly createdAt: Date;
  readonly startedAt?: Date;
  readonly finishedAt?: Date;
  /** With `exited`: the process' code, or 128 + N where signal N ended it. */
  readonly exitCode?: number;
  readonly signal?: number;
  /** With `exited`: `Completed` for code 0, `OOMKilled`, `StartError`, else `Error`; words as `reason` shows them. */
  readonly reason?: string;
  readonly message?: string;
  /** The host's absolute path of the log. */
  readonly logPath: string;
  readonly config: ContainerConfig;
}

export interface ContainerFilter {
  readonly id?: string;
  readonly sandboxId?: string;
  readonly state?: ContainerStatus['state'];
}

export interface ContainerEvent {
  readonly type: 'created' | 'started' | 'stopped' | 'deleted';
  readonly containerId: string;
  readonly sandboxId: string;
  /** The pod, so that a listener needs no second question. */
  readonly podUid: string;
}

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export interface AttachOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** With a terminal there is one output stream, `stdout`. For attach it must be the container's own `tty`. */
  readonly tty: boolean;
  readonly size?: TerminalSize;
}

export interface ExecOptions extends AttachOptions {
  readonly command: readonly string[];
}

/** A command or a container with its streams in the caller's hands. Unread output holds the command back. */
export interface ExecSession {
  /** There where `stdin` was asked for; ending it closes the command's standard input. */
  readonly stdin: Writable | undefined;
  readonly stdout: Readable | undefined;
  readonly stderr: Readable | undefined;
  /** Settles when the process has ended (128 + N for signal N). Never rejects after the session was made. */
  readonly exitCode: Promise<number>;
  resize(size: TerminalSize): void;
  /** Ends the session: kills an exec's command, detaches from an attached container. Idempotent. */
  close(): void;
}

export interface ExecSyncOptions {
  /** Milliseconds; the command is killed then and the call rejects with `DeadlineExceeded`. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface ExecSyncResult {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly exitCode: number;
}

export type ContainerRuntimeErrorCode =
  | 'NotFound'
  | 'AlreadyExists'
  | 'FailedPrecondition'
  | 'InvalidArgument'
  | 'Unimplemented'
  | 'DeadlineExceeded'
  | 'ConnectionRefused'
  | 'NoCommand'
  | 'StartFailed'
  | 'ResourceExhausted'
  | 'Unavailable'
  | 'Internal';

const brand = Symbol.for('kubewright.ContainerRuntimeError');

/** What methods of a ContainerRuntime reject with: gRPC's words for its codes, as CRI has them, and a few of our own. */
export class ContainerRuntimeError extends Error {
  readonly [brand] = true;
  readonly code: ContainerRuntimeErrorCode;

  constructor(code: ContainerRuntimeErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ContainerRuntimeError';
    this.code = code;
  }
}

/** True for a ContainerRuntimeError of any copy of this package, of this code where one is given. */
export function isContainerRuntimeError(
  error: unknown,
  code?: ContainerRuntimeErrorCode,
): error is ContainerRuntimeError {
  return (
    typeof error === 'object' &&
    error !== null &&
    brand in error &&
    (code === undefined || (error as ContainerRuntimeError).code === code)
  );
}
