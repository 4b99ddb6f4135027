import { isForbidden } from '@kubewright/api';
import { ConfigMap, Pod, ResourceQuota } from '@kubewright/api/core/v1';
import { startTestServer, type TestServer } from '@kubewright/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let api: TestServer;
beforeEach(async () => {
  api = await startTestServer({ controllers: ['resourcequota-controller'] });
});
afterEach(() => api.close());

const quotas = () => api.client.resource(ResourceQuota).namespace('default');
const pods = () => api.client.resource(Pod).namespace('default');
async function quota(name: string, spec: NonNullable<ResourceQuota['spec']>): Promise<void> {
  await quotas().create({ metadata: { name }, spec });
  await quotas().waitFor(name, (found) => found?.status?.hard !== undefined);
}
const used = async (name: string) => (await quotas().get(name)).status?.used;
const container = {
  name: 'a',
  image: 'x',
  resources: { requests: { cpu: '100m' }, limits: { cpu: '200m' } },
};
const pod = (name: string, spec: Partial<NonNullable<Pod['spec']>> = {}): Pod => ({
  metadata: { name },
  spec: { containers: [container], ...spec },
});

describe('a quota', () => {
  it('holds under a hundred creates at once', async () => {
    await quota('ten', { hard: { pods: '10', 'requests.cpu': '800m' } });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 100 }, (_, index) => pods().create(pod(`p${index}`))),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(8);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(isForbidden(outcome.reason)).toBe(true);
    expect(await used('ten')).toEqual({ pods: '8', 'requests.cpu': '800m' });
    await expect(pods().create(pod('more'))).rejects.toThrow(
      'pods "more" is forbidden: exceeded quota: ten, requested: requests.cpu=100m, used: requests.cpu=800m, limited: requests.cpu=800m',
    );
  });

  it('leaks nothing of creates that fail after they were counted', async () => {
    await quota('ten', { hard: { pods: '10' } });
    const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => pods().create(pod('same'))));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await quotas().waitFor('ten', (found) => found?.status?.used?.pods === '1');
    for (let index = 1; index < 10; index++) await pods().create(pod(`p${index}`));
    await expect(pods().create(pod('more'))).rejects.toThrow('exceeded quota: ten');
  });

  it('gives back what is deleted, and counts what was there before', async () => {
    await pods().create(pod('old'));
    await quota('two', { hard: { 'count/pods': '2' } });
    await quotas().waitFor('two', (found) => found?.status?.used?.['count/pods'] === '1');
    await pods().create(pod('new'));
    await expect(pods().create(pod('third'))).rejects.toThrow('exceeded quota: two');
    await pods().delete('old', { gracePeriodSeconds: 0 });
    await quotas().waitFor('two', (found) => found?.status?.used?.['count/pods'] === '1');
    await pods().create(pod('third'));
  });

  it('counts objects of any kind', async () => {
    await quota('maps', { hard: { configmaps: '1' } });
    const maps = api.client.resource(ConfigMap).namespace('default');
    await maps.create({ metadata: { name: 'one' } });
    await expect(maps.create({ metadata: { name: 'two' } })).rejects.toThrow(
      'configmaps "two" is forbidden: exceeded quota: maps, requested: configmaps=1, used: configmaps=1, limited: configmaps=1',
    );
    await maps.create({ metadata: { name: 'two' } }, { dryRun: true }).catch(isForbidden);
    await maps.delete('one');
    await quotas().waitFor('maps', (found) => found?.status?.used?.configmaps === '0');
    await maps.create({ metadata: { name: 'dry' } }, { dryRun: true });
    expect(await used('maps')).toEqual({ configmaps: '0' });
  });

  it('wants containers to say what it bounds, and takes in what its scopes select', async () => {
    await quota('memory', { hard: { 'limits.memory': '1Gi' }, scopes: ['NotBestEffort'] });
    await expect(pods().create(pod('silent'))).rejects.toThrow(
      'pods "silent" is forbidden: failed quota: memory: must specify limits.memory for: a',
    );
    await pods().create(pod('best-effort', { containers: [{ name: 'a', image: 'x' }] }));
    expect(await used('memory')).toEqual({ 'limits.memory': '0' });
  });
});
