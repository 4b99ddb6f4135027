import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlreadyExists, isConflict, isNotFound } from '@kubewright/api';
import { Deployment } from '@kubewright/api/apps/v1';
import { ConfigMap, Namespace, Pod } from '@kubewright/api/core/v1';
import { ApiServer, MemoryStorage, PkiDirectory } from '@kubewright/apiserver';
import {
  Client,
  connectionOf,
  inProcessTransport,
  parseKubeconfig,
  renderKubeconfig,
} from '@kubewright/client';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let directory = '';
let server: ApiServer;
let admin: { readonly kubeconfig: string; readonly ca: string };
let port = 0;
let start: () => Promise<void>;
const clients: Client[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'client-'));
  const pki = await PkiDirectory.open(directory);
  const serving = await pki.server('apiserver', 'kube-apiserver', ['127.0.0.1', 'localhost']);
  const user = await pki.client('admin', {
    user: 'kubernetes-admin',
    groups: ['system:masters'],
  });
  const storage = new MemoryStorage();
  start = async () => {
    server = await ApiServer.start({
      storage,
      logger: pino({ level: 'silent' }),
      disableAdmissionPlugins: ['ServiceAccount'],
    });
    ({ port } = await server.listen({
      certificate: serving.certificate,
      key: serving.key,
      clientCA: pki.authority.certificate,
      host: '127.0.0.1',
      port,
    }));
  };
  await start();
  const kubeconfig = renderKubeconfig({
    name: 'test',
    server: `https://127.0.0.1:${port}`,
    ca: pki.authority.certificate,
    clientCertificate: user.certificate,
    clientKey: user.key,
  });
  admin = { kubeconfig, ca: pki.authority.certificate };
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await server.close();
  await rm(directory, { recursive: true });
});

async function overTls(): Promise<Client> {
  return Client.fromConnection(await connectionOf(await parseKubeconfig(admin.kubeconfig, 'kubeconfig')));
}

async function inProcess(): Promise<Client> {
  return new Client(inProcessTransport(server.inProcess({ name: 'admin', groups: ['system:masters'] })));
}

