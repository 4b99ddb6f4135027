import type { Container, LifecycleHandler } from '@kubewright/api/core/v1';
import { type Clock, sleep } from '@kubewright/client';
import type { ContainerRuntime } from '../../container/container-runtime.js';
import { checkHttp } from '../probe/http-check.js';

export interface HookTarget {
  readonly containerId: string;
  readonly container: Container;
  readonly podIP: string;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Runs a postStart or preStop hook to its end. @throws Error with the reason when it fails */
export async function runHook(
  runtime: ContainerRuntime,
  hook: LifecycleHandler,
  target: HookTarget,
): Promise<void> {
  if (hook.exec !== undefined) {
    const command = hook.exec.command ?? [];
    const { exitCode, stdout, stderr } = await runtime.execSync(target.containerId, command, {
      timeoutMs: target.timeoutMs,
      signal: target.signal,
    });
    if (exitCode !== 0) {
      const output = (stdout.toString('utf8') + stderr.toString('utf8')).trim();
      throw new Error(`command '${command.join(' ')}' exited with ${exitCode}: ${output}`);
    }
  } else if (hook.httpGet !== undefined) {
    const { ok, output } = await checkHttp(hook.httpGet, target);
    if (!ok) throw new Error(output);
  } else if (hook.sleep !== undefined) {
    await sleep(target.clock, Math.min(hook.sleep.seconds * 1000, target.timeoutMs), target.signal);
  }
}
