import { formatMicroTime } from '@kubewright/api';
import { Lease } from '@kubewright/api/coordination/v1';
import { Node, Pod } from '@kubewright/api/core/v1';
import { VirtualClock } from '@kubewright/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Cluster, startCluster, until } from './cluster.js';

describe('in the time of a virtual clock', () => {
  const clock = new VirtualClock(Date.now());
  let cluster: Cluster;

  beforeEach(async () => {
    cluster = await startCluster({ controllers: { clock } });
    const pods = cluster.client.resource(Pod).namespace('default');
    await pods.create({ metadata: { name: 'p' }, spec: { containers: [{ name: 'main', image: 'x' }] } });
    await until(async () => expect((await pods.get('p')).status?.phase).toBe('Running'));
  });

  afterEach(async () => {
    await cluster.close();
  });

  const node = () => cluster.client.resource(Node).get('n1');
  const podNames = async () =>
    (await cluster.client.resource(Pod).namespace('default').list()).items.map(
      ({ metadata }) => metadata.name,
    );
  const readiness = async () =>
    (await node()).status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  const settled = () =>
    until(async () => expect(cluster.managers.every(({ busy }) => busy === 0)).toBe(true));

  /** Lets time pass in steps, each of which the controllers finish. */
  async function pass(seconds: number): Promise<void> {
    for (let left = seconds; left > 0; left -= 10) {
      await clock.advance(Math.min(left, 10) * 1000);
      await settled();
    }
  }

  it('a node that renews its lease stays, and loses its pods five minutes after it has fallen silent', async () => {
    const leases = cluster.client.resource(Lease).namespace('kube-node-lease');
    await leases.create({ metadata: { name: 'n1' }, spec: { holderIdentity: 'n1' } });
    for (let round = 0; round < 3; round++) {
      await pass(40);
      const renewTime = formatMicroTime(clock.now());
      const { metadata } = await leases.patchMerge('n1', { spec: { renewTime } });
      expect(metadata.name).toBe('n1');
      await settled();
    }
    expect(await readiness()).toBe('True');
    await until(async () => {
      await pass(10);
      expect(await readiness()).toBe('Unknown');
    });
    await until(async () =>
      expect((await node()).spec?.taints?.map(({ key, effect }) => `${key}:${effect}`)).toEqual([
        'node.kubernetes.io/unreachable:NoSchedule',
        'node.kubernetes.io/unreachable:NoExecute',
      ]),
    );
    await settled();
    await pass(240);
    expect(await podNames()).toEqual(['p']);
    await pass(70);
    await until(async () => expect(await podNames()).toEqual([]));
  });

  it('a pod whose node is gone goes after a while', async () => {
    await cluster.client.resource(Node).delete('n1');
    await settled();
    await pass(30);
    expect(await podNames()).toEqual(['p']);
    await until(async () => {
      await pass(10);
      expect(await podNames()).toEqual([]);
    });
  });
});