describe.each([
  ['over TLS', overTls, 'tls'],
  ['in process', inProcess, 'inside'],
] as const)('the client %s', (_title, connect, namespace) => {
  let client: Client;
  beforeAll(async () => {
    client = await connect();
    clients.push(client);
    await client.resource(Namespace).create({ metadata: { name: namespace } });
  });

  it('creates, reads, replaces, patches, applies and deletes', async () => {
    const maps = client.resource(ConfigMap).namespace(namespace);
    const created = await maps.create({ metadata: { name: 'a' }, data: { one: '1' } });
    expect(created.metadata.namespace).toBe(namespace);
    expect(
      isAlreadyExists(await maps.create({ metadata: { name: 'a' } }).catch((error: unknown) => error)),
    ).toBe(true);
    const replaced = await maps.replace({ ...created, data: { two: '2' } });
    expect(isConflict(await maps.replace(created).catch((error: unknown) => error))).toBe(true);
    expect(replaced.data).toEqual({ two: '2' });
    await maps.patchMerge('a', { data: { three: '3', two: null } });
    await maps.patchJson('a', [{ op: 'add', path: '/data/four', value: '4' }]);
    await maps.patchStrategic('a', { metadata: { labels: { app: 'web' } } });
    expect(await maps.get('a')).toMatchObject({
      data: { three: '3', four: '4' },
      metadata: { labels: { app: 'web' } },
    });
    expect((await maps.list({ labelSelector: 'app=web' })).items.map(({ kind }) => kind)).toEqual([
      'ConfigMap',
    ]);
    await maps.delete('a', { preconditions: { uid: created.metadata.uid ?? '' } });
    expect(isNotFound(await maps.get('a').catch((error: unknown) => error))).toBe(true);
  });

  it('lists in pages and by fields', async () => {
    const maps = client.resource(ConfigMap).namespace(namespace);
    for (const name of ['p1', 'p2', 'p3', 'p4', 'p5']) await maps.create({ metadata: { name } });
    const sizes: number[] = [];
    for await (const page of maps.pages({ limit: 2 })) sizes.push(page.items.length);
    expect(sizes.reduce((sum, size) => sum + size)).toBe((await maps.list()).items.length);
    expect(sizes[0]).toBe(2);
    const one = await maps.list({ fieldSelector: 'metadata.name=p3' });
    expect(one.items.map(({ metadata }) => metadata.name)).toEqual(['p3']);
    await maps.deleteCollection();
    expect((await maps.list()).items).toEqual([]);
  });

  it('reads its own writes through an informer', async () => {
    const ending = new AbortController();
    const pods = client
      .informer(Pod, {
        namespace,
        indexes: { app: ({ metadata }) => [metadata.labels?.app ?? ''] },
      })
      .start(ending.signal);
    await pods.synced;
    const resource = client.resource(Pod).namespace(namespace);
    const pod = await resource.create({
      metadata: { name: 'web', labels: { app: 'web' } },
      spec: { containers: [{ name: 'c', image: 'example/image' }] },
    });
    await pods.waitFor(pod.metadata.resourceVersion ?? '', { timeoutMs: 5000 });
    expect(pods.byIndex('app', 'web')[0]?.metadata.uid).toBe(pod.metadata.uid);
    await resource.bind('web', 'n1');
    await resource.status.patchMerge('web', { status: { phase: 'Running' } });
    const running = await resource.waitFor('web', (object) => object?.status?.phase === 'Running', {
      timeoutMs: 5000,
    });
    expect(running?.spec?.nodeName).toBe('n1');
    await resource.delete('web', { gracePeriodSeconds: 0 });
    expect(
      await resource.waitFor('web', (object) => object === undefined, { timeoutMs: 5000 }),
    ).toBeUndefined();
    ending.abort();
  });

  it('scales, and knows kinds by discovery', async () => {
    const labels = { app: 'd' };
    const deployments = client.resource(Deployment).namespace(namespace);
    await deployments.create({
      metadata: { name: 'd' },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'example/image' }] } },
      },
    });
    const scale = await deployments.scale.get('d');
    await deployments.scale.replace({ ...scale, spec: { replicas: 3 } });
    expect((await deployments.get('d')).spec?.replicas).toBe(3);
    const dynamic = await client.dynamic({ apiVersion: 'apps/v1', kind: 'Deployment' });
    expect((await dynamic.namespace(namespace).get('d')).metadata.name).toBe('d');
    expect((await client.discovery.kinds()).some(({ kind }) => kind === 'EndpointSlice')).toBe(true);
    expect((await client.version()).major).toBe('1');
  });
});

describe('a client over TLS', () => {
  it('says what is wrong with certificates', async () => {
    const connection = await connectionOf(await parseKubeconfig(admin.kubeconfig, 'kubeconfig'));
    const unknown = await Client.fromConnection({ ...connection, ca: undefined });
    await expect(unknown.version()).rejects.toThrow(
      "must hold the authority that signed the server's certificate",
    );
    const elsewhere = await Client.fromConnection({ ...connection, tlsServerName: 'other.example' });
    await expect(elsewhere.version()).rejects.toThrow(
      'set tls-server-name to a name that the certificate has',
    );
    const trusting = await Client.fromConnection({
      ...connection,
      ca: undefined,
      insecureSkipTlsVerify: true,
    });
    expect((await trusting.version()).major).toBe('1');
    const nobody = await Client.fromConnection({ server: connection.server, ca: admin.ca });
    await expect(nobody.resource(Namespace).list()).rejects.toMatchObject({ reason: 'Unauthorized' });
    clients.push(unknown, elsewhere, trusting, nobody);
  });

  it('goes on after the server was away', async () => {
    const client = await overTls();
    clients.push(client);
    const ending = new AbortController();
    const maps = client.informer(ConfigMap, { namespace: 'default' }).start(ending.signal);
    await maps.synced;
    const told: string[] = [];
    maps.on({ add: ({ metadata }) => told.push(metadata.name ?? '') });
    told.length = 0;
    await server.close();
    await start();
    const resource = client.resource(ConfigMap).namespace('default');
    const created = await resource.create({ metadata: { name: 'after' } });
    await maps.waitFor(created.metadata.resourceVersion ?? '', { timeoutMs: 10_000 });
    expect(told).toEqual(['after']);
    ending.abort();
  });
});
