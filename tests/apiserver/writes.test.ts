import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RawAnswer, startTlsServer, type TlsServer } from '../tls-server.js';
import { WatchStream } from './watch-stream.js';

interface Item {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation?: number;
    readonly creationTimestamp: string;
    readonly deletionTimestamp?: string;
    readonly deletionGracePeriodSeconds?: number;
    readonly finalizers?: readonly string[];
  };
  readonly data?: Record<string, string>;
  readonly spec?: Record<string, unknown>;
  readonly status?: Record<string, unknown>;
}

let server: TlsServer;
const started = Date.parse('2026-01-01T00:00:00Z');

beforeAll(async () => {
  server = await startTlsServer({ now: () => started });
});
afterAll(() => server.close());

const maps = '/api/v1/namespaces/default/configmaps';
const pods = '/api/v1/namespaces/default/pods';
const deployments = '/apis/apps/v1/namespaces/default/deployments';

const post = (path: string, body: object, headers = {}) =>
  server.send({ method: 'POST', path, body, headers });
const put = (path: string, body: object) => server.send({ method: 'PUT', path, body });
const get = (path: string) => server.send({ path });
const remove = (path: string, body?: object) =>
  server.send({ method: 'DELETE', path, ...(body === undefined ? {} : { body }) });
const merge = (path: string, body: object) =>
  server.send({ method: 'PATCH', path, body, headers: { 'content-type': 'application/merge-patch+json' } });

function item(answer: RawAnswer, code = 200): Item {
  if (answer.code !== code) throw new Error(`${answer.code}: ${answer.text}`);
  return answer.json<Item>();
}

const deployment = (name: string) => ({
  metadata: { name },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'a', image: 'b' }] },
    },
  },
});
const pod = (name: string, more: object = {}) => ({
  metadata: { name, ...more },
  spec: { containers: [{ name: 'a', image: 'b' }] },
});

