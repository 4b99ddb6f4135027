import { defineKind } from '@kubewright/api';
import { kindRules } from '@kubewright/apiserver';
import { Type } from 'typebox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RawAnswer, startTlsServer, type TlsServer } from '../tls-server.js';

/** Lists of each kind, maps granular and atomic, by the extensions of its schema. */
const Route = defineKind({
  group: 'example.dev',
  version: 'v1',
  kind: 'Route',
  subresources: { status: true },
  schema: Type.Object({
    spec: Type.Object({
      hosts: Type.Optional(Type.Array(Type.String(), { 'x-kubernetes-list-type': 'set' })),
      steps: Type.Optional(Type.Array(Type.String(), { 'x-kubernetes-list-type': 'atomic' })),
      rules: Type.Optional(
        Type.Array(Type.Object({ path: Type.String(), weight: Type.Optional(Type.Integer()) }), {
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['path'],
        }),
      ),
      options: Type.Optional(
        Type.Object({ a: Type.Optional(Type.String()), b: Type.Optional(Type.String()) }),
      ),
      target: Type.Optional(
        Type.Object(
          { name: Type.Optional(Type.String()), port: Type.Optional(Type.Integer()) },
          { 'x-kubernetes-map-type': 'atomic' },
        ),
      ),
    }),
    status: Type.Optional(Type.Object({ ready: Type.Optional(Type.Boolean()) })),
  }),
});

interface Entry {
  readonly manager: string;
  readonly operation: string;
  readonly subresource?: string;
  readonly time: string;
  readonly fieldsV1: object;
}
interface Item {
  readonly metadata: { readonly resourceVersion: string; readonly managedFields?: readonly Entry[] };
  readonly spec?: Record<string, unknown>;
  readonly status?: object;
  readonly data?: Record<string, string>;
}

let server: TlsServer;
let now = Date.parse('2026-01-01T00:00:00Z');

beforeAll(async () => {
  server = await startTlsServer({ now: () => now, kinds: [kindRules(Route)] });
});
afterAll(() => server.close());

const maps = '/api/v1/namespaces/default/configmaps';
const routes = '/apis/example.dev/v1/namespaces/default/routes';

const send = (method: string, path: string, body?: object | string, type = 'application/json') =>
  server.send({ method, path, headers: { 'content-type': type }, ...(body === undefined ? {} : { body }) });
const apply = (path: string, config: object | string, query: string) =>
  send('PATCH', `${path}?${query}`, config, 'application/apply-patch+yaml');
const merge = (path: string, body: object) => send('PATCH', path, body, 'application/merge-patch+json');
function item(answer: RawAnswer): Item {
  if (answer.code >= 300) throw new Error(`${answer.code}: ${answer.text}`);
  return answer.json<Item>();
}
const owners = ({ metadata }: Item) =>
  Object.fromEntries((metadata.managedFields ?? []).map(({ manager, fieldsV1 }) => [manager, fieldsV1]));
const map = (name: string, data: object) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});
const route = (name: string, spec: object) => ({
  ...{ apiVersion: 'example.dev/v1', kind: 'Route', metadata: { name } },
  spec,
});

