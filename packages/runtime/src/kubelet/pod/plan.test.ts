import type { Container, Pod } from '@kubewright/api/core/v1';
import { describe, expect, it } from 'vitest';
import type { ContainerStatus, PodSandboxStatus } from '../../container/container-runtime.js';
import { planPod } from './plan.js';
import type { PodRuntimeState } from './runtime-state.js';

const container = (name: string, more: Partial<Container> = {}): Container => ({ name, image: 'i', ...more });

function pod(spec: Partial<NonNullable<Pod['spec']>>, status?: Pod['status']): Pod {
  return {
    metadata: { name: 'p', namespace: 'default', uid: 'u' },
    spec: { containers: [container('a')], restartPolicy: 'Always', ...spec },
    ...(status === undefined ? {} : { status }),
  };
}

function sandbox(attempt = 0, state: PodSandboxStatus['state'] = 'ready'): PodSandboxStatus {
  return {
    id: `s${attempt}`,
    state,
    createdAt: new Date(0),
    ips: state === 'ready' ? ['10.0.0.1'] : [],
    config: { name: 'p', namespace: 'default', uid: 'u', attempt, logDirectory: '/' },
  };
}

/** `a` runs, `a!3` has exited with 3; `a#2` is of attempt 2; `a@1` is in sandbox 1. */
function status(text: string): ContainerStatus {
  const [, name = '', code, attempt = '0', inSandbox = '0'] =
    /^(\w+)(?:!(\d+))?(?:#(\d+))?(?:@(\d+))?$/.exec(text) ?? [];
  return {
    id: text,
    sandboxId: `s${inSandbox}`,
    state: code === undefined ? 'running' : 'exited',
    createdAt: new Date(0),
    ...(code === undefined ? {} : { exitCode: Number(code) }),
    logPath: '/',
    config: { name, attempt: Number(attempt), image: 'i', logPath: '' },
  };
}

const state = (sandboxes: PodSandboxStatus[], ...containers: string[]): PodRuntimeState => ({
  sandboxes,
  containers: containers.map(status),
});

const healthy = { failed: () => undefined, started: () => true };

/** A plan in words. */
function words(thePod: Pod, runs: PodRuntimeState, probes: Parameters<typeof planPod>[2] = healthy): string {
  const plan = planPod(thePod, runs, probes);
  return [
    ...(plan.killPod ? ['kill pod'] : []),
    ...(plan.sandboxAttempt === undefined ? [] : [`sandbox ${plan.sandboxAttempt}`]),
    ...plan.kill.map((kill) => `kill ${kill.status.id} (${kill.because})`),
    ...plan.start.map((start) => `start ${start.container.name}#${start.attempt}`),
  ].join(', ');
}

const two = { containers: [container('a'), container('b')] };
const withInit = { initContainers: [container('i'), container('j')], containers: [container('a')] };
const withSidecar = {
  initContainers: [container('s', { restartPolicy: 'Always' }), container('j')],
  containers: [container('a')],
};
const ran = (name: string, restartCount = 0): Pod['status'] => ({
  containerStatuses: [
    {
      name,
      restartCount,
      ready: true,
      image: '',
      imageID: '',
      containerID: 'x://old',
      state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
    },
  ],
});

describe('planPod', () => {
  it.each([
    [
      'a new pod gets a sandbox and all its containers',
      pod(two),
      state([]),
      'sandbox 0, start a#0, start b#0',
    ],
    ['what runs is left alone', pod(two), state([sandbox()], 'a', 'b'), ''],
    ['what is missing is started', pod(two), state([sandbox()], 'a'), 'start b#0'],
    ['what has failed is started again', pod({}), state([sandbox()], 'a!1#4'), 'start a#5'],
    ['Always restarts what has succeeded', pod({}), state([sandbox()], 'a!0'), 'start a#1'],
    [
      'OnFailure restarts failures',
      pod({ restartPolicy: 'OnFailure' }),
      state([sandbox()], 'a!1'),
      'start a#1',
    ],
    [
      'OnFailure ends with success',
      pod({ restartPolicy: 'OnFailure' }),
      state([sandbox()], 'a!0'),
      'kill pod',
    ],
    ['Never restarts nothing', pod({ restartPolicy: 'Never' }), state([sandbox()], 'a!1'), 'kill pod'],
    [
      'one that has ended waits for the others',
      pod({ ...two, restartPolicy: 'Never' }),
      state([sandbox()], 'a!1', 'b'),
      '',
    ],
    [
      'a dead sandbox is replaced, with what is in it',
      pod({}),
      state([sandbox(0, 'notready')], 'a!137'),
      'kill pod, sandbox 1, start a#1',
    ],
    [
      'a dead sandbox of a pod that may not restart stays dead',
      pod({ restartPolicy: 'Never' }),
      state([sandbox(0, 'notready')], 'a!137'),
      'kill pod',
    ],
    [
      'in a new sandbox, what had succeeded is not run again',
      pod({ ...two, restartPolicy: 'OnFailure' }),
      state([sandbox(0, 'notready')], 'a!0', 'b!137'),
      'kill pod, sandbox 1, start b#1',
    ],
    [
      'two live sandboxes are one too many',
      pod({}),
      state([sandbox(1), sandbox(0)]),
      'kill pod, sandbox 2, start a#0',
    ],
    ['init containers go first', pod(withInit), state([]), 'sandbox 0, start i#0'],
    ['they go one by one', pod(withInit), state([sandbox()], 'i'), ''],
    ['the next one follows', pod(withInit), state([sandbox()], 'i!0'), 'start j#0'],
    ['the containers follow the last', pod(withInit), state([sandbox()], 'j!0', 'i!0'), 'start a#0'],
    ['a failed one is tried again', pod(withInit), state([sandbox()], 'i!1'), 'start i#1'],
    [
      'a failed one ends a pod that never restarts',
      pod({ ...withInit, restartPolicy: 'Never' }),
      state([sandbox()], 'i!1'),
      'kill pod',
    ],
    [
      'they are not asked for once a container is there',
      pod(withInit),
      state([sandbox()], 'a!1'),
      'start a#1',
    ],
    [
      'a new sandbox runs them again',
      pod(withInit),
      state([sandbox(0, 'notready')], 'a!137', 'j!0', 'i!0'),
      'kill pod, sandbox 1, start i#1',
    ],
    [
      'a sidecar that has started lets the next one go',
      pod(withSidecar),
      state([sandbox()], 's'),
      'start j#0',
    ],
    [
      'a sidecar that has died is restarted',
      pod(withSidecar),
      state([sandbox()], 'a', 's!0', 'j!0'),
      'start s#1',
    ],
    [
      'a sidecar ends with the containers',
      pod({ ...withSidecar, restartPolicy: 'Never' }),
      state([sandbox()], 'a!0', 's', 'j!0'),
      'kill pod',
    ],
    ['what the runtime has forgotten counts on', pod({}, ran('a', 2)), state([]), 'sandbox 0, start a#3'],
    [
      'what the runtime has forgotten is not run twice under Never',
      pod({ restartPolicy: 'Never' }, ran('a')),
      state([]),
      '',
    ],
    [
      'the pod may be needed where one of its containers restarts by itself',
      pod({ restartPolicy: 'Never', containers: [container('a', { restartPolicy: 'OnFailure' })] }),
      state([sandbox()], 'a!1'),
      'start a#1',
    ],
  ])('%s', (_, thePod, runs, expected) => {
    expect(words(thePod, runs)).toBe(expected);
  });

  it('kills what a liveness probe gives up', () => {
    const probes = {
      failed: (id: string) => (id === 'a' ? ('liveness' as const) : undefined),
      started: () => true,
    };
    expect(words(pod(two), state([sandbox()], 'a', 'b'), probes)).toBe('kill a (liveness)');
  });

  it('waits for the startup probe of a sidecar', () => {
    const probes = { failed: () => undefined, started: () => false };
    expect(words(pod(withSidecar), state([sandbox()], 's'), probes)).toBe('');
  });

  it('makes a container anew whose image has changed', () => {
    const running = status('a');
    const old: ContainerStatus = {
      ...running,
      config: { ...running.config, annotations: { 'io.kubernetes.container.hash': 'a@before' } },
    };
    const plan = planPod(pod({}), { sandboxes: [sandbox()], containers: [old] }, healthy);
    expect(plan.kill.map(({ because }) => because)).toEqual(['changed']);
    expect(plan.killPod).toBe(false);
  });
});
