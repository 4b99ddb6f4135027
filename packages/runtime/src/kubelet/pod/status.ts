import type {
  ContainerStatus as ApiContainerStatus,
  Container,
  ContainerState,
  ContainerStateTerminated,
  Pod,
  PodCondition,
  PodStatus,
} from '@kubewright/api/core/v1';
import type { ContainerStatus } from '../../container/container-runtime.js';
import { podConditions } from './conditions.js';
import {
  type ContainerHistory,
  historyOf,
  isSidecar,
  lostExitCode,
  type PodRuntimeState,
  restartsAfter,
  usableSandbox,
} from './runtime-state.js';

/** Why a container does not run, as `state.waiting` shows it. */
export interface WaitingReason {
  readonly reason: string;
  readonly message?: string;
}

/** All that a pod's status is made of. */
export interface StatusFacts {
  readonly state: PodRuntimeState;
  /** By container name: what keeps it from being started. */
  readonly waiting: ReadonlyMap<string, WaitingReason>;
  readonly started: (containerId: string) => boolean;
  readonly ready: (containerId: string) => boolean;
  /** By container id. */
  readonly terminationMessages: ReadonlyMap<string, string>;
  /** The pod is being or has been stopped for good: containers that never ran will not. */
  readonly terminating: boolean;
  /** `name` of `name://id`. */
  readonly runtimeName: string;
  readonly hostIPs: readonly string[];
  readonly now: Date;
  /** Set where the kubelet itself ends the pod: DeadlineExceeded. */
  readonly failure?: { readonly reason: string; readonly message: string };
}

/**
 * The status of a pod, from what runs. Fields of others (`qosClass`, conditions that the kubelet does not own) are
 * left out; whoever writes it merges.
 */
export function podStatus(pod: Pod, facts: StatusFacts): PodStatus {
  const { initContainers = [], containers = [], hostNetwork } = pod.spec ?? {};
  const initDone = initContainers.every((container) => {
    const current = historyOf(pod, container.name, facts.state).newest;
    if (isSidecar(container)) return current?.state === 'running' && facts.started(current.id);
    return current?.state === 'exited' && current.exitCode === 0;
  });
  const anyMain = containers.some(
    (container) => historyOf(pod, container.name, facts.state).newest !== undefined,
  );
  const initialized = initDone || anyMain;
  const creating: WaitingReason = {
    reason: initContainers.length > 0 && !initialized ? 'PodInitializing' : 'ContainerCreating',
  };
  const initStatuses = initContainers.map((container) =>
    containerStatus(pod, container, { facts, otherwise: creating, init: true }),
  );
  const statuses = containers.map((container) =>
    containerStatus(pod, container, { facts, otherwise: creating, init: false }),
  );
  const phase = facts.failure === undefined ? phaseOf(pod, initStatuses, statuses, facts) : 'Failed';
  const sandbox = usableSandbox(pod, facts.state);
  const ips = hostNetwork ? facts.hostIPs : (sandbox?.ips ?? pod.status?.podIPs?.map(({ ip }) => ip) ?? []);
  const status: PodStatus = {
    phase,
    conditions: podConditions(pod, {
      phase,
      initialized,
      sandboxReady: sandbox !== undefined,
      initContainers: initStatuses,
      containers: statuses,
      now: facts.now,
    }) satisfies PodCondition[],
    hostIP: facts.hostIPs[0],
    hostIPs: facts.hostIPs.map((ip) => ({ ip })),
    podIP: ips[0],
    podIPs: ips.length === 0 ? undefined : ips.map((ip) => ({ ip })),
    startTime: pod.status?.startTime ?? seconds(facts.now),
    containerStatuses: statuses,
    initContainerStatuses: initStatuses.length === 0 ? undefined : initStatuses,
    observedGeneration: pod.metadata.generation,
    reason: facts.failure?.reason,
    message: facts.failure?.message,
  };
  return Object.fromEntries(Object.entries(status).filter(([, value]) => value !== undefined)) as PodStatus;
}

/** RFC 3339 with whole seconds, as `metav1.Time` is written. */
export function seconds(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}

/** Whether all is over: nothing of the pod will run again. */
export function isTerminal(phase: string | undefined): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}

function containerStatus(
  pod: Pod,
  container: Container,
  from: { readonly facts: StatusFacts; readonly otherwise: WaitingReason; readonly init: boolean },
): ApiContainerStatus {
  const { facts } = from;
  const history = historyOf(pod, container.name, facts.state);
  const { newest } = history;
  const state = stateOf(pod, container, { ...from, history });
  const running = newest?.state === 'running';
  const started = running && facts.started(newest.id);
  const done = from.init && !isSidecar(container) && state.terminated?.exitCode === 0;
  const lastState = lastStateOf(pod, container, { history, state, facts });
  return {
    name: container.name,
    state,
    lastState,
    ready: done || (running && started && facts.ready(newest.id)),
    restartCount: newest?.config.attempt ?? history.lost?.restartCount ?? 0,
    image: container.image ?? '',
    // There is no digest to name where images are not pulled.
    imageID: newest === undefined ? '' : newest.config.image,
    ...(newest === undefined ? {} : { containerID: `${facts.runtimeName}://${newest.id}` }),
    started: from.init && !isSidecar(container) ? (running ? started : false) : started,
  };
}

