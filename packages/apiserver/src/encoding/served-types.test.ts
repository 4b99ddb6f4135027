import { readdirSync, readFileSync } from 'node:fs';
import type { KubernetesObject } from '@kubewright/api';
import { builtinKinds } from '@kubewright/api/builtin';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withoutNulls } from '../patch/merge-patch.js';
import { ApiServer } from '../server.js';
import { MemoryStorage } from '../storage/memory.js';
import { storedBytes } from './object-bytes.js';
import { decodeProtobuf, encodeProtobuf } from './protobuf.js';

const protobuf = 'application/vnd.kubernetes.protobuf';
const storage = new MemoryStorage();
let server: ApiServer;
let handler: ReturnType<ApiServer['inProcess']>;
beforeAll(async () => {
  server = await ApiServer.start({
    storage,
    logger: pino({ level: 'silent' }),
    // Among the objects are configurations of webhooks that nobody answers.
    disableAdmissionPlugins: ['ServiceAccount', 'MutatingAdmissionWebhook', 'ValidatingAdmissionWebhook'],
  });
  handler = server.inProcess({ name: 'admin', groups: ['system:masters'] });
});
afterAll(async () => {
  await server.close(0);
  await storage.close();
});

interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly query?: string;
  readonly accept?: string;
  readonly type?: string;
  readonly body?: Uint8Array | string;
}

async function ask({ method = 'GET', path, query = '', accept, type, body }: Asked) {
  const answer = await handler({
    method,
    path,
    query: new URLSearchParams(query),
    headers: {
      ...(accept === undefined ? {} : { accept }),
      ...(type === undefined ? {} : { 'content-type': type }),
    },
    ...(body === undefined ? {} : { body }),
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer.body) chunks.push(chunk);
  return { status: answer.status, type: answer.headers['content-type'], body: Buffer.concat(chunks) };
}

const json = ({ body }: { body: Buffer }) => JSON.parse(body.toString('utf8'));

/** What differs between two objects that were created one after the other. */
function comparable(object: Record<string, unknown>): object {
  const {
    uid: _u,
    resourceVersion: _r,
    creationTimestamp: _c,
    managedFields: _m,
    ...metadata
  } = object.metadata as Record<string, unknown>;
  return { ...object, metadata };
}

const podSpec = { containers: [{ name: 'a', image: 'a', resources: { limits: { cpu: '500m' } } }] };
const template = { metadata: { labels: { app: 'a' } }, spec: podSpec };
const selector = { matchLabels: { app: 'a' } };
const namespaced = '/namespaces/default';
const objects: Record<string, Record<string, unknown>> = {
  [`/api/v1${namespaced}/configmaps`]: {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    data: { a: 'ü' },
    immutable: false,
  },
  [`/api/v1${namespaced}/secrets`]: { apiVersion: 'v1', kind: 'Secret', data: { a: 'AAEC' } },
  [`/api/v1${namespaced}/services`]: {
    apiVersion: 'v1',
    kind: 'Service',
    spec: { clusterIP: 'None', selector: { app: 'a' }, ports: [{ port: 80, targetPort: 'web' }] },
  },
  [`/api/v1${namespaced}/pods`]: {
    apiVersion: 'v1',
    kind: 'Pod',
    spec: { ...podSpec, terminationGracePeriodSeconds: 0 },
  },
  [`/apis/apps/v1${namespaced}/deployments`]: {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    spec: { replicas: 0, selector, template },
  },
  [`/apis/batch/v1${namespaced}/cronjobs`]: {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    spec: {
      schedule: '* * * * *',
      suspend: false,
      jobTemplate: { spec: { template: { spec: { ...podSpec, restartPolicy: 'Never' } } } },
    },
  },
  [`/apis/autoscaling/v2${namespaced}/horizontalpodautoscalers`]: {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    spec: { scaleTargetRef: { kind: 'Deployment', name: 'a', apiVersion: 'apps/v1' }, maxReplicas: 3 },
  },
  [`/apis/coordination.k8s.io/v1${namespaced}/leases`]: {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    spec: { holderIdentity: 'a', leaseDurationSeconds: 40, renewTime: '2026-01-02T03:04:05.000670Z' },
  },
  [`/apis/policy/v1${namespaced}/poddisruptionbudgets`]: {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    spec: { minAvailable: '50%', selector },
  },
  '/api/v1/namespaces': { apiVersion: 'v1', kind: 'Namespace' },
  '/apis/rbac.authorization.k8s.io/v1/clusterroles': {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }],
  },
};

