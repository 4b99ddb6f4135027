import { mkdir } from 'node:fs/promises';
import type { Pod } from '@kubewright/api/core/v1';
import type { PodSandboxStatus } from '../../container/container-runtime.js';
import type { PodContext } from './pod-context.js';
import { sandboxConfig } from './sandbox-config.js';

/** Makes a sandbox for a pod whose volumes are there; undefined where that failed, which an event then says. */
export async function makeSandbox(
  { runtime, directories, events }: PodContext,
  pod: Pod,
  { attempt, signal }: { readonly attempt: number; readonly signal: AbortSignal },
): Promise<PodSandboxStatus | undefined> {
  const paths = { logs: directories.logsOfPod(pod), pod: directories.ofPod(pod.metadata.uid ?? '') };
  await mkdir(paths.logs, { recursive: true });
  try {
    const id = await runtime.runPodSandbox(sandboxConfig(pod, attempt, paths), signal);
    return await runtime.podSandboxStatus(id);
  } catch (error) {
    if (signal.aborted) return undefined;
    const why = error instanceof Error ? error.message : String(error);
    events.record(pod, {
      type: 'Warning',
      reason: 'FailedCreatePodSandBox',
      message: `Failed to create pod sandbox: ${why}`,
    });
    return undefined;
  }
}
