import type { Container, Pod } from '@kubewright/api/core/v1';
import type { ContainerStatus } from '../../container/container-runtime.js';
import { runHook } from './lifecycle-hook.js';
import { containerPath, type PodContext } from './pod-context.js';
import { isSidecar, type PodRuntimeState } from './runtime-state.js';

/** However short the grace and however long the preStop hook, a container has this long to react to its signal. */
const leastGraceSeconds = 2;

export interface KillOptions {
  readonly graceSeconds: number;
  /** What the Killing event says. @default `Stopping container NAME` */
  readonly message?: string;
  /** Ends the preStop hook and the waiting; the container then dies at once. */
  readonly hurry: AbortSignal;
  /** Ends the waiting; what is being stopped is stopped nevertheless. */
  readonly signal: AbortSignal;
}

/** Runs the preStop hook, then stops the container, all within the grace. */
export async function killContainer(
  context: PodContext,
  pod: Pod,
  { status, graceSeconds, message, hurry, signal }: KillOptions & { readonly status: ContainerStatus },
): Promise<void> {
  const { name } = status.config;
  const container = findContainer(pod, name);
  const fieldPath = containerPath(pod, name);
  context.events.record(pod, {
    type: 'Normal',
    reason: 'Killing',
    message: message ?? `Stopping container ${name}`,
    fieldPath,
  });
  const begun = context.clock.now();
  const preStop = container?.lifecycle?.preStop;
  if (preStop !== undefined && container !== undefined && graceSeconds > 0) {
    try {
      await runHook(context.runtime, preStop, {
        containerId: status.id,
        container,
        podIP: pod.status?.podIP ?? '127.0.0.1',
        clock: context.clock,
        timeoutMs: graceSeconds * 1000,
        signal: hurry,
      });
    } catch (error) {
      context.events.record(pod, {
        type: 'Warning',
        reason: 'FailedPreStopHook',
        message: `PreStopHook failed: ${error instanceof Error ? error.message : String(error)}`,
        fieldPath,
      });
    }
  }
  const left = graceSeconds - Math.floor((context.clock.now() - begun) / 1000);
  await context.runtime.stopContainer(
    status.id,
    hurry.aborted ? 0 : Math.max(left, leastGraceSeconds),
    signal,
  );
}

/** Stops all containers of a pod: the main ones together, then its sidecars in reverse order, then the sandboxes. */
export async function killPod(
  context: PodContext,
  pod: Pod,
  { state, ...options }: KillOptions & { readonly state: PodRuntimeState },
): Promise<void> {
  const begun = context.clock.now();
  const running = state.containers.filter((container) => container.state === 'running');
  const sidecarNames = (pod.spec?.initContainers ?? []).filter(isSidecar).map((container) => container.name);
  const sidecars = running
    .filter((status) => sidecarNames.includes(status.config.name))
    .sort((a, b) => sidecarNames.indexOf(b.config.name) - sidecarNames.indexOf(a.config.name));
  await Promise.all(
    running
      .filter((status) => !sidecars.includes(status))
      .map((status) => killContainer(context, pod, { ...options, status })),
  );
  for (const status of sidecars) {
    const spent = Math.floor((context.clock.now() - begun) / 1000);
    await killContainer(context, pod, {
      ...options,
      status,
      graceSeconds: Math.max(0, options.graceSeconds - spent),
    });
  }
  for (const sandbox of state.sandboxes)
    if (sandbox.state === 'ready') await context.runtime.stopPodSandbox(sandbox.id);
}

/** A container of a pod, init container or not. */
export function findContainer(pod: Pod, name: string): Container | undefined {
  return [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])].find(
    (container) => container.name === name,
  );
}
