import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import {
  isAlreadyExists,
  isApiError,
  isConditionTrue,
  isConflict,
  isForbidden,
  isInvalid,
  isNotFound,
  type Kind,
  type KubernetesObject,
} from '@kubewright/api';
import { StatefulSet } from '@kubewright/api/apps/v1';
import { ConfigMap, Namespace, Node, Pod, ServiceAccount } from '@kubewright/api/core/v1';
import { PodDisruptionBudget } from '@kubewright/api/policy/v1';
import {
  Client,
  type ConnectionOptions,
  loadConnection,
  readManifests,
  type TransportRequest,
} from '@kubewright/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../tools/source-files.js';
import { kubewright } from '../cli/kubewright.js';
import { type RunningServer, servers } from './client-servers.js';

/** Every test is the same for each server: the client must not have to know which one it talks to. */
describe.each(servers)('the client against %s', (_name, start) => {
  let server: RunningServer;
  let connection: ConnectionOptions;
  let client: Client;
  let directory: string;
  const requests: TransportRequest[] = [];
  const clients: Client[] = [];
  const ending = new AbortController();
  const { signal } = ending;

  beforeAll(async () => {
    // Inside the repository, where what is generated finds the packages; ignored by git.
    const scratch = join(root, 'node_modules/.cache');
    await mkdir(scratch, { recursive: true });
    directory = await mkdtemp(join(scratch, 'interop-'));
    server = await start();
    connection = await loadConnection({ path: server.kubeconfig });
    const plain = await Client.fromConnection(connection, { userAgent: 'interop/1' });
    client = plain.through((transport) => ({
      ...transport,
      request(request) {
        requests.push(request);
        return transport.request(request);
      },
    }));
    clients.push(plain);
    await client.resource(Namespace).create({ metadata: { name: 'web' } });
    await client
      .resource(ServiceAccount)
      .create({ metadata: { name: 'default', namespace: 'web' } })
      .catch((error: unknown) => {
        // A controller was faster, where there are controllers.
        if (!isAlreadyExists(error)) throw error;
      });
  }, 180_000);
  afterAll(async () => {
    ending.abort();
    await Promise.all(clients.map((one) => one.close()));
    await server?.close();
    await rm(directory, { recursive: true, force: true });
  });

  const faultOf = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => 'no fault',
      (error: unknown) => error,
    );
  const pod = (name: string, labels: Record<string, string> = {}): Pod => ({
    metadata: { name, labels },
    spec: {
      // Bound by the test, where there is a scheduler, too.
      schedulerName: 'none',
      automountServiceAccountToken: false,
      containers: [{ name: 'c', image: 'example/image' }],
    },
  });
  const statefulSet = (name: string): StatefulSet => ({
    metadata: { name, namespace: 'web' },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'c', image: 'example/image' }] },
      },
    },
  });

  it('creates, gets, replaces, patches, applies, lists and deletes', async () => {
    const maps = client.resource(ConfigMap).namespace('web');
    const created = await maps.create({ metadata: { name: 'a' }, data: { one: '1' } });
    expect(created.metadata.managedFields?.[0]?.manager).toBe('interop');
    expect(isAlreadyExists(await faultOf(maps.create({ metadata: { name: 'a' } })))).toBe(true);
    const replaced = await maps.replace({ ...created, data: { two: '2' } });
    expect(isConflict(await faultOf(maps.replace(created)))).toBe(true);
    expect(replaced.data).toEqual({ two: '2' });
    await maps.patchMerge('a', { data: { three: '3', two: null } });
    await maps.patchJson('a', [{ op: 'add', path: '/data/four', value: '4' }]);
    await maps.patchStrategic('a', { metadata: { labels: { app: 'a' } } });
    expect(await maps.get('a')).toMatchObject({ data: { three: '3', four: '4' } });
    const other = { fieldManager: 'other' };
    const conflict = await faultOf(maps.apply({ metadata: { name: 'a' }, data: { three: 'x' } }, other));
    expect(conflict).toMatchObject({ reason: 'Conflict', message: expect.stringContaining('"interop"') });
    await maps.apply({ metadata: { name: 'a' }, data: { three: 'x' } }, { ...other, force: true });
    const dry = await maps.patchMerge('a', { data: { five: '5' } }, { dryRun: true });
    expect(dry.data).toEqual({ three: 'x', four: '4', five: '5' });
    expect((await maps.get('a')).data).toEqual({ three: 'x', four: '4' });

    await Promise.all(
      ['p1', 'p2', 'p3'].map((name) => maps.create({ metadata: { name, labels: { p: '' } } })),
    );
    const sizes: number[] = [];
    for await (const { items } of maps.pages({ limit: 2, labelSelector: 'p' })) sizes.push(items.length);
    expect(sizes).toEqual([2, 1]);
    const names: unknown[] = [];
    for await (const { kind, metadata } of maps.metadataOnly().listAll({ labelSelector: 'p' }))
      names.push([kind, metadata.name]);
    expect(names).toEqual(['p1', 'p2', 'p3'].map((name) => ['PartialObjectMetadata', name]));
    const one = await maps.list({ fieldSelector: 'metadata.name=p3' });
    expect(one.items.map(({ kind, metadata }) => [kind, metadata.name])).toEqual([['ConfigMap', 'p3']]);
    await maps.deleteCollection({ labelSelector: 'p' });
    await maps.delete('a', { preconditions: { uid: created.metadata.uid ?? '' } });
    expect(isNotFound(await faultOf(maps.get('a')))).toBe(true);
  });

  it('writes statuses, scales, binds, evicts and issues tokens', async () => {
    await client.resource(StatefulSet).create(statefulSet('d'));
    const sets = client.resource(StatefulSet).namespace('web');
    const scale = await sets.scale.get('d');
    await sets.scale.replace({ ...scale, spec: { replicas: 3 } });
    await sets.scale.patchMerge('d', { spec: { replicas: 4 } });
    expect((await sets.get('d')).spec?.replicas).toBe(4);

    await client.resource(Node).create({ metadata: { name: 'n1' } });
    const pods = client.resource(Pod).namespace('web');
    for (const name of ['bound', 'guarded']) {
      await pods.create(pod(name, { app: name }));
      await pods.bind(name, 'n1');
      await pods.status.patchMerge(name, {
        status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
      });
    }
    expect(await pods.get('bound')).toMatchObject({
      spec: { nodeName: 'n1' },
      status: { phase: 'Running' },
    });
    const budgets = client.resource(PodDisruptionBudget).namespace('web');
    await budgets.create({
      metadata: { name: 'guard' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'guarded' } } },
    });
    const impatient = await Client.fromConnection(connection, { retries: 0 });
    clients.push(impatient);
    const guarded = await faultOf(impatient.resource(Pod).namespace('web').evict('guarded'));
    expect(guarded).toMatchObject({ reason: 'TooManyRequests', code: 429 });
    await pods.evict('bound', { gracePeriodSeconds: 0 });
    expect(
      await pods.waitFor('bound', (found) => found === undefined, { timeoutMs: 20_000 }),
    ).toBeUndefined();

    const accounts = client.resource(ServiceAccount).namespace('web');
    const { token } = await accounts.token('default', { expirationSeconds: 600 });
    const { server: address, ca } = connection;
    const robot = await Client.fromConnection({ server: address, ca, token: async () => token });
    clients.push(robot);
    const forbidden = await faultOf(robot.resource(ConfigMap).namespace('web').list());
    expect(isForbidden(forbidden)).toBe(true);
    expect(forbidden).toMatchObject({
      message: expect.stringContaining('"system:serviceaccount:web:default"'),
    });
    const nobody = await Client.fromConnection({ server: address, ca, token: async () => 'bad' });
    clients.push(nobody);
    expect(await faultOf(nobody.version())).toMatchObject({ reason: 'Unauthorized', code: 401 });
    const acting = await Client.fromConnection({
      ...connection,
      impersonate: { user: 'jo', groups: ['g'], extra: { 'example.dev/why': ['x'] } },
    });
    clients.push(acting);
    expect(await faultOf(acting.resource(ConfigMap).namespace('web').list())).toMatchObject({
      message: expect.stringContaining('User "jo" cannot list resource "configmaps"'),
    });
  });

  it('says what is wrong, with the fields', async () => {
    const maps = client.resource(ConfigMap).namespace('web');
    const invalid = await faultOf(
      client
        .resource(Pod)
        .namespace('web')
        .create({ metadata: { name: 'No' } }),
    );
    expect(isInvalid(invalid)).toBe(true);
    expect(isApiError(invalid) && invalid.details?.causes?.map(({ field }) => field)).toEqual(
      expect.arrayContaining(['metadata.name', 'spec.containers']),
    );
    const unknown = { metadata: { name: 'u' }, datta: {} } as ConfigMap;
    expect(await faultOf(maps.create(unknown, { fieldValidation: 'Strict' }))).toMatchObject({
      reason: 'BadRequest',
      message: expect.stringContaining('unknown field "datta"'),
    });
    expect(await faultOf(client.dynamic({ apiVersion: 'none.example/v1', kind: 'None' }))).toMatchObject({
      reason: 'NotFound',
    });
    const logs = client.resource(Pod).namespace('web').logs('none');
    expect(isNotFound(await faultOf(logs.next()))).toBe(true);
    const exec = client
      .resource(Pod)
      .namespace('web')
      .exec('none', { command: ['true'] });
    expect(isNotFound(await faultOf(exec))).toBe(true);
    const forward = client.resource(Pod).namespace('web').portForward('none', 80);
    expect(isNotFound(await faultOf(forward))).toBe(true);
  });

  it('prints tables, and knows kinds by what the server says of them', async () => {
    const table = await client.resource(StatefulSet).namespace('web').table({ includeObject: 'Object' });
    expect(table.columnDefinitions.slice(0, 2).map(({ name, priority }) => [name, priority])).toEqual([
      ['Name', 0],
      ['Ready', 0],
    ]);
    expect(table.rows[0]?.cells[0]).toBe('d');
    expect(table.rows[0]?.object.spec?.replicas).toBe(4);
    for (const name of ['sts', 'statefulsets', 'StatefulSet', 'statefulsets.apps', 'statefulsets.v1.apps'])
      expect(await client.discovery.kindNamed(name)).toMatchObject({
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        scope: 'Namespaced',
        subresources: { scale: { group: 'autoscaling', kind: 'Scale' } },
      });
    expect((await client.discovery.kindNamed('po')).apiVersion).toBe('v1');
    const dynamic = await client.dynamic({ apiVersion: 'apps/v1', kind: 'StatefulSet' });
    expect((await dynamic.namespace('web').get('d')).metadata.name).toBe('d');
    expect((await client.version()).major).toBe('1');
  });

  it('watches: one watch as it is, and informers with streamed lists and their own writes', async () => {
    const maps = client.resource(ConfigMap).namespace('web');
    await maps.create({ metadata: { name: 'w1', labels: { w: '' } } });
    const before = (await maps.list({ labelSelector: 'w' })).metadata.resourceVersion;
    await maps.patchMerge('w1', { data: { a: '1' } });
    await maps.delete('w1');
    const seen: unknown[] = [];
    for await (const { type, object } of maps.watch({ labelSelector: 'w', resourceVersion: before ?? '' })) {
      seen.push([type, object.metadata.name]);
      if (type === 'DELETED') break;
    }
    expect(seen).toEqual([
      ['MODIFIED', 'w1'],
      ['DELETED', 'w1'],
    ]);

    requests.length = 0;
    const informer = client
      .informer(ConfigMap, {
        namespace: 'web',
        labelSelector: 'i',
        indexes: { team: ({ data }) => [data?.team ?? ''] },
      })
      .start(signal);
    await informer.synced;
    // A kube-apiserver over an etcd that can't tell its progress refuses the stream, and pages do.
    expect(requests[0]?.query?.get('sendInitialEvents')).toBe('true');
    expect(requests.length).toBeLessThanOrEqual(3);
    const made = await maps.create({ metadata: { name: 'i1', labels: { i: '' } }, data: { team: 'red' } });
    await informer.waitFor(made.metadata.resourceVersion ?? '', { timeoutMs: 10_000 });
    expect(informer.byIndex('team', 'red')).toEqual([expect.objectContaining({ data: { team: 'red' } })]);
    const changed = await maps.patchMerge('i1', { data: { team: 'blue' } });
    await informer.waitFor(changed.metadata.resourceVersion ?? '', { timeoutMs: 10_000 });
    expect(informer.byIndex('team', 'red')).toEqual([]);
    await maps.delete('i1');
    await expect.poll(() => informer.size, { timeout: 10_000 }).toBe(0);
    expect(requests.filter(({ query }) => query?.has('resourceVersion')).length).toBeLessThanOrEqual(1);
    informer.stop();
  });

  it('carries logs, processes, files and ports of a pod of a kubelet of ours', async () => {
    const nodes = client.informer(Node).start(signal);
    const isReady = ({ status }: Node) => isConditionTrue(status?.conditions, 'Ready');
    await expect.poll(() => nodes.list().some(isReady), { timeout: 20_000 }).toBe(true);
    const nodeName = nodes.list().find(isReady)?.metadata.name ?? '';
    const program = [
      "console.log('up');",
      "const { createServer } = require('node:net');",
      "createServer({ allowHalfOpen: true }, (s) => s.on('data', (d) => s.write(String(d).toUpperCase()))",
      ".on('end', () => s.end('BYE'))).listen(8080);",
    ].join('');
    const pods = client.resource(Pod).namespace('web');
    await pods.create({
      metadata: { name: 'streams' },
      spec: {
        nodeName,
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'c',
            image: 'none',
            command: [process.execPath, '-e', program],
            volumeMounts: [{ name: 'data', mountPath: '/data' }],
          },
        ],
        volumes: [{ name: 'data', emptyDir: {} }],
      },
    });
    await pods.waitFor('streams', (found) => found?.status?.phase === 'Running', { timeoutMs: 20_000 });
    const timeoutMs = 20_000;
    for await (const line of pods.logs('streams', { follow: true, timeoutMs })) {
      expect(line).toBe('up');
      break;
    }
    const command = ['sh', '-c', 'cat; echo bad >&2; exit 3'];
    const cat = await pods.exec('streams', { command, stdin: true, timeoutMs });
    await cat.write('hello');
    await cat.end();
    expect(await cat.result()).toMatchObject({ stdout: 'hello', stderr: 'bad\n', code: 3 });
    const none = await pods.exec('streams', { command: ['no-such-command'], timeoutMs });
    await expect(none.result()).rejects.toThrow('no-such-command');

    const file = join(directory, 'file');
    await writeFile(file, 'y'.repeat(200_000));
    await pods.copyTo('streams', file, '/data/file', { timeoutMs });
    await pods.copyFrom('streams', '/data/file', join(directory, 'back'), { timeoutMs });
    expect((await readFile(join(directory, 'back'))).length).toBe(200_000);

    const [open, closed] = await pods.portForwards('streams', [8080, 8081], { timeoutMs });
    if (open === undefined || closed === undefined) throw new Error('a port is missing');
    await open.write(Buffer.alloc(300_000, 'x'));
    await open.end();
    expect((await text(open.output)) === `${'X'.repeat(300_000)}BYE`).toBe(true);
    await expect(text(closed.output)).rejects.toThrow('port 8081');
    open.close();
    await pods.delete('streams');
    nodes.stop();
  }, 90_000);

  it('applies a directory and prunes what has left it, with kinds that the directory brings', async () => {
    const manifests = join(directory, 'manifests');
    await mkdir(manifests);
    const labels = 'labels: {app: shop}';
    const widget = (name: string) =>
      `apiVersion: shop.example/v1\nkind: Widget\nmetadata: {name: ${name}, namespace: shop, ${labels}}\nspec: {size: 1}\n`;
    const map = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: shop, ${labels}}\n`;
    await writeFile(join(manifests, 'a.yaml'), [widget('one'), widget('two'), map].join('---\n'));
    await writeFile(
      join(manifests, 'b.yaml'),
      `apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.shop.example}
