import type { Pod, PodStatus } from '@kubewright/api/core/v1';
import { describe, expect, it } from 'vitest';
import type { ContainerStatus } from '../../container/container-runtime.js';
import { podStatus, type StatusFacts, type WaitingReason } from './status.js';

const at = new Date('2026-01-01T00:00:00Z');
const sandbox = {
  id: 's',
  state: 'ready' as const,
  createdAt: at,
  ips: ['10.244.0.5'],
  config: { name: 'a', namespace: 'default', uid: 'u', attempt: 0, logDirectory: '/' },
};

function ran(more: Partial<ContainerStatus> = {}, attempt = 0): ContainerStatus {
  return {
    id: `c${attempt}`,
    sandboxId: 's',
    state: 'exited',
    createdAt: at,
    startedAt: at,
    finishedAt: at,
    exitCode: 1,
    logPath: '/',
    config: { name: 'web', attempt, image: 'node', logPath: 'l' },
    ...more,
  };
}

function statusOf(
  restartPolicy: string,
  containers: readonly ContainerStatus[],
  more: Partial<StatusFacts> = {},
): PodStatus {
  const pod: Pod = {
    metadata: { name: 'a', namespace: 'default', uid: 'u' },
    spec: { restartPolicy, containers: [{ name: 'web', image: 'node' }] },
  };
  return podStatus(pod, {
    state: { sandboxes: [sandbox], containers },
    waiting: new Map<string, WaitingReason>(),
    started: () => true,
    ready: () => true,
    terminationMessages: new Map<string, string>(),
    terminating: false,
    runtimeName: 'process',
    hostIPs: ['192.0.2.1'],
    now: at,
    ...more,
  });
}

const web = (status: PodStatus) => status.containerStatuses?.[0];
const held = { reason: 'RunContainerError', message: 'no such file' };

describe('the status of a pod', () => {
  it('is Pending before its container was made', () => {
    const status = statusOf('Always', []);
    expect(status).toMatchObject({ phase: 'Pending', podIP: '10.244.0.5', hostIP: '192.0.2.1' });
    expect(web(status)).toMatchObject({ state: { waiting: { reason: 'ContainerCreating' } }, imageID: '' });
  });

  it('is Running with a container that runs, ready as the probes say', () => {
    const status = statusOf('Always', [ran({ state: 'running' })], { ready: () => false });
    expect(status.phase).toBe('Running');
    expect(web(status)).toMatchObject({
      state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
      ...{ ready: false, started: true, restartCount: 0, containerID: 'process://c0', imageID: 'node' },
    });
  });

  it.each([
    ['Always', 1, 'Running'],
    ['OnFailure', 1, 'Running'],
    ['OnFailure', 0, 'Succeeded'],
    ['Never', 0, 'Succeeded'],
    ['Never', 1, 'Failed'],
  ])('with the policy %s, after an end with %i, is %s', (policy, exitCode, phase) => {
    expect(statusOf(policy, [ran({ exitCode })]).phase).toBe(phase);
  });

  it('shows what a restart waits for, and the end before it', () => {
    const status = statusOf('Always', [ran({}, 2), ran({}, 1)], { waiting: new Map([['web', held]]) });
    expect(web(status)).toMatchObject({
      restartCount: 2,
      state: { waiting: held },
      lastState: { terminated: { exitCode: 1, containerID: 'process://c2' } },
    });
  });

  it('shows the end of what will not be restarted, whatever kept it from running', () => {
    const ended = ran({ exitCode: 127, reason: 'StartError', message: 'no such file' });
    const status = statusOf('Never', [ended], { waiting: new Map([['web', held]]) });
    expect(status.phase).toBe('Failed');
    expect(web(status)?.state).toMatchObject({
      terminated: { exitCode: 127, reason: 'StartError', message: 'no such file' },
    });
  });

  it('takes the message that the container left before that of the runtime', () => {
    const status = statusOf('Never', [ran({ message: 'of the runtime' })], {
      terminationMessages: new Map([['c0', 'last words']]),
    });
    expect(web(status)?.state?.terminated?.message).toBe('last words');
  });
});
