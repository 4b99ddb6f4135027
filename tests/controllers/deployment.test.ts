import { Deployment, ReplicaSet } from '@kubewright/api/apps/v1';
import { Event, Pod } from '@kubewright/api/core/v1';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Cluster, startCluster, until } from './cluster.js';

describe('a Deployment in a cluster of simulated pods', () => {
  let server: Cluster;

  beforeEach(async () => {
    server = await startCluster();
  });

  afterEach(async () => {
    await server.close();
  });

  const template = (image: string) => ({
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'web', image }] },
  });
  const web = (image: string, replicas: number): Deployment => ({
    metadata: { name: 'web', namespace: 'default' },
    spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: template(image) },
  });
  const deployments = () => server.client.resource(Deployment).namespace('default');
  const pods = () => server.client.resource(Pod).namespace('default');
  const replicaSets = () => server.client.resource(ReplicaSet).namespace('default');

  it('becomes pods that run, and says so', async () => {
    await deployments().create(web('one', 3));
    await until(async () => {
      const { status } = await deployments().get('web');
      expect(status).toMatchObject({
        observedGeneration: 1,
        replicas: 3,
        readyReplicas: 3,
        availableReplicas: 3,
      });
      expect(status?.conditions?.map(({ type, status: is, reason }) => [type, is, reason])).toEqual(
        expect.arrayContaining([
          ['Available', 'True', 'MinimumReplicasAvailable'],
          ['Progressing', 'True', 'NewReplicaSetAvailable'],
        ]),
      );
    });
    expect((await pods().list()).items.map(({ spec }) => spec?.nodeName)).toEqual(['n1', 'n1', 'n1']);
    expect((await deployments().get('web')).metadata.annotations).toEqual({
      'deployment.kubernetes.io/revision': '1',
    });
    await until(async () => {
      const { items } = await server.client.resource(Event).namespace('default').list();
      const said = items.map(({ reason, message }) => `${reason}: ${message}`).join('\n');
      expect(said).toMatch(/ScalingReplicaSet: Scaled up replica set web-\w+ from 0 to 3/);
      expect(said).toMatch(/SuccessfulCreate: Created pod: web-\w+-\w{5}/);
      expect(said).toMatch(/Scheduled: Successfully assigned default\/web-\w+-\w{5} to n1/);
    });
  });

  it('never has more pods than the surge allows nor fewer than may be missing while it rolls', async () => {
    await deployments().create(web('one', 4));
    await until(async () => expect((await deployments().get('web')).status?.availableReplicas).toBe(4));
    const { metadata } = await pods().list();
    const seen = { most: 0, least: 4 };
    const alive = new Map((await pods().list()).items.map((pod) => [pod.metadata.name, pod]));
    const watching = (async () => {
      for await (const { type, object } of pods().watch({
        resourceVersion: metadata.resourceVersion,
        signal: server.stop.signal,
      })) {
        if (type === 'BOOKMARK') continue;
        if (type === 'DELETED') alive.delete(object.metadata.name);
        else if (object.metadata.deletionTimestamp === undefined) alive.set(object.metadata.name, object);
        else alive.delete(object.metadata.name);
        const ready = [...alive.values()].filter((pod) =>
          pod.status?.conditions?.some(
            (condition) => condition.type === 'Ready' && condition.status === 'True',
          ),
        );
        seen.most = Math.max(seen.most, alive.size);
        seen.least = Math.min(seen.least, ready.length);
      }
    })().catch(() => undefined);
    await deployments().patchStrategic('web', { spec: { template: template('two') } });
    await until(async () => {
      const { status } = await deployments().get('web');
      expect(status).toMatchObject({
        observedGeneration: 2,
        replicas: 4,
        updatedReplicas: 4,
        availableReplicas: 4,
      });
      expect(status?.conditions?.find(({ type }) => type === 'Progressing')?.reason).toBe(
        'NewReplicaSetAvailable',
      );
    });
    // 25 % of four: one more, one fewer.
    expect(seen.most).toBeLessThanOrEqual(5);
    expect(seen.least).toBeGreaterThanOrEqual(3);
    const sizes = (await replicaSets().list()).items.map(({ metadata: { annotations }, spec }) => [
      annotations?.['deployment.kubernetes.io/revision'],
      spec?.replicas,
    ]);
    expect(sizes.sort()).toEqual([
      ['1', 0],
      ['2', 4],
    ]);
    // What kubectl rollout undo does: the old template again, which gets a new revision.
    await deployments().patchStrategic('web', { spec: { template: template('one') } });
    await until(async () => {
      const revisions = (await replicaSets().list()).items.map(({ metadata: { annotations }, spec }) => [
        annotations?.['deployment.kubernetes.io/revision'],
        annotations?.['deployment.kubernetes.io/revision-history'],
        spec?.replicas,
      ]);
      expect(revisions.sort()).toEqual([
        ['2', undefined, 0],
        ['3', '1', 4],
      ]);
      expect(
        (await deployments().get('web')).metadata.annotations?.['deployment.kubernetes.io/revision'],
      ).toBe('3');
    });
    server.stop.abort();
    await watching;
  });

  it('replaces a pod that is deleted, follows scale, and leaves nothing behind when it is deleted', async () => {
    await deployments().create(web('one', 2));
    await until(async () => expect((await deployments().get('web')).status?.availableReplicas).toBe(2));
    const [first] = (await pods().list()).items;
    await pods().delete(first?.metadata.name ?? '', { gracePeriodSeconds: 0 });
    await until(async () => {
      const { items } = await pods().list();
      expect(items).toHaveLength(2);
      expect(items.map(({ metadata }) => metadata.uid)).not.toContain(first?.metadata.uid);
    });
    await deployments().scale.patchMerge('web', { spec: { replicas: 5 } });
    await until(async () => expect((await deployments().get('web')).status?.availableReplicas).toBe(5));
    await deployments().scale.patchMerge('web', { spec: { replicas: 1 } });
    await until(async () => expect((await pods().list()).items).toHaveLength(1));
    await deployments().delete('web');
    await until(async () => {
      expect((await replicaSets().list()).items).toEqual([]);
      expect((await pods().list()).items).toEqual([]);
    });
  });

  it('adopts what its ReplicaSet selects and lets go what it no longer does', async () => {
    const pod = { metadata: { name: 'stray', labels: { app: 'web' } }, spec: template('one').spec };
    await pods().create(pod);
    await replicaSets().create({
      metadata: { name: 'set' },
      spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: template('one') },
    });
    await until(async () => {
      const { items } = await pods().list();
      expect(items).toHaveLength(2);
      const [owner] = items.find(({ metadata }) => metadata.name === 'stray')?.metadata.ownerReferences ?? [];
      expect(owner).toMatchObject({
        kind: 'ReplicaSet',
        name: 'set',
        controller: true,
        blockOwnerDeletion: true,
      });
    });
    await pods().patchMerge('stray', { metadata: { labels: { app: 'other' } } });
    await until(async () => {
      const { items } = await pods().list();
      expect(items).toHaveLength(3);
      expect(items.find(({ metadata }) => metadata.name === 'stray')?.metadata.ownerReferences ?? []).toEqual(
        [],
      );
    });
    await replicaSets().delete('set', { propagationPolicy: 'Orphan' });
    await until(async () => expect((await replicaSets().list()).items).toEqual([]));
    expect((await pods().list()).items.flatMap(({ metadata }) => metadata.ownerReferences ?? [])).toEqual([]);
  });

  it('with the strategy Recreate never runs two templates at once', async () => {
    const recreate = (image: string): Deployment => {
      const base = web(image, 3);
      return { ...base, spec: { ...base.spec!, strategy: { type: 'Recreate' } } };
    };
    await deployments().create(recreate('one'));
    await until(async () => expect((await deployments().get('web')).status?.availableReplicas).toBe(3));
    const { items, metadata } = await pods().list();
    const images = new Map(items.map((pod) => [pod.metadata.name, pod.spec?.containers[0]?.image]));
    let most = 1;
    const watching = (async () => {
      const { resourceVersion } = metadata;
      for await (const { type, object } of pods().watch({ resourceVersion, signal: server.stop.signal })) {
        if (type === 'BOOKMARK') continue;
        if (type === 'DELETED') images.delete(object.metadata.name);
        else images.set(object.metadata.name, object.spec?.containers[0]?.image);
        most = Math.max(most, new Set(images.values()).size);
      }
    })().catch(() => undefined);
    await deployments().patchStrategic('web', { spec: { template: template('two') } });
    await until(async () => {
      const { status } = await deployments().get('web');
      expect(status).toMatchObject({
        observedGeneration: 2,
        replicas: 3,
        updatedReplicas: 3,
        availableReplicas: 3,
      });
    });
    expect(most).toBe(1);
    server.stop.abort();
    await watching;
  });
});
