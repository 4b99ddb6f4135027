import {
  ApiException,
  ApisApi,
  AppsV1Api,
  CoreV1Api,
  KubeConfig,
  KubernetesObjectApi,
  PatchStrategy,
  setHeaderOptions,
  type V1ConfigMap,
  type V1Status,
  VersionApi,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTlsServer, type TlsServer } from '../tls-server.js';

let server: TlsServer;
let config: KubeConfig;
let core: CoreV1Api;
beforeAll(async () => {
  server = await startTlsServer();
  config = new KubeConfig();
  config.loadFromFile(server.kubeconfig);
  core = config.makeApiClient(CoreV1Api);
});
afterAll(() => server.close());

const namespace = 'default';

function create(name: string, more: Partial<V1ConfigMap> = {}): Promise<V1ConfigMap> {
  return core.createNamespacedConfigMap({ namespace, body: { metadata: { name }, ...more } });
}

/** The Status with which a call is refused. */
async function refusal(call: Promise<unknown>): Promise<V1Status> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiException)) throw new Error('the call was not refused', { cause: error });
  const status = JSON.parse(error.body as string) as V1Status;
  expect(status).toMatchObject({ kind: 'Status', status: 'Failure', code: error.code });
  return status;
}

describe('the official JavaScript client', () => {
  it('reads the version and the groups', async () => {
    expect((await config.makeApiClient(VersionApi).getCode()).major).toBe('1');
    const { groups } = await config.makeApiClient(ApisApi).getAPIVersions();
    expect(groups.map(({ name }) => name)).toContain('apps');
  });

  it('creates, reads, lists and replaces, and is told of conflicts', async () => {
    const created = await create('a', {
      metadata: { name: 'a', labels: { app: 'a' } },
      data: { color: 'red' },
    });
    expect(created.metadata?.creationTimestamp).toBeInstanceOf(Date);
    const got = await core.readNamespacedConfigMap({ namespace, name: 'a' });
    expect(got).toEqual(created);
    const { items } = await core.listNamespacedConfigMap({ namespace, labelSelector: 'app=a' });
    expect(items).toEqual([expect.objectContaining({ data: { color: 'red' } })]);
    const replace = (body: V1ConfigMap) => core.replaceNamespacedConfigMap({ namespace, name: 'a', body });
    const replaced = await replace({ ...got, data: { color: 'blue' } });
    expect(replaced.data).toEqual({ color: 'blue' });
    expect(await refusal(replace({ ...got, data: {} }))).toMatchObject({ code: 409, reason: 'Conflict' });
  });

  it.each<[string, PatchStrategy, object, Record<string, string>]>([
    [
      'a JSON patch',
      PatchStrategy.JsonPatch,
      [{ op: 'add', path: '/data/b', value: '2' }],
      { a: '1', b: '2' },
    ],
    ['a merge patch', PatchStrategy.MergePatch, { data: { a: null, b: '2' } }, { b: '2' }],
    ['a strategic merge patch', PatchStrategy.StrategicMergePatch, { data: { b: '2' } }, { a: '1', b: '2' }],
    [
      'server-side apply',
      PatchStrategy.ServerSideApply,
      { apiVersion: 'v1', kind: 'ConfigMap', data: { b: '2' } },
      { a: '1', b: '2' },
    ],
  ])('patches with %s', async (_, strategy, body, data) => {
    const { metadata } = await core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { generateName: 'patched-' }, data: { a: '1' } },
    });
    const patched = await core.patchNamespacedConfigMap(
      {
        namespace,
        name: metadata?.name ?? '',
        body,
        ...(strategy === PatchStrategy.ServerSideApply ? { fieldManager: 'test', force: true } : {}),
      },
      setHeaderOptions('Content-Type', strategy),
    );
    expect(patched.data).toEqual(data);
  });

  it('reads a list page by page', async () => {
    for (const name of ['p1', 'p2', 'p3'])
      await create(name, { metadata: { name, labels: { paged: 'yes' } } });
    const names: string[] = [];
    let token: string | undefined;
    do {
      const page = await core.listNamespacedConfigMap({
        namespace,
        labelSelector: 'paged=yes',
        limit: 2,
        ...(token === undefined ? {} : { _continue: token }),
      });
      names.push(...page.items.map(({ metadata }) => metadata?.name ?? ''));
      token = page.metadata?._continue;
    } while (token !== undefined && token !== '');
    expect(names).toEqual(['p1', 'p2', 'p3']);
  });

  it('is told what is wrong', async () => {
    const absent = await refusal(core.readNamespacedConfigMap({ namespace, name: 'nothing' }));
    expect(absent).toMatchObject({
      code: 404,
      reason: 'NotFound',
      message: 'configmaps "nothing" not found',
      details: { name: 'nothing', kind: 'configmaps' },
    });
    await create('twice');
    expect(await refusal(create('twice'))).toMatchObject({ code: 409, reason: 'AlreadyExists' });
    const invalid = await refusal(create('No Name'));
    expect(invalid).toMatchObject({ code: 422, reason: 'Invalid' });
    expect(invalid.details?.causes).toMatchObject([{ reason: 'FieldValueInvalid', field: 'metadata.name' }]);
    const list = core.listNamespacedConfigMap({ namespace, labelSelector: 'a in b' });
    expect(await refusal(list)).toMatchObject({ code: 400, reason: 'BadRequest' });
    const unknown = core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name: 'unknown' }, data: { a: 1 as never } },
    });
    expect(await refusal(unknown)).toMatchObject({ code: 400, reason: 'BadRequest' });
  });

  it('scales a deployment and writes its status', async () => {
    const apps = config.makeApiClient(AppsV1Api);
    const labels = { app: 'web' };
    await apps.createNamespacedDeployment({
      namespace,
      body: {
        metadata: { name: 'web' },
        spec: {
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web:1' }] } },
        },
      },
    });
    const of = { namespace, name: 'web' };
    const scale = await apps.readNamespacedDeploymentScale(of);
    expect(scale).toMatchObject({ spec: { replicas: 1 }, status: { selector: 'app=web' } });
    await apps.replaceNamespacedDeploymentScale({ ...of, body: { ...scale, spec: { replicas: 3 } } });
    const status = { observedGeneration: 2, conditions: [] };
    const body = { ...(await apps.readNamespacedDeployment(of)), status };
    const written = await apps.replaceNamespacedDeploymentStatus({ ...of, body });
    expect(written).toMatchObject({ spec: { replicas: 3 }, status: { observedGeneration: 2 } });
  });

  it('deletes one and many, with preconditions', async () => {
    await create('doomed');
    const remove = (uid?: string) =>
      core.deleteNamespacedConfigMap({
        namespace,
        name: 'doomed',
        ...(uid === undefined ? {} : { body: { preconditions: { uid } } }),
      });
    expect(await refusal(remove('another'))).toMatchObject({ code: 409, reason: 'Conflict' });
    expect(await remove()).toMatchObject({ status: 'Success', details: { name: 'doomed' } });
    expect(await refusal(remove())).toMatchObject({ code: 404 });
    await create('many', { metadata: { name: 'many', labels: { many: 'yes' } } });
    await core.deleteCollectionNamespacedConfigMap({ namespace, labelSelector: 'many=yes' });
    const { items } = await core.listNamespacedConfigMap({ namespace, labelSelector: 'many=yes' });
    expect(items).toEqual([]);
  });

  it('finds kinds by discovery and handles objects of any', async () => {
    const objects = KubernetesObjectApi.makeApiClient(config);
    const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'any', namespace } };
    await objects.create({ ...manifest, data: { a: '1' } });
    const read = await objects.read<V1ConfigMap>(manifest);
    expect(read.data).toEqual({ a: '1' });
    const { items } = await objects.list('apps/v1', 'Deployment', namespace);
    expect(Array.isArray(items)).toBe(true);
    await objects.delete(manifest);
    expect(await refusal(objects.read(manifest))).toMatchObject({ code: 404 });
  });
});