describe('an apply', () => {
  it('creates, and changes neither version nor times when it is repeated', async () => {
    const first = await apply(`${maps}/again`, map('again', { a: '1' }), 'fieldManager=one');
    expect(first.code).toBe(201);
    now += 60_000;
    const second = await apply(`${maps}/again`, map('again', { a: '1' }), 'fieldManager=one');
    expect(second.code).toBe(200);
    expect(second.json<Item>()).toEqual(first.json<Item>());
    now += 60_000;
    const third = item(await apply(`${maps}/again`, map('again', { a: '2' }), 'fieldManager=one'));
    expect(third.metadata.resourceVersion).not.toBe(first.json<Item>().metadata.resourceVersion);
    expect(third.metadata.managedFields?.[0]?.time).toBe('2026-01-01T00:02:00Z');
  });

  it('shares what two set alike, and removes what the last one no longer lists', async () => {
    const path = `${maps}/shared`;
    item(await apply(path, map('shared', { a: '1', b: '2' }), 'fieldManager=one'));
    expect(owners(item(await apply(path, map('shared', { a: '1' }), 'fieldManager=two')))).toEqual({
      one: { 'f:data': { 'f:a': {}, 'f:b': {} } },
      two: { 'f:data': { 'f:a': {} } },
    });
    const kept = item(await apply(path, map('shared', {}), 'fieldManager=one'));
    expect(kept.data).toEqual({ a: '1' });
    expect(item(await apply(path, map('shared', {}), 'fieldManager=two')).data).toBeUndefined();
  });

  it('is refused with a cause for each field that others own, unless it is forced', async () => {
    const path = `${maps}/contested`;
    item(await apply(path, map('contested', { a: '1', b: '1' }), 'fieldManager=one'));
    item(await merge(`${path}?fieldManager=hand`, { data: { b: '2' } }));
    const wanted = map('contested', { a: '9', b: '9' });
    const refused = await apply(path, wanted, 'fieldManager=two');
    expect(refused.json()).toMatchObject({
      ...{ code: 409, reason: 'Conflict' },
      message:
        'Apply failed with 2 conflicts: conflicts with "hand" using v1:\n- .data.b\nconflicts with "one":\n- .data.a',
      details: {
        causes: [
          { reason: 'FieldManagerConflict', message: 'conflict with "hand" using v1', field: '.data.b' },
          { reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.a' },
        ],
      },
    });
    const forced = item(await apply(path, wanted, 'fieldManager=two&force=true'));
    expect(owners(forced)).toEqual({ two: { 'f:data': { 'f:a': {}, 'f:b': {} } } });
  });

  it('takes over what kubectl applied from the client, where nobody changed it since', async () => {
    const path = `${maps}/taken-over`;
    const applied = map('taken-over', { a: '1', b: '1' });
    const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
    const metadata = { name: 'taken-over', annotations: { [annotation]: JSON.stringify(applied) } };
    item(await send('POST', `${maps}?fieldManager=kubectl-client-side-apply`, { ...applied, metadata }));
    const changed = map('taken-over', { a: '2', b: '1' });
    expect((await apply(path, changed, 'fieldManager=other')).code).toBe(409);
    const taken = item(await apply(path, changed, 'fieldManager=kubectl'));
    expect(taken.data).toEqual({ a: '2', b: '1' });
    item(await merge(`${path}?fieldManager=hand`, { data: { b: '7' } }));
    const again = await apply(path, map('taken-over', { a: '2', b: '1' }), 'fieldManager=kubectl');
    expect(again.json().message).toContain('conflict with "hand" using v1: .data.b');
  });

  it.each([
    [[{}], undefined],
    [[], { one: { 'f:data': { 'f:a': {} } } }],
  ])('is forgotten with managed fields %j', async (managedFields, expected) => {
    const name = `forgotten-${managedFields.length}`;
    item(await apply(`${maps}/${name}`, map(name, { a: '1' }), 'fieldManager=one'));
    const patched = item(await merge(`${maps}/${name}`, { metadata: { managedFields } }));
    expect(patched.metadata.managedFields && owners(patched)).toEqual(expected);
  });

  it('of keys that occur twice is told as YAML', async () => {
    const body =
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"twice"},"data":{"a":"1","a":"2"}}';
    const problem = 'line 1: key "a" already set in map';
    const strict = await apply(`${maps}/twice`, body, 'fieldManager=one&fieldValidation=Strict');
    expect(strict.json()).toMatchObject({
      code: 400,
      message: `error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  ${problem}`,
    });
    const warned = await apply(`${maps}/twice`, body, 'fieldManager=one&fieldValidation=Warn');
    expect([warned.code, ...warned.warnings]).toEqual([201, problem]);
  });

  it('keeps the times of an update that changes nothing', async () => {
    const before = item(await send('POST', maps, map('still', { a: '1' })));
    now += 60_000;
    const { resourceVersion: _, managedFields: __, ...metadata } = before.metadata;
    const after = item(await send('PUT', `${maps}/still`, { data: { a: '1' }, metadata }));
    expect(after).toEqual(before);
  });
});