describe('created in one type and read in the other', () => {
  it.each(Object.entries(objects))('%s', async (path, object) => {
    const named = (name: string) => ({ ...object, metadata: { name, labels: { app: 'a' } } });
    const fromProtobuf = await ask({
      method: 'POST',
      path,
      type: protobuf,
      accept: 'application/json',
      body: encodeProtobuf(named('p')),
    });
    expect(fromProtobuf.status, fromProtobuf.body.toString()).toBe(201);
    const fromJson = await ask({
      method: 'POST',
      path,
      type: 'application/json',
      accept: protobuf,
      body: JSON.stringify(named('j')),
    });
    expect([fromJson.status, fromJson.type]).toEqual([201, protobuf]);
    const read = async (name: string) => {
      const asJson = json(await ask({ path: `${path}/${name}` }));
      const asProtobuf = await ask({ path: `${path}/${name}`, accept: `${protobuf},application/json` });
      expect(asProtobuf.type).toBe(protobuf);
      expect(decodeProtobuf(asProtobuf.body).object).toEqual(withoutNulls(asJson));
      return asJson;
    };
    expect(comparable(await read('p'))).toEqual({
      ...comparable(await read('j')),
      metadata: expect.objectContaining({ name: 'p' }),
    });
    const list = await ask({ path, accept: protobuf });
    expect(decodeProtobuf(list.body).object).toEqual(withoutNulls(json(await ask({ path }))));
  });
});

