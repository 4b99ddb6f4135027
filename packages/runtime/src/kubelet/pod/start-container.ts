import type { Pod } from '@kubewright/api/core/v1';
import { isContainerRuntimeError, type PodSandboxStatus } from '../../container/container-runtime.js';
import { ContainerConfigError } from '../env/environment.js';
import { VolumeError } from '../volume/projection.js';
import { type ContainerConfigContext, containerConfig } from './container-config.js';
import { runHook } from './lifecycle-hook.js';
import type { ContainerStart } from './plan.js';
import { containerPath, type PodContext } from './pod-context.js';
import { errImagePull } from './pull-back-off.js';
import type { WaitingReason } from './status.js';

export interface StartTarget {
  readonly sandbox: PodSandboxStatus;
  readonly podIP: string;
  readonly config: Omit<ContainerConfigContext, 'attempt'>;
  /** Ends a postStart hook. */
  readonly signal: AbortSignal;
}

/** Makes and starts a container. What keeps it from running is the answer; undefined when it runs. */
export async function startContainer(
  context: PodContext,
  pod: Pod,
  { container, attempt, target }: ContainerStart & { readonly target: StartTarget },
): Promise<WaitingReason | undefined> {
  const fieldPath = containerPath(pod, container.name);
  const failed = (reason: string, error: unknown): WaitingReason => {
    const message = error instanceof Error ? error.message : String(error);
    context.events.record(pod, {
      type: 'Warning',
      reason: 'Failed',
      message: `Error: ${message}`,
      fieldPath,
    });
    return { reason, message };
  };
  const tell = (reason: string, message: string) =>
    context.events.record(pod, { type: 'Normal', reason, message, fieldPath });
  let id: string;
  try {
    const config = await containerConfig(pod, container, { ...target.config, attempt });
    id = await context.runtime.createContainer(target.sandbox.id, config);
  } catch (error) {
    if (error instanceof ContainerConfigError || error instanceof VolumeError)
      return failed('CreateContainerConfigError', error);
    if (isContainerRuntimeError(error, 'NoCommand')) {
      // There are no images here; this is how clusters say that a container has nothing to run.
      for (const message of [
        `Failed to pull image "${container.image ?? ''}": ${error.message}`,
        `Error: ${errImagePull}`,
      ])
        context.events.record(pod, { type: 'Warning', reason: 'Failed', message, fieldPath });
      return { reason: errImagePull, message: error.message };
    }
    return failed('CreateContainerError', error);
  }
  tell(
    'Pulled',
    `Container image "${container.image ?? ''}" is not pulled: the ${context.runtimeName} runtime runs the command without it`,
  );
  tell('Created', 'Container created');
  try {
    await context.runtime.startContainer(id);
  } catch (error) {
    return failed('RunContainerError', error);
  }
  tell('Started', 'Container started');

  const postStart = container.lifecycle?.postStart;
  if (postStart === undefined) return undefined;
  try {
    await runHook(context.runtime, postStart, {
      containerId: id,
      container,
      podIP: target.podIP,
      clock: context.clock,
      timeoutMs: 10 * 60_000,
      signal: target.signal,
    });
    return undefined;
  } catch (error) {
    if (target.signal.aborted) return undefined;
    const message = `PostStartHook failed: ${error instanceof Error ? error.message : String(error)}`;
    context.events.record(pod, { type: 'Warning', reason: 'FailedPostStartHook', message, fieldPath });
    tell('Killing', 'FailedPostStartHook');
    await context.runtime.stopContainer(id, pod.spec?.terminationGracePeriodSeconds ?? 30);
    return { reason: 'PostStartHookError', message };
  }
}
