import { Deployment, ReplicaSet } from '@kubewright/api/apps/v1';
import { Pod } from '@kubewright/api/core/v1';
import { type Manager, startControllers } from '@kubewright/controllers';
import { Faults, startTestServer, type TestServer } from '@kubewright/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from './cluster.js';

describe('controllers whose caches are old', () => {
  let server: TestServer;
  let faults: Faults;
  let stop: AbortController;
  let manager: Manager;

  async function start(): Promise<void> {
    stop = new AbortController();
    faults = new Faults();
    const client = faults.through(server.clientFor({ name: 'system:kube-controller-manager' }));
    manager = await startControllers(client, { signal: stop.signal });
  }

  async function end(): Promise<void> {
    faults.thaw();
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
    faults.writes.filter((write) => write.startsWith('POST') && write.endsWith(`/${plural}`)).length;

  /** Has the key reconciled, and waits until that is over. */
  async function poke(times: number): Promise<void> {
    for (let time = 1; time <= times; time++) {
      const label = { metadata: { labels: { poked: `${time}` } } };
      await replicaSets().patchMerge('web', label);
      await until(async () => expect(manager.busy).toBe(0));
    }
  }

  it('never create a pod twice, nor delete one too many', async () => {
    faults.freeze('pods');
    await replicaSets().create({ metadata: { name: 'web' }, spec: { replicas: 3, selector, template } });
    await until(async () => expect(await count()).toBe(3));
    await poke(5);
    expect(await count()).toBe(3);
    expect(created('pods')).toBe(3);
    faults.thaw();
    await until(async () => expect((await replicaSets().get('web')).status?.replicas).toBe(3));

    faults.freeze('pods');
    await replicaSets().scale.patchMerge('web', { spec: { replicas: 1 } });
    await until(async () => expect(await count()).toBe(1));
    await poke(5);
    faults.thaw();
    await until(async () => expect((await replicaSets().get('web')).status?.replicas).toBe(1));
    expect(await count()).toBe(1);
    expect(created('pods')).toBe(3);
  });

  it('count pods whose creation was answered by nobody', async () => {
    faults.freeze('pods');
    faults.loseAnswer({ method: 'POST', plural: 'pods', times: 2 });
    await replicaSets().create({ metadata: { name: 'web' }, spec: { replicas: 3, selector, template } });
    await until(async () => expect(await count()).toBeGreaterThan(0));
    await poke(3);
    faults.thaw();
    await until(async () => expect((await replicaSets().get('web')).status?.replicas).toBe(3));
    expect(created('pods')).toBe(3);
  });

  it('make one ReplicaSet for one template', async () => {
    faults.freeze('replicasets');
    await deployments().create({ metadata: { name: 'web' }, spec: { replicas: 2, selector, template } });
    await until(async () => expect((await replicaSets().list()).items).toHaveLength(1));
    for (const poked of ['1', '2', '3']) {
      await deployments().patchMerge('web', { metadata: { labels: { poked } } });
      await until(async () => expect(manager.busy).toBe(0));
    }
    faults.thaw();
    await until(async () => expect(await count()).toBe(2));
    expect((await replicaSets().list()).items).toHaveLength(1);
    expect((await deployments().get('web')).status?.collisionCount).toBeUndefined();
  });

  it('that were lost in a crash leave the right number of pods', async () => {
    faults.freeze('pods');
    await replicaSets().create({ metadata: { name: 'web' }, spec: { replicas: 20, selector, template } });
    await until(async () => expect(await count()).toBeGreaterThan(3));
    await end();
    await start();
    await until(async () => expect((await replicaSets().get('web')).status?.replicas).toBe(20));
    expect(await count()).toBe(20);
  });
});
