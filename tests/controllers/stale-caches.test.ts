import { Deployment, ReplicaSet } from '@kubewright/api/apps/v1';
import { Pod } from '@kubewright/api/core/v1';
import { Client, inProcessTransport } from '@kubewright/client';
import { type Manager, startControllers } from '@kubewright/controllers';
import { startTestServer, type TestServer } from '@kubewright/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from './cluster.js';
import { type FaultyTransport, faultyTransport } from './faulty-transport.js';

describe('controllers whose caches are old', () => {
  let server: TestServer;
  let transport: FaultyTransport;
  let stop: AbortController;
  let manager: Manager;

  async function start(): Promise<void> {
    stop = new AbortController();
    transport = faultyTransport(
      inProcessTransport(server.server.inProcess({ name: 'system:kube-controller-manager', groups: [] })),
    );
    manager = await startControllers(new Client(transport), { signal: stop.signal });
  }

  async function end(): Promise<void> {
    transport.thaw();
    stop.abort();
    await manager.done;
  }

  beforeEach(async () => {
    server = await startTestServer();
    await start();
  });

  afterEach(async () => {
    await end();
    await server.close();
  });

  const selector = { matchLabels: { app: 'web' } };
  const template = {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'web', image: 'x' }] },
  };
  const pods = () => server.client.resource(Pod).namespace('default');
  const replicaSets = () => server.client.resource(ReplicaSet).namespace('default');
  const deployments = () => server.client.resource(Deployment).namespace('default');
  const count = async () =>
    (await pods().list()).items.filter(({ metadata }) => metadata.deletionTimestamp === undefined).length;
  const created = (plural: string) =>
    transport.writes.filter((write) => write.startsWith('POST') && write.endsWith(`/${plural}`)).length;

  /** Has the key reconciled, and waits until that is over. */
  async function poke(times: number): Promise<void> {
    for (let time = 1; time <= times; time++) {
      const label = { metadata: { labels: { poked: `${time}` } } };
      await replicaSets().patchMerge('web', label);
      await until(async () => expect(manager.busy).toBe(0));
    }
  }

  it('never create a pod twice, nor delete one too many', async () => {
    transport.freeze('pods');
    await replicaSets().create({ metadata: { name: 'web' }, spec: { replicas: 3, selector, template } });
    await until(async () => expect(await count()).toBe(3));
    await poke(5);
    expect(await count()).toBe(3);
    expect(created('pods')).toBe(3);
    transport.thaw();
    await until(async () => expect((await replicaSets().get('web')).status?.replicas).toBe(3));

    transport.freeze('pods');
    await replicaSets().scale.patchMerge('web', { spec: { replicas: 1 } });
    await until(async () => expect(await count()).toBe(1));
    await poke(5);
    transport.thaw();
    await until(async () => expect((await replicaSets().get('web')).status?.replicas).toBe(1));
    expect(await count()).toBe(1);
    expect(created('pods')).toBe(3);
  });

  it('count pods whose creation was answered by nobody', async () => {
    transport.freeze('pods');
    transport.loseAnswers('pods', 2);
    await replicaSets().create({ metadata: { name: 'web' }, spec: { replicas: 3, selector, template } });
    await until(async () => expect(await count()).toBeGreaterThan(0));
    await poke(3);
    transport.thaw();
    await until(async () => expect((await replicaSets().get('web')).status?.replicas).toBe(3));
    expect(created('pods')).toBe(3);
  });

  it('make one ReplicaSet for one template', async () => {
    transport.freeze('replicasets');
    await deployments().create({ metadata: { name: 'web' }, spec: { replicas: 2, selector, template } });
    await until(async () => expect((await replicaSets().list()).items).toHaveLength(1));
    for (const poked of ['1', '2', '3']) {
      await deployments().patchMerge('web', { metadata: { labels: { poked } } });
      await until(async () => expect(manager.busy).toBe(0));
    }
    transport.thaw();
    await until(async () => expect(await count()).toBe(2));
    expect((await replicaSets().list()).items).toHaveLength(1);
    expect((await deployments().get('web')).status?.collisionCount).toBeUndefined();
  });

  it('that were lost in a crash leave the right number of pods', async () => {
    transport.freeze('pods');
    await replicaSets().create({ metadata: { name: 'web' }, spec: { replicas: 20, selector, template } });
    await until(async () => expect(await count()).toBeGreaterThan(3));
    await end();
    await start();
    await until(async () => expect((await replicaSets().get('web')).status?.replicas).toBe(20));
    expect(await count()).toBe(20);
  });
});
