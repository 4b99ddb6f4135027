import { ConfigMap } from '@kubewright/api/core/v1';
import { startTestServer } from '@kubewright/testing';
import { describe, expect, it } from 'vitest';
import { until } from './cluster.js';

describe('an informer of metadata only', () => {
  it('never sees the rest, in the list or in the watch', async () => {
    const { client, close } = await startTestServer();
    const stop = new AbortController();
    try {
      const maps = client.resource(ConfigMap).namespace('default');
      await maps.create({ metadata: { name: 'a', labels: { x: '1' } }, data: { secret: '1' } });
      const informer = client
        .informer(ConfigMap, { namespace: 'default', metadataOnly: true })
        .start(stop.signal);
      await informer.synced;
      await maps.create({ metadata: { name: 'b' }, data: { secret: '2' } });
      await until(async () => expect(informer.size).toBe(2));
      expect(informer.list().map(({ data }) => data)).toEqual([undefined, undefined]);
      expect(informer.get('a', 'default')?.metadata.labels).toEqual({ x: '1' });
      const partial = await maps.metadataOnly().get('a');
      expect(partial).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'a' } });
    } finally {
      stop.abort();
      await close();
    }
  });
});
