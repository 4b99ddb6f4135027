import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubernetesObject } from '@kubewright/api';
import { ConfigMap, ServiceAccount } from '@kubewright/api/core/v1';
import { ApiServer, MemoryStorage } from '@kubewright/apiserver';
import { Client, inProcessTransport, readManifests } from '@kubewright/client';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let directory = '';
let server: ApiServer;
let client: Client;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'apply-'));
  server = await ApiServer.start({
    storage: new MemoryStorage(),
    logger: pino({ level: 'silent' }),
    disableAdmissionPlugins: ['ServiceAccount'],
  });
  client = new Client(inProcessTransport(server.inProcess({ name: 'admin', groups: ['system:masters'] })));
});
afterAll(async () => {
  await client.close();
  await server.close();
  await rm(directory, { recursive: true });
});

const names = (objects: readonly KubernetesObject[]) =>
  objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`);

describe('applying a directory', () => {
  it('applies all, the cluster first, and prunes what is no longer there and was applied', async () => {
    const map = (name: string, value: string) =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: shop, labels: {app: shop}}\ndata: {v: "${value}"}\n`;
    await writeFile(join(directory, '1.yaml'), `${map('a', '1')}---\n${map('b', '1')}`);
    await writeFile(
      join(directory, '2.json'),
      JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }),
    );
    await writeFile(join(directory, 'notes.txt'), 'no manifest');
    await mkdir(join(directory, 'deeper'));
    const prune = { labelSelector: 'app=shop' };
    const options = { fieldManager: 'deploy', prune };
    const first = await client.applyObjects(await readManifests(directory), options);
    expect(names(first.applied)).toEqual(['Namespace/shop', 'ConfigMap/a', 'ConfigMap/b']);
    // Not applied by anybody: it stays.
    const maps = client.resource(ConfigMap).namespace('shop');
    await maps.create({ metadata: { name: 'made', labels: { app: 'shop' } } });
    // Applied by another: it stays.
    await maps.apply({ metadata: { name: 'other', labels: { app: 'shop' } } }, { fieldManager: 'else' });

    await writeFile(join(directory, '1.yaml'), map('a', '2'));
    const tried = await client.applyObjects(await readManifests(directory), { ...options, dryRun: true });
    expect(names(tried.pruned)).toEqual(['ConfigMap/b']);
    expect((await maps.list()).items).toHaveLength(4);
    const second = await client.applyObjects(await readManifests(directory), options);
    expect(names(second.pruned)).toEqual(['ConfigMap/b']);
    const left = (await maps.list()).items;
    expect(left.map(({ metadata }) => metadata.name)).toEqual(['a', 'made', 'other']);
    expect(left[0]?.data).toEqual({ v: '2' });
  });

  it('goes on after a refusal, says which objects it concerns, and then deletes nothing', async () => {
    const object = (name: string): KubernetesObject => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: 'shop', labels: { app: 'shop' } },
    });
    await expect(
      client.applyObjects(
        [object('Bad Name'), object('c'), { ...object('d'), apiVersion: 'none.example/v1', kind: 'None' }],
        { fieldManager: 'deploy', prune: { labelSelector: 'app=shop' } },
      ),
    ).rejects.toThrow(/2 of 3 objects were not applied: .*Bad Name.*no kind None in none\.example\/v1/s);
    expect((await client.resource(ConfigMap).namespace('shop').list()).items).toHaveLength(4);
    await expect(client.applyObjects([object('c')], { prune: { labelSelector: ' ' } })).rejects.toThrow(
      'prune needs a labelSelector',
    );
  });

  it('names the file and the document that are wrong', async () => {
    const path = join(directory, 'deeper', 'bad.yaml');
    await writeFile(path, 'apiVersion: v1\nkind: ConfigMap\n---\n- 1\n');
    await expect(readManifests(path)).rejects.toThrow('bad.yaml: document 2 is no object with a kind');
    await writeFile(path, 'a: [');
    await expect(readManifests(join(directory), { recursive: true })).rejects.toThrow('bad.yaml is no YAML');
  });
});

describe('typed calls', () => {
  it('print tables, with the objects where that is asked for', async () => {
    const maps = client.resource(ConfigMap).namespace('shop');
    const plain = await maps.table();
    expect(plain.columnDefinitions.map(({ name }) => name)).toEqual(['Name', 'Data', 'Age']);
    expect(plain.rows[0]?.cells.slice(0, 2)).toEqual(['a', 1]);
    expect(plain.rows[0]?.object.metadata.name).toBe('a');
    const whole = await maps.table({ includeObject: 'Object', fieldSelector: 'metadata.name=a' });
    expect(whole.rows.map(({ object }) => object.data)).toEqual([{ v: '2' }]);
    expect((await maps.table({ includeObject: 'None' })).rows[0]?.object ?? undefined).toBeUndefined();
  });

  it('fetch metadata alone', async () => {
    const whole = client.resource(ConfigMap).namespace('shop');
    const only = await whole.metadataOnly().get('a');
    expect([only.kind, only.metadata.name, 'data' in only]).toEqual(['PartialObjectMetadata', 'a', false]);
  });

  it('know kinds by the names that people use', async () => {
    const { discovery } = client;
    const found = await Promise.all(
      ['po', 'Pod', 'deployments.apps', 'deploy.v1.apps', 'svc', 'configmap.v1'].map(async (name) => {
        const { apiVersion, kind } = await discovery.kindNamed(name);
        return `${apiVersion} ${kind}`;
      }),
    );
    expect(found).toEqual([
      'v1 Pod',
      'v1 Pod',
      'apps/v1 Deployment',
      'apps/v1 Deployment',
      'v1 Service',
      'v1 ConfigMap',
    ]);
    await expect(discovery.kindNamed('gadgets.example')).rejects.toMatchObject({ reason: 'NotFound' });
  });

  it('issue tokens', async () => {
    const accounts = client.resource(ServiceAccount).namespace('shop');
    await accounts.create({ metadata: { name: 'robot' } });
    const issued = await accounts.token('robot', { expirationSeconds: 600 }).catch((error: Error) => error);
    // A server without token keys has no such subresource.
    if (issued instanceof Error) expect(issued).toMatchObject({ name: 'ApiError' });
    else expect(issued.token.split('.')).toHaveLength(3);
  });
});
