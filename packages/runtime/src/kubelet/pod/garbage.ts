import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '@kubewright/api/core/v1';
import type { PodContext } from './pod-context.js';
import type { PodRuntimeState } from './runtime-state.js';

/** Of each container, the newest and the one before are kept, for `lastState` and `kubectl logs --previous`. */
const keptAttempts = 2;

/** Removes dead containers, their logs and dead sandboxes of a pod that nobody asks for any more. */
export async function collectGarbage(context: PodContext, pod: Pod, state: PodRuntimeState): Promise<void> {
  const seen = new Map<string, number>();
  for (const container of state.containers) {
    const { name, attempt } = container.config;
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    if (count <= keptAttempts || container.state === 'running') continue;
    await context.runtime.removeContainer(container.id);
    await removeLogs(join(context.directories.logsOfPod(pod), name), attempt);
    const { uid = '' } = pod.metadata;
    await rm(context.directories.terminationMessage(uid, name, attempt), { force: true });
  }
  for (const sandbox of state.sandboxes.slice(keptAttempts))
    if (sandbox.state !== 'ready') await context.runtime.removePodSandbox(sandbox.id);
}

async function removeLogs(directory: string, attempt: number): Promise<void> {
  const prefix = `${attempt}.log`;
  for (const name of await readdir(directory))
    if (name === prefix || name.startsWith(`${prefix}.`)) await rm(join(directory, name), { force: true });
}