describe('a kind in TypeScript', () => {
  it('is applied to by the lists and maps of its schema', async () => {
    const path = `${routes}/r`;
    const one = { hosts: ['a', 'b'], rules: [{ path: '/', weight: 1 }], options: { a: '1' } };
    item(await apply(path, route('r', one), 'fieldManager=one'));
    const two = { hosts: ['b', 'c'], rules: [{ path: '/x' }], options: { b: '2' } };
    const both = item(await apply(path, route('r', two), 'fieldManager=two'));
    expect(both.spec).toEqual({
      hosts: ['a', 'b', 'c'],
      rules: [{ path: '/', weight: 1 }, { path: '/x' }],
      options: { a: '1', b: '2' },
    });
    const left = item(await apply(path, route('r', {}), 'fieldManager=one'));
    expect(left.spec).toEqual({ hosts: ['b', 'c'], rules: [{ path: '/x' }], options: { b: '2' } });
  });

  it('has fields that are owned whole', async () => {
    const path = `${routes}/whole`;
    const one = { steps: ['a'], target: { name: 'x' } };
    item(await apply(path, route('whole', one), 'fieldManager=one'));
    const two = { steps: ['a', 'b'], target: { port: 1 } };
    const refused = await apply(path, route('whole', two), 'fieldManager=two');
    expect(refused.json().details?.causes?.map(({ field }) => field)).toEqual([
      '.spec.steps',
      '.spec.target',
    ]);
    const forced = item(await apply(path, route('whole', two), 'fieldManager=two&force=true'));
    expect(forced.spec).toEqual(two);
  });

  it('has a status that is applied to by itself', async () => {
    item(await apply(`${routes}/status`, route('status', { options: { a: '1' } }), 'fieldManager=one'));
    const config = { ...route('status', { options: { a: '9' } }), status: { ready: true } };
    const applied = item(await apply(`${routes}/status/status`, config, 'fieldManager=one'));
    expect(applied).toMatchObject({ spec: { options: { a: '1' } }, status: { ready: true } });
    expect(applied.metadata.managedFields).toMatchObject([
      { manager: 'one', operation: 'Apply', fieldsV1: { 'f:spec': { 'f:options': { 'f:a': {} } } } },
      {
        manager: 'one',
        operation: 'Apply',
        subresource: 'status',
        fieldsV1: { 'f:status': { 'f:ready': {} } },
      },
    ]);
    const missing = await apply(
      `${routes}/none/status`,
      { ...config, metadata: { name: 'none' } },
      'fieldManager=x',
    );
    expect(missing.code).toBe(404);
  });
});

describe('an autoscaler', () => {
  it('is applied to at two versions, each manager known by what it wrote', async () => {
    const scalers = (version: string) =>
      `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers/h`;
    const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
    const config = (version: string, spec: object) => ({
      ...{ apiVersion: `autoscaling/${version}`, kind: 'HorizontalPodAutoscaler', metadata: { name: 'h' } },
      spec: { scaleTargetRef, ...spec },
    });
    const old = { maxReplicas: 5, targetCPUUtilizationPercentage: 50 };
    item(await apply(scalers('v1'), config('v1', old), 'fieldManager=one'));
    const target = { type: 'Utilization', averageUtilization: 60 };
    const metrics = [{ type: 'Resource', resource: { name: 'cpu', target } }];
    const refused = await apply(scalers('v2'), config('v2', { maxReplicas: 5, metrics }), 'fieldManager=two');
    expect(refused.json().message).toBe(
      'Apply failed with 1 conflict: conflict with "one": .spec.targetCPUUtilizationPercentage',
    );
    const forced = item(
      await apply(scalers('v2'), config('v2', { maxReplicas: 5, metrics }), 'fieldManager=two&force=true'),
    );
    expect(owners(forced)).toMatchObject({
      one: { 'f:spec': { 'f:maxReplicas': {} } },
      two: { 'f:spec': { 'f:maxReplicas': {}, 'f:metrics': {} } },
    });
    expect(item(await send('GET', scalers('v1'))).spec?.targetCPUUtilizationPercentage).toBe(60);
  });
});

describe("an update of a kind of one's own", () => {
  it('names the resourceVersion that it changes', async () => {
    const route = { apiVersion: 'example.dev/v1', kind: 'Route', metadata: { name: 'versioned' }, spec: {} };
    const created = await send('POST', routes, route);
    expect(created.code).toBe(201);
    const refused = await send('PUT', `${routes}/versioned`, route);
    expect(refused.code).toBe(422);
    expect(refused.json().message).toBe(
      'routes.example.dev "versioned" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
    );
    expect((await send('PUT', `${routes}/versioned`, created.json<object>())).code).toBe(200);
  });
});
