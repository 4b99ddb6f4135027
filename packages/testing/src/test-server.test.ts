import { isNotFound } from '@kubewright/api';
import { ConfigMap, Namespace } from '@kubewright/api/core/v1';
import { describe, expect, it } from 'vitest';
import { startTestServer } from './test-server.js';

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