function stateOf(
  pod: Pod,
  container: Container,
  from: {
    readonly facts: StatusFacts;
    readonly otherwise: WaitingReason;
    readonly history: ContainerHistory;
  },
): ContainerState {
  const { facts, otherwise } = from;
  const { newest, lost } = from.history;
  const waiting = facts.waiting.get(container.name);
  if (newest?.state === 'running')
    return { running: { startedAt: seconds(newest.startedAt ?? newest.createdAt) } };
  // What is not started again has ended, whatever kept it from running.
  if (
    newest?.state === 'exited' &&
    (waiting === undefined ||
      facts.terminating ||
      !restartsAfter(pod, container, newest.exitCode ?? lostExitCode))
  )
    return { terminated: terminated(newest, facts) };
  if (facts.terminating && lost !== undefined) return { terminated: terminatedLost(lost) };
  return { waiting: { ...(waiting ?? otherwise) } };
}

/** The end before the present state: of the attempt before, or of this one where it waits to be restarted. */
function lastStateOf(
  pod: Pod,
  container: Container,
  { history, state, facts }: { history: ContainerHistory; state: ContainerState; facts: StatusFacts },
): ContainerState {
  const { newest, previous, lost } = history;
  if (state.waiting !== undefined && newest?.state === 'exited')
    return { terminated: terminated(newest, facts) };
  if (previous?.state === 'exited') return { terminated: terminated(previous, facts) };
  if (lost !== undefined) return state.terminated === undefined ? { terminated: terminatedLost(lost) } : {};
  const reported = [
    ...(pod.status?.initContainerStatuses ?? []),
    ...(pod.status?.containerStatuses ?? []),
  ].find((status) => status.name === container.name);
  // The runtime keeps but few dead containers; what was reported once stays true while the count stands.
  return reported !== undefined && (newest?.config.attempt ?? 0) > 0
    ? reported.restartCount === newest?.config.attempt
      ? (reported.lastState ?? {})
      : reported.state?.terminated === undefined
        ? {}
        : { terminated: reported.state.terminated }
    : {};
}

function terminated(status: ContainerStatus, facts: StatusFacts): ContainerStateTerminated {
  const exitCode = status.exitCode ?? lostExitCode;
  const message = facts.terminationMessages.get(status.id) || status.message;
  return {
    exitCode,
    ...(status.signal === undefined ? {} : { signal: status.signal }),
    reason: status.reason ?? (exitCode === 0 ? 'Completed' : 'Error'),
    ...(message === undefined || message === '' ? {} : { message }),
    ...(status.startedAt === undefined ? {} : { startedAt: seconds(status.startedAt) }),
    ...(status.finishedAt === undefined ? {} : { finishedAt: seconds(status.finishedAt) }),
    containerID: `${facts.runtimeName}://${status.id}`,
  };
}

function terminatedLost(lost: ApiContainerStatus): ContainerStateTerminated {
  if (lost.state?.terminated !== undefined) return lost.state.terminated;
  if (lost.state?.running === undefined && lost.lastState?.terminated !== undefined)
    return lost.lastState.terminated;
  return {
    exitCode: lostExitCode,
    reason: 'ContainerStatusUnknown',
    message: 'The container could not be located when the pod was terminated',
    ...(lost.containerID === undefined ? {} : { containerID: lost.containerID }),
  };
}

/** Source: "Pod Lifecycle", pod phase. */
function phaseOf(
  pod: Pod,
  initStatuses: readonly ApiContainerStatus[],
  statuses: readonly ApiContainerStatus[],
  facts: StatusFacts,
): string {
  if (isTerminal(pod.status?.phase)) return pod.status!.phase!;
  const policy = pod.spec?.restartPolicy ?? 'Always';
  const regularInit = initStatuses.filter((_, index) => !isSidecar(pod.spec!.initContainers![index]!));
  const ended = (status: ApiContainerStatus) =>
    status.state?.terminated ??
    (status.state?.waiting === undefined ? undefined : status.lastState?.terminated);
  const failedInit = regularInit.some((status) => (status.state?.terminated?.exitCode ?? 0) !== 0);
  const running = statuses.filter((status) => status.state?.running !== undefined).length;
  const stopped = statuses.filter((status) => ended(status) !== undefined);
  const succeeded = stopped.filter((status) => ended(status)!.exitCode === 0).length;
  const waiting = statuses.length - running - stopped.length;
  const over = facts.terminating && running === 0;

  if (failedInit && (policy === 'Never' || over)) return 'Failed';
  if (over) {
    if (statuses.length === stopped.length && succeeded === stopped.length) return 'Succeeded';
    return stopped.length > 0 || facts.state.containers.length > 0
      ? 'Failed'
      : (pod.status?.phase ?? 'Pending');
  }
  if (waiting > 0) return 'Pending';
  if (running > 0) return 'Running';
  if (stopped.length === 0) return 'Pending';
  if (policy === 'Always') return 'Running';
  if (succeeded === stopped.length) return 'Succeeded';
  return policy === 'Never' ? 'Failed' : 'Running';
}
