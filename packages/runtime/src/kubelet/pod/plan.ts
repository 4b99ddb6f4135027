import type { Container, Pod } from '@kubewright/api/core/v1';
import type { ContainerStatus } from '../../container/container-runtime.js';
import {
  historyOf,
  isSidecar,
  lastExitCode,
  type PodRuntimeState,
  restartsAfter,
  usableSandbox,
} from './runtime-state.js';

/** What the planner asks of the probes. */
export interface ProbeVerdicts {
  /** The probe that says that this container must be killed. */
  failed(containerId: string): 'liveness' | 'startup' | undefined;
  /** The startup probe has succeeded, or there is none. */
  started(containerId: string): boolean;
}

export interface ContainerStart {
  readonly container: Container;
  /** The restart count that it gets. */
  readonly attempt: number;
  readonly init: boolean;
}

export interface ContainerKill {
  readonly status: ContainerStatus;
  readonly container: Container;
  readonly because: 'liveness' | 'startup' | 'changed';
}

/** What to do next for a pod that is to run. An empty plan means that all is as it should be. */
export interface PodPlan {
  /** Everything of the pod is stopped first: its sandbox is unusable, or nothing of it is to run any more. */
  readonly killPod: boolean;
  /** The attempt of the sandbox to make; undefined to use the one that is there. */
  readonly sandboxAttempt: number | undefined;
  readonly kill: readonly ContainerKill[];
  /** In this order. Subject to back-off. */
  readonly start: readonly ContainerStart[];
}

/** The label under which the runtime keeps the hash of what a container was made from. */
export const hashAnnotation = 'io.kubernetes.container.hash';

/** A container is made anew when this changes. The image is the only part of its spec that may. */
export function containerHash(container: Container): string {
  return `${container.name}@${container.image ?? ''}`;
}

/**
 * The next step from what is desired and what runs: a pure function, asked again after every change.
 * Source: "Pod Lifecycle", "Init Containers", "Sidecar Containers" of the Kubernetes documentation.
 */
export function planPod(pod: Pod, state: PodRuntimeState, probes: ProbeVerdicts): PodPlan {
  const sandbox = usableSandbox(pod, state);
  if (sandbox === undefined) return planSandbox(pod, state);
  const inSandbox: PodRuntimeState = {
    sandboxes: [sandbox],
    containers: state.containers.filter((container) => container.sandboxId === sandbox.id),
  };
  const main = pod.spec?.containers ?? [];
  const init = planInit(pod, state, inSandbox, probes);
  if (init.failed) return { ...nothing, killPod: true };
  if (!init.complete) return { ...nothing, kill: init.kill, start: init.start };

  const kill = [...init.kill];
  const start = [...init.start];
  let kept = 0;
  for (const container of main) {
    const current = newestOf(inSandbox, container.name);
    if (current?.state === 'running') {
      const because = killReason(container, current, probes);
      if (because === undefined) kept += 1;
      else {
        kill.push({ status: current, container, because });
        // What a probe has killed ends with a failure; where nothing restarts it, it just ends.
        if (because === 'changed' || restartsAfter(pod, container, 137)) kept += 1;
      }
    } else if (shouldStart(pod, container, state))
      start.push({ container, attempt: historyOf(pod, container.name, state).nextAttempt, init: false });
  }
  const mainStarts = start.some((one) => !one.init);
  // All that the pod was for is done: sidecars and sandbox go too.
  if (kept === 0 && !mainStarts && kill.every((one) => isInit(pod, one.container)))
    return { ...nothing, killPod: true };
  return { ...nothing, kill, start };
}

const nothing: PodPlan = { killPod: false, sandboxAttempt: undefined, kill: [], start: [] };

/** Without a usable sandbox: everything is stopped, and a new one made if any container is still to run. */
function planSandbox(pod: Pod, state: PodRuntimeState): PodPlan {
  const { initContainers = [], containers = [], restartPolicy } = pod.spec ?? {};
  const attempt = (state.sandboxes[0]?.config.attempt ?? -1) + 1;
  const wanted = containers.filter((container) => shouldStart(pod, container, state));
  const hasRun = containers.some(
    (container) => lastExitCode(historyOf(pod, container.name, state)) !== undefined,
  );
  if (wanted.length === 0 || (restartPolicy === 'Never' && hasRun))
    return { ...nothing, killPod: state.sandboxes.length > 0 };
  const first = initContainers[0];
  const starts = first === undefined ? wanted : [first];
  return {
    ...nothing,
    killPod: state.sandboxes.length > 0,
    sandboxAttempt: attempt,
    start: starts.map((container) => ({
      container,
      attempt: historyOf(pod, container.name, state).nextAttempt,
      init: first !== undefined,
    })),
  };
}

interface InitPlan {
  readonly complete: boolean;
  /** An init container failed for good. */
  readonly failed: boolean;
  readonly kill: ContainerKill[];
  readonly start: ContainerStart[];
}

/** Init containers run one after the other; a sidecar only has to have started before the next. */
function planInit(
  pod: Pod,
  state: PodRuntimeState,
  inSandbox: PodRuntimeState,
  probes: ProbeVerdicts,
): InitPlan {
  const plan: InitPlan = { complete: false, failed: false, kill: [], start: [] };
  const begin = (container: Container) =>
    plan.start.push({ container, attempt: historyOf(pod, container.name, state).nextAttempt, init: true });
  // Once a main container exists, the init containers are done, and only sidecars are kept up.
  const past = (pod.spec?.containers ?? []).some(
    (container) => newestOf(inSandbox, container.name) !== undefined,
  );
  for (const container of pod.spec?.initContainers ?? []) {
    const current = newestOf(inSandbox, container.name);
    const sidecar = isSidecar(container);
    if (past && !sidecar) continue;
    if (current?.state === 'running') {
      const because = sidecar ? killReason(container, current, probes) : undefined;
      if (because !== undefined) plan.kill.push({ status: current, container, because });
      if (past || (sidecar && because === undefined && probes.started(current.id))) continue;
      return plan;
    }
    if (current?.state === 'exited' && !sidecar) {
      if (current.exitCode === 0) continue;
      if (!restartsInit(pod, container, current.exitCode ?? 1)) return { ...plan, failed: true };
    }
    begin(container);
    if (!past) return plan;
  }
  return { ...plan, complete: true };
}

function restartsInit(pod: Pod, container: Container, exitCode: number): boolean {
  if (container.restartPolicy !== undefined || container.restartPolicyRules !== undefined)
    return restartsAfter(pod, container, exitCode);
  return pod.spec?.restartPolicy !== 'Never';
}

function shouldStart(pod: Pod, container: Container, state: PodRuntimeState): boolean {
  const exitCode = lastExitCode(historyOf(pod, container.name, state));
  return exitCode === undefined || restartsAfter(pod, container, exitCode);
}

function killReason(
  container: Container,
  status: ContainerStatus,
  probes: ProbeVerdicts,
): ContainerKill['because'] | undefined {
  const hash = status.config.annotations?.[hashAnnotation];
  if (hash !== undefined && hash !== containerHash(container)) return 'changed';
  return probes.failed(status.id);
}

function newestOf(state: PodRuntimeState, name: string): ContainerStatus | undefined {
  return state.containers.find((container) => container.config.name === name);
}

function isInit(pod: Pod, container: Container): boolean {
  return pod.spec?.initContainers?.includes(container) ?? false;
}