describe('the published round trip data, stored as it is', () => {
  const folder = new URL('../../testdata/roundtrip/', import.meta.url);
  const read = (name: string) => readFileSync(new URL(name, folder));
  const cases = readdirSync(folder).flatMap((file) => {
    if (!file.endsWith('.pb')) return [];
    const object = JSON.parse(read(file.replace(/pb$/, 'json')).toString()) as KubernetesObject;
    const kind = builtinKinds.find((one) => one.kind === object.kind && one.apiVersion === object.apiVersion);
    return kind?.verbs.includes('get') ? [{ file, object, kind }] : [];
  });

  it.each(cases)('$file is served in both types', async ({ file, object, kind }) => {
    const served = server.resources.at(kind.group, kind.version, kind.plural);
    if (served === undefined) throw new Error(`${kind.kind} is not served`);
    const { namespace = '', name = '' } = object.metadata;
    const within = kind.scope === 'Namespaced' ? `namespaces/${namespace}/` : '';
    const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.apiVersion}`;
    const path = `${root}/${within}${kind.plural}/${name}`;
    const stored =
      served.conversion === undefined ? object : served.conversion.toStored(structuredClone(object));
    const revision = await storage.write(served.resource.key(namespace, name), () => ({
      put: storedBytes(stored),
    }));
    const asJson = json(await ask({ path }));
    expect(asJson.metadata.resourceVersion).toBe(String(revision));
    expect(decodeProtobuf((await ask({ path, accept: protobuf })).body).object).toEqual(asJson);
    asJson.metadata.resourceVersion = object.metadata.resourceVersion;
    expect(asJson).toEqual(object);
    expect(Buffer.from(encodeProtobuf(asJson)).equals(read(file))).toBe(true);
  });
});

const namespaces = '/api/v1/namespaces';
const form = (as: string, type = protobuf) => `${type};as=${as};g=meta.k8s.io;v=v1`;

describe('answers in protobuf', () => {
  it('are errors too', async () => {
    const { status, type, body } = await ask({ path: `${namespaces}/nobody`, accept: protobuf });
    expect([status, type]).toEqual([404, protobuf]);
    expect(decodeProtobuf(body).object).toMatchObject({
      kind: 'Status',
      status: 'Failure',
      reason: 'NotFound',
      code: 404,
      details: { name: 'nobody', kind: 'namespaces' },
    });
  });

  it('are no Tables, which are JSON or YAML', async () => {
    const path = `${namespaces}/default`;
    const offered = `${form('Table')},${form('Table', 'application/json')}`;
    expect((await ask({ path, accept: offered })).type).toBe('application/json');
    const refused = await ask({ path, accept: form('Table') });
    expect([refused.status, refused.type]).toEqual([406, 'application/json']);
  });

  it('carry metadata alone', async () => {
    const one = await ask({ path: `${namespaces}/default`, accept: form('PartialObjectMetadata') });
    const { object } = decodeProtobuf(one.body);
    const whole = json(await ask({ path: `${namespaces}/default` }));
    expect(object).toEqual({
      kind: 'PartialObjectMetadata',
      apiVersion: 'meta.k8s.io/v1',
      metadata: whole.metadata,
    });
    const list = await ask({ path: namespaces, accept: form('PartialObjectMetadataList') });
    const names = (decodeProtobuf(list.body).object.items as KubernetesObject[]).map(
      ({ metadata }) => metadata.name,
    );
    expect(names).toEqual(
      json(await ask({ path: namespaces })).items.map(({ metadata }: KubernetesObject) => metadata.name),
    );
  });

  it('say when one was asked for and there are many, and the other way round', async () => {
    const many = await ask({ path: namespaces, accept: form('PartialObjectMetadata') });
    expect([many.status, json(many).message]).toEqual([
      406,
      'you requested PartialObjectMetadata, but the requested object is a list (*core.NamespaceList)',
    ]);
    const one = await ask({
      path: `${namespaces}/default`,
      accept: form('PartialObjectMetadataList', 'application/json'),
    });
    expect(json(one).message).toBe(
      'you requested PartialObjectMetadataList, but the requested object is not a list (*core.Namespace)',
    );
  });

  it('follow deletes whose options are protobuf', async () => {
    const path = `/api/v1${namespaced}/configmaps`;
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'gone' } };
    await ask({ method: 'POST', path, type: protobuf, body: encodeProtobuf(object) });
    const remove = (uid: string) =>
      ask({
        method: 'DELETE',
        path: `${path}/gone`,
        type: protobuf,
        accept: protobuf,
        body: encodeProtobuf({ apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } }),
      });
    expect((await remove('another')).status).toBe(409);
    const { metadata } = json(await ask({ path: `${path}/gone` }));
    const removed = await remove(metadata.uid);
    expect(decodeProtobuf(removed.body).object).toMatchObject({ kind: 'Status', status: 'Success' });
  });
});

it('refuses what it could not answer before it does anything', async () => {
  const path = `/api/v1${namespaced}/configmaps`;
  const body = JSON.stringify({ metadata: { name: 'unanswered' } });
  const refused = await ask({ method: 'POST', path, type: 'application/json', accept: 'text/html', body });
  expect(refused.status).toBe(406);
  expect((await ask({ path: `${path}/unanswered` })).status).toBe(404);
});

it('writes YAML as Go does', async () => {
  const { type, body } = await ask({ path: `${namespaces}/default`, accept: 'application/yaml' });
  expect(type).toBe('application/yaml');
  expect(body.toString()).toMatch(/^apiVersion: v1\nkind: Namespace\nmetadata:\n {2}creationTimestamp: "/);
});

describe('a watch', () => {
  const first = async (accept: string, count: number) => {
    const answer = await handler({
      method: 'GET',
      path: namespaces,
      query: new URLSearchParams('watch=true&fieldSelector=metadata.name=default&timeoutSeconds=1'),
      headers: { accept },
    });
    let bytes = Buffer.alloc(0);
    for await (const chunk of answer.body) {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.length >= count) break;
    }
    return { type: answer.headers['content-type'], bytes };
  };

  it('is a line of JSON for each event', async () => {
    const { type, bytes } = await first('application/json;stream=watch', 1);
    expect(type).toBe('application/json');
    expect(JSON.parse(bytes.toString())).toMatchObject({ type: 'ADDED', object: { kind: 'Namespace' } });
  });

  it('is a length and a message for each event in protobuf', async () => {
    const { type, bytes } = await first(`${protobuf};stream=watch`, 5);
    expect(type).toBe(`${protobuf};stream=watch`);
    expect(bytes.readUInt32BE(0)).toBe(bytes.length - 4);
    expect(bytes.subarray(4, 11).toString()).toBe('\n\x05ADDED');
    const { object } = decodeProtobuf(bytes.subarray(bytes.indexOf('k8s\0')));
    expect(object).toEqual(json(await ask({ path: `${namespaces}/default` })));
  });

  it('does not exist in YAML', async () => {
    const answer = await ask({ path: namespaces, query: 'watch=true', accept: 'application/yaml' });
    expect([answer.status, answer.type]).toEqual([406, 'application/yaml']);
    expect(answer.body.toString()).toContain('application/vnd.kubernetes.protobuf;stream=watch');
  });
});

it.each([
  ['/api', 'APIVersions'],
  ['/apis', 'APIGroupList'],
  ['/apis/apps', 'APIGroup'],
  ['/api/v1', 'APIResourceList'],
  ['/apis/apps/v1', 'APIResourceList'],
])('serves discovery at %s in each type', async (path, kind) => {
  const asJson = json(await ask({ path, accept: 'application/json' }));
  expect(asJson.kind).toBe(kind);
  const { type, body } = await ask({ path, accept: `${protobuf},application/json` });
  expect(type).toBe(protobuf);
  expect(decodeProtobuf(body, 'v1').object).toEqual({ apiVersion: 'v1', ...asJson });
  const yaml = await ask({ path, accept: 'application/yaml' });
  expect(yaml.body.toString()).toContain(`kind: ${kind}\n`);
});

it.each(['/openapi/v3/apis/apps/v1', '/openapi/v2', '/apis'])('knows %s again', async (path) => {
  const accept =
    path === '/apis' ? 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' : '*/*';
  const get = (known: Record<string, string>) =>
    handler({ method: 'GET', path, headers: { accept, ...known } });
  const { etag = '' } = (await get({})).headers;
  expect(etag).toMatch(/^"[0-9A-F]+"$/);
  expect((await get({ 'if-none-match': etag })).status).toBe(304);
});
