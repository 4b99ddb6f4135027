import { ConfigMap } from '@kubewright/api/core/v1';
import { startTestServer } from '@kubewright/testing';
import { expect, it } from 'vitest';
import { ownerLabels } from './owner-labels.js';

it('labels what is made, and keeps the label', async () => {
  const { clientFor, close } = await startTestServer({ admission: [ownerLabels] });
  const maps = clientFor({ name: 'ann' }).resource(ConfigMap).namespace('default');
  const made = await maps.create({ metadata: { name: 'a' } });
  expect(made.metadata.labels).toEqual({ owner: 'ann' });
  const stolen = maps.patchMerge('a', { metadata: { labels: { owner: 'bob' } } });
  await expect(stolen).rejects.toThrow('configmaps "a" is forbidden: its owner is ann');
  await close();
});