describe('create', () => {
  it('fills what only the server knows, and ignores what a client says about it', async () => {
    const body = {
      metadata: {
        name: 'filled',
        uid: 'mine',
        creationTimestamp: '1999-01-01T00:00:00Z',
        deletionTimestamp: '1999-01-01T00:00:00Z',
        generation: 7,
        selfLink: '/x',
      },
    };
    const { metadata } = item(await post(maps, body), 201);
    expect(metadata.uid).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(metadata).toMatchObject({ namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z' });
    for (const none of ['deletionTimestamp', 'selfLink', 'managedFields'])
      expect(metadata).not.toHaveProperty(none);
  });

  it('makes a name of generateName', async () => {
    const names = new Set<string>();
    for (let i = 0; i < 5; i++)
      names.add(item(await post(maps, { metadata: { generateName: 'gen-' } }), 201).metadata.name);
    expect(names.size).toBe(5);
    for (const name of names) expect(name).toMatch(/^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  it('sets defaults', async () => {
    const { spec, metadata } = item(await post(deployments, deployment('defaults')), 201);
    expect(metadata.generation).toBe(1);
    expect(spec).toMatchObject({
      progressDeadlineSeconds: 600,
      revisionHistoryLimit: 10,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      template: {
        spec: { restartPolicy: 'Always', dnsPolicy: 'ClusterFirst', terminationGracePeriodSeconds: 30 },
      },
    });
  });

  it('takes YAML', async () => {
    const created = await server.send({
      method: 'POST',
      path: maps,
      body: 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\ndata:\n  a: "1"\n  when: 2026-01-01\n',
      headers: { 'content-type': 'application/yaml' },
    });
    expect(item(created, 201).data).toEqual({ a: '1', when: '2026-01-01' });
  });

  it('tries without doing', async () => {
    expect(item(await post(`${maps}?dryRun=All`, { metadata: { name: 'dry' } }), 201).metadata.uid).not.toBe(
      '',
    );
    expect((await get(`${maps}/dry`)).code).toBe(404);
    const real = item(await post(maps, { metadata: { name: 'dry' } }), 201);
    expect((await post(`${maps}?dryRun=All`, { metadata: { name: 'dry' } })).code).toBe(409);
    await merge(`${maps}/dry?dryRun=All`, { data: { a: 'b' } });
    await remove(`${maps}/dry?dryRun=All`);
    expect(item(await get(`${maps}/dry`))).toMatchObject({ metadata: real.metadata });
  });
});

describe('update and patch', () => {
  it('replaces, and keeps what may not change', async () => {
    const made = item(
      await post(maps, { metadata: { name: 'put', labels: { a: 'b' } }, data: { x: '1' } }),
      201,
    );
    const updated = item(await put(`${maps}/put`, { metadata: { name: 'put' }, data: { y: '2' } }));
    expect(updated.data).toEqual({ y: '2' });
    expect(updated.metadata).toMatchObject({
      uid: made.metadata.uid,
      creationTimestamp: made.metadata.creationTimestamp,
    });
    expect(updated.metadata).not.toHaveProperty('labels');
    expect(updated.metadata.resourceVersion).not.toBe(made.metadata.resourceVersion);
  });

  it('refuses a second writer of the same version', async () => {
    const made = item(await post(maps, { metadata: { name: 'race' } }), 201);
    const answers = await Promise.all(
      [1, 2, 3].map((n) => put(`${maps}/race`, { metadata: made.metadata, data: { n: String(n) } })),
    );
    expect(answers.map(({ code }) => code).sort()).toEqual([200, 409, 409]);
  });

  it('applies all patches of writers that do not name a version', async () => {
    await post(maps, { metadata: { name: 'patched' } });
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => merge(`${maps}/patched`, { data: { [`k${n}`]: 'v' } })),
    );
    expect(Object.keys(item(await get(`${maps}/patched`)).data ?? {})).toHaveLength(20);
  });

  it('keeps the resourceVersion of what does not change', async () => {
    const made = item(await post(maps, { metadata: { name: 'same' }, data: { a: '1', b: '2' } }), 201);
    const stream = await WatchStream.open(
      server,
      `${maps}?watch=true&resourceVersion=${made.metadata.resourceVersion}`,
    );
    const again = item(await put(`${maps}/same`, { metadata: { name: 'same' }, data: { b: '2', a: '1' } }));
    expect(again.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
    const patched = item(await merge(`${maps}/same`, { data: { a: '1' } }));
    expect(patched.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
    await post(maps, { metadata: { name: 'other' } });
    expect(await stream.names(1)).toEqual(['ADDED other']);
    stream.close();
  });

  it('counts the labels of an EndpointSlice as wanted, its annotations not', async () => {
    const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
    await post(slices, { metadata: { name: 'slice' }, addressType: 'IPv4', endpoints: [] });
    const change = async (metadata: object) =>
      item(await merge(`${slices}/slice`, { metadata })).metadata.generation;
    expect(await change({ annotations: { a: 'b' } })).toBe(1);
    expect(await change({ labels: { a: 'b' } })).toBe(2);
    expect(await change({ labels: { a: 'b' } })).toBe(2);
    expect(await change({ labels: null })).toBe(3);
  });

  it('counts the generation of the wanted state only', async () => {
    await post(deployments, deployment('counted'));
    const path = `${deployments}/counted`;
    expect(item(await merge(path, { metadata: { labels: { a: 'b' } } })).metadata.generation).toBe(1);
    expect(item(await merge(path, { spec: { replicas: 5 } })).metadata.generation).toBe(2);
    expect(item(await merge(`${path}/status`, { status: { replicas: 5 } })).metadata.generation).toBe(2);
  });

  it('patches lists by their keys, by position, or whole', async () => {
    await post(deployments, deployment('lists'));
    const path = `${deployments}/lists`;
    const containers = [{ name: 'c', image: 'd' }];
    const body = { spec: { template: { spec: { containers } } } };
    const strategic = await server.send({
      method: 'PATCH',
      path,
      body,
      headers: { 'content-type': 'application/strategic-merge-patch+json' },
    });
    expect(item(strategic).spec).toMatchObject({
      template: { spec: { containers: [{ name: 'c' }, { name: 'a' }] } },
    });
    const byPosition = await server.send({
      method: 'PATCH',
      path,
      body: [{ op: 'remove', path: '/spec/template/spec/containers/0' }],
      headers: { 'content-type': 'application/json-patch+json' },
    });
    expect(item(byPosition).spec).toMatchObject({ template: { spec: { containers: [{ name: 'a' }] } } });
    expect(item(await merge(path, body)).spec).toMatchObject({
      template: { spec: { containers: [{ name: 'c' }] } },
    });
  });

  it('applies on the server: creates, shares, conflicts, forces', async () => {
    const apply = (manager: string, data: object, query = '') =>
      server.send({
        method: 'PATCH',
        path: `${maps}/applied?fieldManager=${manager}${query}`,
        body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied' }, data },
        headers: { 'content-type': 'application/apply-patch+yaml' },
      });
    expect((await apply('one', { a: '1' })).code).toBe(201);
    expect(item(await apply('two', { b: '2' })).data).toEqual({ a: '1', b: '2' });
    const conflict = await apply('two', { a: '9', b: '2' });
    expect(conflict.code).toBe(409);
    expect(conflict.json()).toMatchObject({
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "one": .data.a',
      details: {
        causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.a' }],
      },
    });
    expect(item(await apply('two', { a: '9', b: '2' }, '&force=true')).data).toEqual({ a: '9', b: '2' });
    expect(item(await apply('two', { b: '2' })).data).toEqual({ b: '2' });
  });
});

describe('status and scale', () => {
  it('keeps status and the rest apart', async () => {
    await post(deployments, { ...deployment('apart'), status: { replicas: 9 } });
    const path = `${deployments}/apart`;
    const made = item(await get(path));
    expect(made.status ?? {}).not.toHaveProperty('replicas');
    const status = item(
      await put(`${path}/status`, { ...made, spec: { ...made.spec, replicas: 9 }, status: { replicas: 3 } }),
    );
    expect(status).toMatchObject({ spec: { replicas: 2 }, status: { replicas: 3 } });
    const rest = item(await merge(path, { spec: { replicas: 4 }, status: { replicas: 8 } }));
    expect(rest).toMatchObject({ spec: { replicas: 4 }, status: { replicas: 3 } });
    expect(item(await get(`${path}/status`))).toMatchObject({ kind: 'Deployment' });
  });

  it('scales', async () => {
    await post(deployments, deployment('scaled'));
    const path = `${deployments}/scaled/scale`;
    const scale = item(await get(path));
    expect(scale).toMatchObject({
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      spec: { replicas: 2 },
      status: { selector: 'app=scaled' },
    });
    expect(item(await put(path, { metadata: scale.metadata, spec: { replicas: 6 } })).spec).toEqual({
      replicas: 6,
    });
    expect(item(await merge(path, { spec: { replicas: 1 } })).spec).toEqual({ replicas: 1 });
    expect(item(await get(`${deployments}/scaled`)).spec).toMatchObject({ replicas: 1 });
    expect((await put(path, { metadata: scale.metadata, spec: { replicas: 2 } })).code).toBe(409);
    const negative = await merge(path, { spec: { replicas: -1 } });
    expect(negative.code).toBe(422);
    expect(negative.json().message).toBe(
      'Scale.autoscaling "scaled" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    );
  });
});

describe('delete', () => {
  it('answers with a Status of what it deleted', async () => {
    const { metadata } = item(await post(maps, { metadata: { name: 'gone' } }), 201);
    expect((await remove(`${maps}/gone`)).json()).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name: 'gone', kind: 'configmaps', uid: metadata.uid },
    });
    expect((await get(`${maps}/gone`)).code).toBe(404);
    expect((await remove(`${maps}/gone`)).code).toBe(404);
  });

  it('checks preconditions', async () => {
    const { metadata } = item(await post(maps, { metadata: { name: 'kept' } }), 201);
    const uid = await remove(`${maps}/kept`, { preconditions: { uid: 'other' } });
    expect(uid.code).toBe(409);
    expect(uid.json().message).toBe(
      `Operation cannot be fulfilled on ConfigMap "kept": the UID in the precondition (other) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    );
    expect((await remove(`${maps}/kept`, { preconditions: { resourceVersion: '1' } })).code).toBe(409);
    expect((await remove(`${maps}/kept`, { preconditions: { uid: metadata.uid } })).code).toBe(200);
  });

  it('waits for finalizers', async () => {
    await post(maps, { metadata: { name: 'held', finalizers: ['example.com/mine'] } });
    const held = item(await remove(`${maps}/held`));
    expect(held.metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T00:00:00Z',
      deletionGracePeriodSeconds: 0,
      finalizers: ['example.com/mine'],
    });
    const added = await merge(`${maps}/held`, {
      metadata: { finalizers: ['example.com/mine', 'example.com/new'] },
    });
    expect(added.code).toBe(422);
    expect(added.json().message).toContain(
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted',
    );
    await merge(`${maps}/held`, { metadata: { finalizers: [] } });
    expect((await get(`${maps}/held`)).code).toBe(404);
  });

  it('gives running pods their grace, which may only become shorter', async () => {
    await post(pods, pod('graceful'));
    const binding = { metadata: { name: 'graceful' }, target: { kind: 'Node', name: 'n' } };
    await post(`${pods}/graceful/binding`, binding);
    const path = `${pods}/graceful`;
    expect(item(await get(path)).spec).toMatchObject({ nodeName: 'n' });
    expect(item(await remove(path)).metadata).toMatchObject({
      deletionGracePeriodSeconds: 30,
      deletionTimestamp: '2026-01-01T00:00:30Z',
    });
    expect(item(await remove(path, { gracePeriodSeconds: 60 })).metadata.deletionGracePeriodSeconds).toBe(30);
    expect(item(await remove(path, { gracePeriodSeconds: 5 })).metadata).toMatchObject({
      deletionGracePeriodSeconds: 5,
      deletionTimestamp: '2026-01-01T00:00:05Z',
    });
    expect(item(await remove(path, { gracePeriodSeconds: 0 })).kind).toBe('Pod');
    expect((await get(path)).code).toBe(404);
  });

  it('deletes pods at once that no node runs', async () => {
    await post(pods, pod('loose'));
    expect(item(await remove(`${pods}/loose`)).kind).toBe('Pod');
    expect((await get(`${pods}/loose`)).code).toBe(404);
  });

  it.each([
    ['Orphan', ['orphan']],
    ['Foreground', ['foregroundDeletion']],
    ['Background', undefined],
  ])('marks an object for the propagation policy %s', async (propagationPolicy, finalizers) => {
    await post(deployments, deployment('owner'));
    const deleted = await remove(`${deployments}/owner`, { propagationPolicy });
    if (finalizers === undefined) expect(deleted.json().status).toBe('Success');
    else {
      expect(item(deleted).metadata.finalizers).toEqual(finalizers);
      await merge(`${deployments}/owner`, { metadata: { finalizers: null } });
    }
    expect((await get(`${deployments}/owner`)).code).toBe(404);
  });

  it('deletes what selectors name', async () => {
    for (const [name, tier] of [
      ['c1', 'x'],
      ['c2', 'x'],
      ['c3', 'y'],
    ])
      await post(maps, { metadata: { name, labels: { tier } } });
    const answer = await remove(`${maps}?labelSelector=tier%3Dx`);
    const { items } = answer.json<{ kind: string; items: Item[] }>();
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['c1', 'c2']);
    expect((await get(`${maps}/c1`)).code).toBe(404);
    expect((await get(`${maps}/c3`)).code).toBe(200);
  });
});

describe('namespaces', () => {
  it('end when they are empty and finalized, and take nothing new meanwhile', async () => {
    const path = '/api/v1/namespaces';
    expect(item(await post(path, { metadata: { name: 'life' } }), 201)).toMatchObject({
      metadata: { labels: { 'kubernetes.io/metadata.name': 'life' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
    await post(`${path}/life/configmaps`, { metadata: { name: 'a' } });
    expect(item(await remove(`${path}/life`)).status).toMatchObject({ phase: 'Terminating' });
    const refused = await post(`${path}/life/configmaps`, { metadata: { name: 'b' } });
    expect(refused.code).toBe(403);
    expect(refused.json()).toMatchObject({
      reason: 'Forbidden',
      message:
        'configmaps "b" is forbidden: unable to create new content in namespace life because it is being terminated',
      details: {
        causes: [
          {
            reason: 'NamespaceTerminating',
            message: 'namespace life is being terminated',
            field: 'metadata.namespace',
          },
        ],
      },
    });
    expect((await remove(`${path}/life/configmaps/a`)).code).toBe(200);
    await put(`${path}/life/finalize`, { metadata: { name: 'life' }, spec: { finalizers: [] } });
    expect((await get(`${path}/life`)).code).toBe(404);
  });

  it.each(['default', 'kube-system'])('keep %s', async (name) => {
    const answer = await remove(`/api/v1/namespaces/${name}`);
    expect(answer.code).toBe(403);
    expect(answer.json().message).toBe(
      `namespaces "${name}" is forbidden: this namespace may not be deleted`,
    );
  });
});

describe('a write of the status', () => {
  const status = (path: string, body: object) => merge(`${path}/status`, body);

  it('may annotate a built-in object, and what the kind keeps stays', async () => {
    item(
      await post(deployments, { ...deployment('noted'), metadata: { name: 'noted', labels: { a: 'b' } } }),
      201,
    );
    const metadata = { annotations: { x: 'y' }, labels: { a: 'c' } };
    const { spec, ...noted } = item(
      await status(`${deployments}/noted`, { metadata, spec: { replicas: 9 }, status: { replicas: 3 } }),
    );
    expect(noted).toMatchObject({
      metadata: { annotations: { x: 'y' }, labels: { a: 'b' }, generation: 1 },
      status: { replicas: 3 },
    });
    expect(spec).toMatchObject({ replicas: 2 });
  });
});

describe('a dry run', () => {
  it('names the address and the port that a Service would get, and takes none', async () => {
    const services = '/api/v1/namespaces/default/services';
    const addresses = '/apis/networking.k8s.io/v1/ipaddresses';
    const before = (await get(addresses)).json<{ items: unknown[] }>().items.length;
    const spec = {
      type: 'NodePort',
      ports: [
        { name: 'a', port: 80 },
        { name: 'b', port: 81 },
      ],
    };
    const answer = await post(`${services}?dryRun=All`, { metadata: { name: 'dry' }, spec });
    const { clusterIP, ports } = item(answer, 201).spec as {
      clusterIP: string;
      ports: { nodePort: number }[];
    };
    expect(clusterIP).toMatch(/^10\./);
    expect(new Set(ports.map(({ nodePort }) => nodePort >= 30000 && nodePort))).toHaveProperty('size', 2);
    expect((await get(addresses)).json<{ items: unknown[] }>().items).toHaveLength(before);
    expect((await get(`${services}/dry`)).code).toBe(404);
  });
});

describe('owner references that are the same', () => {
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'u-1' };
  const text = (when: string) =>
    `.metadata.ownerReferences contains duplicate entries${when}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: u-1`;

  it.each([
    ['POST', maps, ''],
    ['PUT', `${maps}/owned`, ''],
    ['PATCH', `${maps}/owned`, ' after mutating admission happens'],
  ])('are kept once by a %s, which warns', async (method, path, when) => {
    const metadata = { name: 'owned', ownerReferences: [owner, owner] };
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const answer = await server.send({ method, path, body: { metadata }, headers: { 'content-type': type } });
    expect(answer.warnings).toEqual([text(when)]);
    expect(answer.json<object>()).toMatchObject({ metadata: { ownerReferences: [owner] } });
  });
});
it.each([
  ['deletionTimestamp', '2020-01-01T00:00:00Z', 'field is immutable'],
  ['deletionGracePeriodSeconds', 5, 'field is immutable'],
  ['finalizers', [''], 'name part must be non-empty'],
])('refuses %s that no client may write', async (field, value, why) => {
  const name = `unwritten-${field.toLowerCase()}`;
  await post(maps, { metadata: { name } });
  const answer = await put(`${maps}/${name}`, { metadata: { name, [field]: value } });
  expect(answer.code).toBe(422);
  expect(answer.json().message).toContain(`metadata.${field}: Invalid value: `);
  expect(answer.json().message).toContain(why);
});
