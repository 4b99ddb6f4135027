import type { ContainerStatus as ApiContainerStatus, Container, Pod } from '@kubewright/api/core/v1';
import type {
  ContainerRuntime,
  ContainerStatus,
  PodSandboxStatus,
} from '../../container/container-runtime.js';

/** What the runtime holds of one pod, newest first. */
export interface PodRuntimeState {
  readonly sandboxes: readonly PodSandboxStatus[];
  /** Of all sandboxes. */
  readonly containers: readonly ContainerStatus[];
}

export const nothingRuns: PodRuntimeState = { sandboxes: [], containers: [] };

/** Asks the runtime for what it holds of a pod. */
export async function observePod(runtime: ContainerRuntime, podUid: string): Promise<PodRuntimeState> {
  const sandboxes = [...(await runtime.listPodSandboxes({ podUid }))];
  const lists = await Promise.all(
    sandboxes.map((sandbox) => runtime.listContainers({ sandboxId: sandbox.id })),
  );
  const newest = (a: { createdAt: Date; config: { attempt: number } }, b: typeof a) =>
    b.config.attempt - a.config.attempt || b.createdAt.getTime() - a.createdAt.getTime();
  return { sandboxes: sandboxes.sort(newest), containers: lists.flat().sort(newest) };
}

/** The sandbox in which the pod's containers are to run, if it has one that can be used. */
export function usableSandbox(pod: Pod, state: PodRuntimeState): PodSandboxStatus | undefined {
  const newest = state.sandboxes[0];
  if (newest === undefined || newest.state !== 'ready') return undefined;
  if (state.sandboxes.filter((sandbox) => sandbox.state === 'ready').length > 1) return undefined;
  if (!pod.spec?.hostNetwork && newest.ips.length === 0) return undefined;
  return newest;
}

/** A container's past: what the runtime has of it, and what only the pod's status still knows. */
export interface ContainerHistory {
  /** The newest one that the runtime has, in whichever sandbox. */
  readonly newest: ContainerStatus | undefined;
  /** The one before. */
  readonly previous: ContainerStatus | undefined;
  /** The status said that it was started, and the runtime has forgotten it (the machine was restarted). */
  readonly lost: ApiContainerStatus | undefined;
  /** The attempt that the next start has. */
  readonly nextAttempt: number;
}

export function historyOf(pod: Pod, name: string, state: PodRuntimeState): ContainerHistory {
  const [newest, previous] = state.containers.filter((container) => container.config.name === name);
  if (newest !== undefined)
    return { newest, previous, lost: undefined, nextAttempt: newest.config.attempt + 1 };
  const reported = [
    ...(pod.status?.initContainerStatuses ?? []),
    ...(pod.status?.containerStatuses ?? []),
  ].find((status) => status.name === name);
  const wasStarted =
    reported?.state?.running !== undefined ||
    reported?.state?.terminated !== undefined ||
    reported?.lastState?.terminated !== undefined;
  return {
    newest: undefined,
    previous: undefined,
    lost: wasStarted ? reported : undefined,
    nextAttempt: wasStarted ? (reported?.restartCount ?? 0) + 1 : 0,
  };
}

/** The exit code that a lost container is taken to have had, as upstream takes it: killed. */
export const lostExitCode = 137;

/** The exit code of the newest end of a container; undefined where it never ended. */
export function lastExitCode(history: ContainerHistory): number | undefined {
  if (history.newest !== undefined)
    return history.newest.state === 'exited' ? (history.newest.exitCode ?? lostExitCode) : undefined;
  if (history.lost === undefined) return undefined;
  return history.lost.state?.terminated?.exitCode ?? lostExitCode;
}

/** An init container that goes on running beside the others. */
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always';
}

/**
 * Whether a container that ended with this code is started again. A container's own policy and rules go before the
 * pod's. Source: "Pod Lifecycle", container restart policy.
 */
export function restartsAfter(pod: Pod, container: Container, exitCode: number): boolean {
  for (const rule of container.restartPolicyRules ?? []) {
    const listed = rule.exitCodes?.values?.includes(exitCode) ?? false;
    if (rule.exitCodes !== undefined && listed === (rule.exitCodes.operator === 'In'))
      return rule.action === 'Restart';
  }
  const policy = container.restartPolicy ?? pod.spec?.restartPolicy ?? 'Always';
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}
