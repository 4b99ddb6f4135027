import { chmod, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Lease } from '@kubewright/api/coordination/v1';
import { ConfigMap, Event, Node, Pod } from '@kubewright/api/core/v1';
import { VirtualClock } from '@kubewright/client';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ContainerRuntimeError, type ContainerStatus } from '../container/container-runtime.js';
import { SimulatedRuntime, type SimulatedRuntimeOptions } from '../container/simulated/simulated-runtime.js';
import { FakeApi } from '../testing/fake-api.js';
import { type Kubelet, startKubelet } from './kubelet.js';

const begin = Date.parse('2026-01-01T00:00:00Z');
const logger = pino({ level: 'silent' });

describe('the kubelet', () => {
  let directory: string;
  let api: FakeApi;
  let clock: VirtualClock;
  let runtime: SimulatedRuntime;
  let kubelet: Kubelet | undefined;
  let execResult: (command: readonly string[]) => { exitCode: number; stdout?: string };

  async function start(options: Omit<SimulatedRuntimeOptions, 'clock' | 'exec'> = {}): Promise<void> {
    runtime ??= new SimulatedRuntime({ clock, exec: (command) => execResult(command), ...options });
    kubelet = await startKubelet({
      client: api.client(clock),
      runtime,
      dataDirectory: directory,
      logger,
      nodeName: 'n1',
      nodeIPs: ['192.0.2.1'],
      podCIDRs: ['10.244.0.0/24'],
      clock,
    });
  }

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kubelet-'));
    api = new FakeApi();
    clock = new VirtualClock(begin);
    execResult = () => ({ exitCode: 0 });
    runtime = undefined as unknown as SimulatedRuntime;
  });

  afterEach(async () => {
    await kubelet?.close();
    kubelet = undefined;
    await rm(directory, { recursive: true, force: true });
  });

  function put(name: string, spec: Partial<NonNullable<Pod['spec']>> = {}): Pod {
    return api.put(Pod, {
      metadata: { name, namespace: 'default', uid: `uid-of-${name}`, generation: 1 },
      spec: {
        nodeName: 'n1',
        containers: [{ name: 'web', image: 'node', command: ['serve'] }],
        terminationGracePeriodSeconds: 30,
        ...spec,
      },
      status: { phase: 'Pending', qosClass: 'BestEffort' },
    });
  }
  const status = (name: string) => api.get(Pod, name, 'default')?.status;
  const web = (name: string) => status(name)?.containerStatuses?.[0];
  const condition = (name: string, type: string) =>
    status(name)?.conditions?.find((one) => one.type === type)?.status;
  const events = () => api.list(Event).map(({ reason, message }) => `${reason}: ${message}`);
  /** Lets time go on in small steps until the condition holds. */
  async function advanceUntil(condition_: () => boolean, limitMs = 600_000): Promise<number> {
    const from = clock.now();
    while (!condition_()) {
      if (clock.now() - from > limitMs) throw new Error('the condition never held');
      await clock.advance(Math.min(clock.untilNext() ?? 100, 1_000));
      // File operations take real time.
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return clock.now() - from;
  }
  const running = async (): Promise<ContainerStatus> => {
    const [container] = await runtime.listContainers({ state: 'running' });
    if (container === undefined) throw new Error('nothing runs');
    return container;
  };

  it('registers its node, and renews its lease', async () => {
    await start();
    const node = api.get(Node, 'n1');
    expect(node?.metadata.labels).toMatchObject({
      'kubernetes.io/hostname': 'n1',
      'kubernetes.io/os': 'linux',
    });
    expect(node?.spec?.podCIDR).toBe('10.244.0.0/24');
    expect(node?.status?.addresses).toEqual([
      { type: 'InternalIP', address: '192.0.2.1' },
      { type: 'Hostname', address: 'n1' },
    ]);
    expect(node?.status?.conditions?.map(({ type, status: s }) => `${type}=${s}`)).toEqual([
      'MemoryPressure=False',
      'DiskPressure=False',
      'PIDPressure=False',
      'Ready=True',
    ]);
    expect(node?.status?.nodeInfo?.containerRuntimeVersion).toMatch(/^simulated:\/\//);
    const lease = () => api.get(Lease, 'n1', 'kube-node-lease');
    await api.until(() => lease() !== undefined);
    expect(lease()?.metadata.ownerReferences?.[0]?.uid).toBe(node?.metadata.uid);
    const renewed = () => lease()?.spec?.renewTime;
    const first = renewed();
    expect(await advanceUntil(() => renewed() !== first)).toBeLessThanOrEqual(20_000);
  });

  it('keeps its directory to itself', async () => {
    await chmod(directory, 0o755);
    await start();
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  });

  it('runs a pod and reports it', async () => {
    await start();
    put('a');
    await api.until(() => status('a')?.phase === 'Running' && condition('a', 'Ready') === 'True');
    expect(status('a')).toMatchObject({ podIP: '10.244.0.2', hostIP: '192.0.2.1', qosClass: 'BestEffort' });
    expect(web('a')).toMatchObject({ ready: true, started: true, restartCount: 0, image: 'node' });
    expect(web('a')?.containerID).toMatch(/^simulated:\/\//);
    expect(
      status('a')
        ?.conditions?.map(({ type }) => type)
        .sort(),
    ).toEqual(['ContainersReady', 'Initialized', 'PodReadyToStartContainers', 'PodScheduled', 'Ready']);
    await api.until(() => events().includes('Started: Container started'));
  });

  it('restarts what ends, later each time', async () => {
    await start();
    put('a');
    const waits: number[] = [];
    for (let restarts = 0; restarts < 4; restarts += 1) {
      await advanceUntil(() => web('a')?.restartCount === restarts && web('a')?.state?.running !== undefined);
      runtime.exit((await running()).id, 1);
      waits.push(await advanceUntil(() => web('a')?.restartCount === restarts + 1));
    }
    // Virtual time goes on in steps while real files are written, so a wait may seem longer, and never shorter.
    for (const [index, least] of [0, 10_000, 20_000, 40_000].entries()) {
      expect(waits[index]).toBeGreaterThanOrEqual(least);
    }
    expect(web('a')?.lastState?.terminated).toMatchObject({ exitCode: 1, reason: 'Error' });
    expect(events()).toContain(
      'BackOff: Back-off restarting failed container web in pod a_default(uid-of-a)',
    );
  });

  it('says CrashLoopBackOff while it waits', async () => {
    await start();
    put('a');
    for (let restarts = 0; restarts < 2; restarts += 1) {
      await advanceUntil(() => web('a')?.restartCount === restarts && web('a')?.state?.running !== undefined);
      runtime.exit((await running()).id, 1);
    }
    await api.until(() => web('a')?.state?.waiting !== undefined);
    expect(web('a')?.state?.waiting).toEqual({
      reason: 'CrashLoopBackOff',
      message: 'back-off 10s restarting failed container=web pod=a_default(uid-of-a)',
    });
    expect(status('a')?.phase).toBe('Running');
    expect(condition('a', 'Ready')).toBe('False');
  });

  it('ends a pod whose containers are done', async () => {
    await start();
    put('a', { restartPolicy: 'Never' });
    await api.until(() => web('a')?.state?.running !== undefined);
    runtime.exit((await running()).id, 0);
    await api.until(() => status('a')?.phase === 'Succeeded');
    expect(web('a')?.state?.terminated).toMatchObject({ exitCode: 0, reason: 'Completed' });
    expect(status('a')?.podIP).toBe('10.244.0.2');
  });

  it('takes a pod through its deletion, and leaves nothing', async () => {
    await start({ endsOnTerm: () => false });
    const pod = put('a');
    await api.until(() => web('a')?.state?.running !== undefined);
    api.put(Pod, {
      ...pod,
      metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:05Z', deletionGracePeriodSeconds: 5 },
      ...(status('a') === undefined ? {} : { status: status('a') }),
    });
    expect(await advanceUntil(() => api.get(Pod, 'a', 'default') === undefined)).toBeGreaterThanOrEqual(
      5_000,
    );
    const last = api.requests.findLast(({ method }) => method === 'DELETE');
    expect(last?.body).toMatchObject({ gracePeriodSeconds: 0, preconditions: { uid: 'uid-of-a' } });
    expect(await runtime.listPodSandboxes()).toEqual([]);
    expect(await readdir(join(directory, 'pods'))).toEqual([]);
    expect(await readdir(join(directory, 'log', 'pods'))).toEqual([]);
    expect(events()).toContain('Killing: Stopping container web');
  });

  it('kills what is gone from the API server', async () => {
    await start();
    put('a');
    await api.until(() => web('a')?.state?.running !== undefined);
    api.remove(Pod, 'a', 'default');
    await advanceUntil(() => events().includes('Killing: Stopping container web'));
    while ((await runtime.listPodSandboxes()).length > 0) await clock.advance(10);
  });

  it('heeds readiness and liveness probes', async () => {
    await start();
    let ready = false;
    let alive = true;
    execResult = ([what]) => ({ exitCode: (what === 'ready' ? ready : alive) ? 0 : 1, stdout: 'no' });
    put('a', {
      containers: [
        {
          name: 'web',
          image: 'node',
          command: ['serve'],
          readinessProbe: { exec: { command: ['ready'] }, periodSeconds: 2 },
          livenessProbe: { exec: { command: ['alive'] }, periodSeconds: 1, failureThreshold: 2 },
        },
      ],
    });
    await advanceUntil(() => web('a')?.state?.running !== undefined);
    await advanceUntil(() => events().includes('Unhealthy: Readiness probe failed: no'));
    expect(web('a')?.ready).toBe(false);
    ready = true;
    await advanceUntil(() => condition('a', 'Ready') === 'True');
    alive = false;
    await advanceUntil(() =>
      events().includes('Killing: Container web failed liveness probe, will be restarted'),
    );
    alive = true;
    await advanceUntil(() => web('a')?.restartCount === 1);
  });

  it('mounts ConfigMaps, waits for those that are missing, and updates them', async () => {
    await start();
    put('a', {
      containers: [
        { name: 'web', image: 'x', command: ['serve'], volumeMounts: [{ name: 'v', mountPath: '/v' }] },
      ],
      volumes: [{ name: 'v', configMap: { name: 'cfg' } }],
    });
    await advanceUntil(() =>
      events().includes('FailedMount: MountVolume.SetUp failed for volume "v" : configmap "cfg" not found'),
    );
    expect(web('a')?.state?.waiting?.reason).toBe('ContainerCreating');
    api.put(ConfigMap, { metadata: { name: 'cfg', namespace: 'default' }, data: { key: 'one' } });
    await api.until(() => web('a')?.state?.running !== undefined);
    const { config } = await running();
    const mount = config.mounts?.find(({ containerPath }) => containerPath === '/v');
    const content = () => readFile(join(mount?.hostPath ?? '', 'key'), 'utf8');
    expect(await content()).toBe('one');
    api.put(ConfigMap, { metadata: { name: 'cfg', namespace: 'default' }, data: { key: 'two' } });
    while ((await content()) !== 'two') await new Promise((resolve) => setImmediate(resolve));
  });

  it('says what keeps a container from being made', async () => {
    await start();
    put('a', {
      containers: [
        {
          name: 'web',
          image: 'x',
          command: ['serve'],
          env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'cfg', key: 'a' } } }],
        },
      ],
    });
    await advanceUntil(() => web('a')?.state?.waiting?.reason === 'CreateContainerConfigError');
    expect(web('a')?.state?.waiting?.message).toBe('configmap "cfg" not found');
    api.put(ConfigMap, { metadata: { name: 'cfg', namespace: 'default' }, data: { a: '1' } });
    await api.until(() => web('a')?.state?.running !== undefined);
    expect((await running()).config.env?.A).toBe('1');
  });

  it('asks later each time for an image that is not to be had', async () => {
    runtime = new SimulatedRuntime({ clock, exec: () => ({ exitCode: 0 }) });
    const tries: number[] = [];
    runtime.createContainer = () => {
      tries.push(clock.now());
      return Promise.reject(new ContainerRuntimeError('NoCommand', 'give it a command'));
    };
    await start();
    put('a', { containers: [{ name: 'web', image: 'nginx' }] });
    const seen = new Set<string>();
    await advanceUntil(() => {
      const { reason = '', message = '' } = web('a')?.state?.waiting ?? {};
      seen.add(`${reason}: ${message}`);
      return tries.length === 4;
    });
    expect([...seen].filter((one) => !one.startsWith('ContainerCreating') && one !== ': ')).toEqual([
      'ErrImagePull: give it a command',
      'ImagePullBackOff: Back-off pulling image "nginx": ErrImagePull: give it a command',
    ]);
    const waits = tries.slice(1).map((at, index) => at - (tries[index] ?? 0));
    for (const [index, least] of [10_000, 20_000, 40_000].entries())
      expect(waits[index]).toBeGreaterThanOrEqual(least);
    expect(events()).toEqual(
      expect.arrayContaining([
        'Failed: Failed to pull image "nginx": give it a command',
        'Failed: Error: ErrImagePull',
        'BackOff: Back-off pulling image "nginx"',
        'Failed: Error: ImagePullBackOff',
      ]),
    );
    expect(status('a')?.phase).toBe('Pending');
  });

  it('ends a pod that has been active for too long', async () => {
    await start();
    put('a', { activeDeadlineSeconds: 60 });
    await api.until(() => web('a')?.state?.running !== undefined);
    await advanceUntil(() => status('a')?.phase === 'Failed');
    expect(status('a')?.reason).toBe('DeadlineExceeded');
    expect(await runtime.listContainers({ state: 'running' })).toEqual([]);
  });

  it('takes up after a restart what runs, and removes what belongs to no pod', async () => {
    await start();
    put('a');
    put('b');
    await api.until(() => web('a')?.state?.running !== undefined && web('b')?.state?.running !== undefined);
    await kubelet?.close();
    api.remove(Pod, 'b', 'default');
    await start();
    while ((await runtime.listPodSandboxes()).length > 1) await clock.advance(10);
    expect((await runtime.listContainers({ state: 'running' })).map(({ config }) => config.attempt)).toEqual([
      0,
    ]);
    runtime.exit((await running()).id, 1);
    await advanceUntil(() => web('a')?.restartCount === 1);
  });

  it('stops its pods when it is asked to', async () => {
    await start();
    put('a');
    await api.until(() => web('a')?.state?.running !== undefined);
    await kubelet?.close({ stopPods: true });
    expect(await runtime.listContainers({ state: 'running' })).toEqual([]);
  });
});
