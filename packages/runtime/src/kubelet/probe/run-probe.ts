import type { Container, Probe } from '@kubewright/api/core/v1';
import { type ContainerRuntime, isContainerRuntimeError } from '../../container/container-runtime.js';
import { type CheckResult, checkHttp, checkTcp } from './http-check.js';

export interface ProbeTarget {
  readonly containerId: string;
  readonly container: Container;
  readonly podIP: string;
}

/** Runs a probe once. Whatever goes wrong is a failure with its reason, never a rejection. */
export async function runProbe(
  runtime: ContainerRuntime,
  probe: Probe,
  target: ProbeTarget & { readonly signal: AbortSignal },
): Promise<CheckResult> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  try {
    if (probe.exec !== undefined)
      return await checkExec(runtime, probe.exec.command ?? [], { ...target, timeoutMs });
    if (probe.httpGet !== undefined) return await checkHttp(probe.httpGet, { ...target, timeoutMs });
    if (probe.tcpSocket !== undefined) return await checkTcp(probe.tcpSocket, { ...target, timeoutMs });
    return {
      ok: false,
      output: 'this kubelet has no probe of this type (exec, httpGet and tcpSocket are there)',
    };
  } catch (error) {
    return { ok: false, output: error instanceof Error ? error.message : String(error) };
  }
}

async function checkExec(
  runtime: ContainerRuntime,
  command: readonly string[],
  target: ProbeTarget & { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<CheckResult> {
  try {
    const { exitCode, stdout, stderr } = await runtime.execSync(target.containerId, command, {
      timeoutMs: target.timeoutMs,
      signal: target.signal,
    });
    return { ok: exitCode === 0, output: stdout.toString('utf8') + stderr.toString('utf8') };
  } catch (error) {
    if (isContainerRuntimeError(error, 'DeadlineExceeded'))
      return {
        ok: false,
        output: `command timed out: "${command.join(' ')}" timed out after ${target.timeoutMs / 1000}s`,
      };
    throw error;
  }
}
