import { isNotFound, ownerReference } from '@kubewright/api';
import { ConfigMap, Namespace } from '@kubewright/api/core/v1';
import { VirtualClock } from '@kubewright/client';
import { describe, expect, it, vi } from 'vitest';
import { cleanup, startTestServer, type TestServer } from './test-server.js';

describe('startTestServer', () => {
  it('serves what is written to it, each server its own', async () => {
    const [one, other] = await Promise.all([startTestServer(), startTestServer()]);
    try {
      const maps = one.client.resource(ConfigMap).namespace('default');
      await maps.create({ metadata: { name: 'colours' }, data: { sky: 'blue' } });
      expect((await maps.get('colours')).data).toEqual({ sky: 'blue' });
      const elsewhere = other.client.resource(ConfigMap).namespace('default').get('colours');
      await expect(elsewhere).rejects.toSatisfy(isNotFound);
    } finally {
      await Promise.all([one.close(), other.close()]);
    }
  });

  it('has the namespaces of a fresh cluster', async () => {
    const { client, close } = await startTestServer();
    try {
      const { items } = await client.resource(Namespace).list();
      expect(items.map(({ metadata }) => metadata.name).sort()).toEqual([
        'default',
        'kube-node-lease',
        'kube-public',
        'kube-system',
      ]);
    } finally {
      await close();
    }
  });

  it('is forked with all that it has, and neither sees what happens in the other', async () => {
    const base = await startTestServer();
    const maps = ({ client }: Pick<TestServer, 'client'>) => client.resource(ConfigMap).namespace('default');
    const names = async (server: TestServer) =>
      (await maps(server).list()).items.map(({ metadata }) => metadata.name);
    await maps(base).create({ metadata: { name: 'shared' } });
    const [one, other] = [await base.fork(), await base.fork()];
    try {
      await maps(one).delete('shared');
      const made = await maps(other).create({ metadata: { name: 'own' } });
      await maps(base).create({ metadata: { name: 'late' } });
      expect(await Promise.all([base, one, other].map(names))).toEqual([
        ['late', 'shared'],
        [],
        ['own', 'shared'],
      ]);
      const informer = other.client.informer(ConfigMap).start();
      await informer.waitFor(made.metadata.resourceVersion ?? '');
      await maps(other).patchMerge('shared', { data: { a: '1' } });
      await vi.waitFor(() => expect(informer.get('shared', 'default')?.data).toEqual({ a: '1' }), {
        timeout: 15_000,
      });
      informer.stop();
    } finally {
      await Promise.all([base, one, other].map((server) => server.close()));
    }
  });

  it('collects garbage and empties deleted namespaces where asked to', async () => {
    const { client, close } = await startTestServer({ controllers: cleanup });
    try {
      const maps = client.resource(ConfigMap).namespace('default');
      const owner = await maps.create({ metadata: { name: 'owner' } });
      await maps.create({
        metadata: { name: 'owned', ownerReferences: [ownerReference(ConfigMap, owner, true)] },
      });
      await maps.delete('owner', { propagationPolicy: 'Background' });
      await maps.waitFor('owned', (found) => found === undefined);
      await client.resource(Namespace).create({ metadata: { name: 'going' } });
      await client.resource(ConfigMap).create({ metadata: { name: 'inside', namespace: 'going' } });
      await client.resource(Namespace).delete('going');
      await client.resource(Namespace).waitFor('going', (found) => found === undefined);
    } finally {
      await close();
    }
  });

  it('goes by the clock that it is given', async () => {
    const clock = new VirtualClock(Date.UTC(2030, 0, 1));
    const { client, close } = await startTestServer({ clock });
    const made = await client.resource(ConfigMap).create({ metadata: { name: 'a', namespace: 'default' } });
    expect(made.metadata.creationTimestamp).toBe('2030-01-01T00:00:00Z');
    await close();
  });

  it('ends watches when it closes', async () => {
    const { client, close } = await startTestServer();
    const seen: string[] = [];
    const watching = (async () => {
      for await (const event of client.resource(ConfigMap).watch({ resourceVersion: '0' }))
        seen.push(event.type);
    })();
    watching.catch(() => undefined);
    await client
      .resource(ConfigMap)
      .namespace('default')
      .create({ metadata: { name: 'a' } });
    await close();
    await expect(Promise.race([watching.catch(() => 'ended'), watching.then(() => 'ended')])).resolves.toBe(
      'ended',
    );
  });
});
