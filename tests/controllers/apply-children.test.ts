import { isNotFound, ownerReference } from '@kubewright/api';
import { Deployment } from '@kubewright/api/apps/v1';
import { ConfigMap, Secret } from '@kubewright/api/core/v1';
import { applyChildren, applyStatus, child } from '@kubewright/controllers';
import { startTestServer, type TestServer } from '@kubewright/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const maps = () => server.client.resource(ConfigMap).namespace('default');
const secrets = () => server.client.resource(Secret).namespace('default');
const names = async () => (await maps().list()).items.map(({ metadata }) => metadata.name).sort();

it('applies what is wanted and prunes what was, and nothing of others', async () => {
  const owner = await maps().create({ metadata: { name: 'owner' } });
  await maps().create({
    metadata: { name: 'by-hand', ownerReferences: [ownerReference(ConfigMap, owner, true)] },
  });
  const want = (...wanted: string[]) =>
    applyChildren({
      client: server.client,
      owner,
      ownerKind: ConfigMap,
      children: [
        ...wanted.map((name) => child(ConfigMap, { metadata: { name }, data: { of: 'owner' } })),
        ...(wanted.includes('a') ? [child(Secret, { metadata: { name: 's' } })] : []),
      ],
      kinds: [ConfigMap, Secret],
      fieldManager: 'widgets',
    });
  const { applied } = await want('a', 'b');
  expect(applied.map(({ metadata }) => metadata.name)).toEqual(['a', 'b', 's']);
  expect(applied[0]?.metadata.ownerReferences).toMatchObject([{ name: 'owner', controller: true }]);
  const again = await want('a', 'b');
  expect(again.applied.map(({ metadata }) => metadata.resourceVersion)).toEqual(
    applied.map(({ metadata }) => metadata.resourceVersion),
  );
  const { pruned } = await want('b', 'c');
  expect(pruned.map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort()).toEqual([
    'ConfigMap/a',
    'Secret/s',
  ]);
  expect(await names()).toEqual(['b', 'by-hand', 'c', 'owner']);
  expect(await secrets().get('s').catch(isNotFound)).toBe(true);

  const other = await maps().create({ metadata: { name: 'other' } });
  const taken = applyChildren({
    client: server.client,
    owner: other,
    ownerKind: ConfigMap,
    children: [child(ConfigMap, { metadata: { name: 'b' } })],
    kinds: [],
    fieldManager: 'others',
  });
  await expect(taken).rejects.toThrow(/[Oo]nly one reference can have Controller set to true/);
});

it('applies a status beside what others write of it, and takes back what it leaves out', async () => {
  const deployments = server.client.resource(Deployment).namespace('default');
  const labels = { app: 'web' };
  const made = await deployments.create({
    metadata: { name: 'web' },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'x' }] } },
    },
  });
  await applyStatus(deployments, made, { replicas: 2, readyReplicas: 1 }, { fieldManager: 'one' });
  await applyStatus(deployments, made, { observedGeneration: 1 }, { fieldManager: 'two' });
  const after = await applyStatus(deployments, made, { replicas: 2 }, { fieldManager: 'one' });
  expect(after.status).toEqual({ replicas: 2, observedGeneration: 1 });
  await deployments.delete('web');
  await expect(applyStatus(deployments, made, { replicas: 3 })).rejects.toThrow();
});