spec:
  group: shop.example
  scope: Namespaced
  names: {plural: widgets, kind: Widget, singular: widget, listKind: WidgetList}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}
`,
    );
    const options = { prune: { labelSelector: 'app=shop' } };
    const first = await client.applyObjects(await readManifests(manifests), options);
    expect(first.applied.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual([
      'Namespace/shop',
      'CustomResourceDefinition/widgets.shop.example',
      'Widget/one',
      'Widget/two',
      'ConfigMap/settings',
    ]);
    expect(first.pruned).toEqual([]);
    await writeFile(join(manifests, 'a.yaml'), widget('one'));
    const second = await client.applyObjects(await readManifests(manifests), options);
    expect(second.pruned.map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort()).toEqual([
      'ConfigMap/settings',
      'Widget/two',
    ]);
    const bad = {
      apiVersion: 'shop.example/v1',
      kind: 'Widget',
      metadata: { name: 'bad', namespace: 'shop' },
    };
    const fault = await faultOf(
      client.applyObjects([{ ...bad, spec: { size: 'large' } } as KubernetesObject]),
    );
    expect(fault).toMatchObject({ message: expect.stringContaining('spec.size') });
  });

  it('generates clients of three definitions, from their files and from the cluster, that work', async () => {
    const generate = (...args: string[]) =>
      kubewright(['generate', 'client', ...args], { cwd: directory }).ended;
    const testdata = join(root, 'packages/cli/src/testdata');
    for (const name of ['crontab', 'zone', 'queue']) {
      const from = join(testdata, `${name}.yaml`);
      expect(await generate('--from', from, '--out', name)).toBe(0);
      await client.applyObjects(await readManifests(from));
    }
    // A server's documents follow its kinds a moment later.
    const fromCluster = async () => {
      await generate('--from', 'cluster', '--out', 'all', '--kubeconfig', server.kubeconfig);
      return existsSync(join(directory, 'all')) ? (await readdir(join(directory, 'all'))).sort() : [];
    };
    const modules = ['batch', 'dns', 'index.ts', 'schemas.ts', 'shop', 'stable'];
    await expect.poll(fromCluster, { timeout: 25_000, interval: 500 }).toEqual(modules);
    const used: Readonly<Record<string, KubernetesObject>> = {
      CronTab: { metadata: { name: 'x' }, spec: { cronSpec: '* * * * *', replicas: 1 } } as KubernetesObject,
      Zone: { metadata: { name: 'x' }, spec: { free: true } } as KubernetesObject,
      Queue: { metadata: { name: 'x' }, spec: { limit: 1 } } as KubernetesObject,
    };
    for (const [source, expected] of [
      ['crontab', ['CronTab']],
      ['zone', ['Zone']],
      ['queue', ['Queue']],
      ['all', ['CronTab', 'Queue', 'Widget', 'Zone']],
    ] as const) {
      const module = (await import(join(directory, source, 'index.ts'))) as { kinds: readonly Kind[] };
      expect([...new Set(module.kinds.map(({ kind }) => kind))].sort()).toEqual(expected);
      for (const kind of module.kinds) {
        const object = kind.version === 'v1beta1' ? undefined : used[kind.kind];
        if (object === undefined) continue;
        const resource = client.resource(kind).namespace('web');
        // A new kind is served a moment after its definition is there.
        await expect.poll(() => faultOf(resource.list()), { timeout: 20_000 }).toBe('no fault');
        await resource.create(object);
        expect(await resource.get('x')).toMatchObject({ ...object, apiVersion: kind.apiVersion });
        if (kind.subresources.scale !== undefined)
          expect((await resource.scale.get('x')).spec?.replicas).toBe(1);
        await resource.delete('x');
      }
    }
  });
});
