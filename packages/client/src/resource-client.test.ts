import { isConflict, isNotFound } from '@kubewright/api';
import { Deployment } from '@kubewright/api/apps/v1';
import { ConfigMap, Namespace, Pod } from '@kubewright/api/core/v1';
import { describe, expect, it } from 'vitest';
import { Client, type ClientOptions } from './client.js';
import { inProcessTransport } from './transport/in-process.js';
import { TransportError, type TransportRequest, type TransportResponse } from './transport/transport.js';
import { VirtualClock } from './virtual-clock.js';

type Answer = Error | { status?: number; headers?: Record<string, string>; body?: unknown };

/** A client whose requests are written down and answered from a list. */
function scripted(answers: Answer[], options: ClientOptions = {}) {
  const requests: TransportRequest[] = [];
  const clock = new VirtualClock();
  const transport = inProcessTransport(async (request): Promise<TransportResponse> => {
    requests.push(request);
    const answer = answers.shift() ?? { body: {} };
    if (answer instanceof Error) throw answer;
    const { status = 200, headers = {}, body = {} } = answer;
    return { status, headers, body: bytes(typeof body === 'string' ? body : JSON.stringify(body)) };
  });
  return { client: new Client(transport, { clock, random: () => 0, ...options }), requests, clock };
}

async function* bytes(text: string) {
  yield new TextEncoder().encode(text);
}

const lineOf = ({ method, path, query }: TransportRequest) =>
  `${method} ${path}${query?.size ? `?${decodeURIComponent(query.toString())}` : ''}`;

const status = (code: number, reason: string, details?: object) => ({
  status: code,
  body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message: reason, details },
});

describe('ResourceClient', () => {
  it('asks for the paths and parameters of the API', async () => {
    const { client, requests } = scripted([{ body: { metadata: {}, items: [] } }]);
    const pods = client.resource(Pod);
    const web = pods.namespace('web');
    await pods.list({ labelSelector: 'app=a', limit: 5 });
    await web.get('a', { resourceVersion: '0' });
    await pods.create(
      { metadata: { name: 'a', namespace: 'own' } },
      { dryRun: true, fieldValidation: 'Strict' },
    );
    await web.delete('a', { gracePeriodSeconds: 0 });
    await web.deleteCollection({ fieldSelector: 'spec.nodeName=n' });
    await web.bind('a', 'n1');
    await web.evict('a');
    await client.resource(Namespace).get('web');
    await client.resource(Namespace).namespace('ignored').get('web');
    await client.resource(Deployment).namespace('web').scale.get('d');
    expect(requests.map(lineOf)).toEqual([
      'GET /api/v1/pods?labelSelector=app=a&limit=5',
      'GET /api/v1/namespaces/web/pods/a?resourceVersion=0',
      'POST /api/v1/namespaces/own/pods?fieldManager=kubewright&fieldValidation=Strict&dryRun=All',
      'DELETE /api/v1/namespaces/web/pods/a',
      'DELETE /api/v1/namespaces/web/pods?fieldSelector=spec.nodeName=n',
      'POST /api/v1/namespaces/web/pods/a/binding?fieldManager=kubewright',
      'POST /api/v1/namespaces/web/pods/a/eviction?fieldManager=kubewright',
      'GET /api/v1/namespaces/web',
      'GET /api/v1/namespaces/web',
      'GET /apis/apps/v1/namespaces/web/deployments/d/scale',
    ]);
    expect(JSON.parse(String(requests[2]?.body))).toMatchObject({ apiVersion: 'v1', kind: 'Pod' });
    expect(JSON.parse(String(requests[3]?.body))).toEqual({
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      gracePeriodSeconds: 0,
    });
  });

  it('sends each kind of patch with its content type', async () => {
    const { client, requests } = scripted([]);
    const maps = client.resource(ConfigMap).namespace('web');
    await maps.patchJson('a', [{ op: 'remove', path: '/data' }]);
    await maps.patchMerge('a', { data: { key: null } });
    await maps.patchStrategic('a', { data: { key: 'value' } });
    await maps.apply(
      { metadata: { name: 'a' }, data: { key: 'value' } },
      { fieldManager: 'me', force: true },
    );
    await client
      .resource(Deployment)
      .namespace('web')
      .status.patchMerge('d', { status: { replicas: 1 } });
    expect(requests.map(({ headers }) => headers['content-type'])).toEqual([
      'application/json-patch+json',
      'application/merge-patch+json',
      'application/strategic-merge-patch+json',
      'application/apply-patch+yaml',
      'application/merge-patch+json',
    ]);
    expect(lineOf(requests[3]!)).toBe('PATCH /api/v1/namespaces/web/configmaps/a?fieldManager=me&force=true');
    expect(lineOf(requests[4]!)).toBe(
      'PATCH /apis/apps/v1/namespaces/web/deployments/d/status?fieldManager=kubewright',
    );
  });

  it('gives each object of a list its apiVersion and kind, page by page', async () => {
    const { client, requests } = scripted([
      {
        body: { metadata: { resourceVersion: '9', continue: 'more' }, items: [{ metadata: { name: 'a' } }] },
      },
      { body: { metadata: { resourceVersion: '9' }, items: [{ metadata: { name: 'b' } }] } },
    ]);
    const names: string[] = [];
    for await (const pod of client
      .resource(Pod)
      .listAll({ limit: 1, resourceVersion: '9', resourceVersionMatch: 'Exact' }))
      names.push(`${pod.apiVersion} ${pod.kind} ${pod.metadata.name}`);
    expect(names).toEqual(['v1 Pod a', 'v1 Pod b']);
    expect(requests.map(lineOf)).toEqual([
      'GET /api/v1/pods?limit=1&resourceVersion=9&resourceVersionMatch=Exact',
      'GET /api/v1/pods?limit=1&continue=more',
    ]);
  });

  it('says what is missing before anything is sent', async () => {
    const { client, requests } = scripted([]);
    await expect(client.resource(Pod).get('a')).rejects.toThrow('a Pod lives in a namespace');
    await expect(client.resource(Pod).create({ metadata: { name: 'a' } })).rejects.toThrow(TypeError);
    await expect(client.resource(Namespace).get('')).rejects.toThrow('"" is no name');
    await expect(client.resource(Namespace).get('a/b')).rejects.toThrow('"a/b" is no name');
    await expect(client.resource(Namespace).get('..')).rejects.toThrow(TypeError);
    expect(requests).toEqual([]);
  });

  it('waits for an object to become what it should, also for it to be gone', async () => {
    const list = (...items: object[]) => ({ body: { metadata: { resourceVersion: '5' }, items } });
    const pod = (phase: string, resourceVersion: string) => ({
      metadata: { name: 'a', namespace: 'web', uid: 'u', resourceVersion },
      status: { phase },
    });
    const line = (type: string, object: object) => `${JSON.stringify({ type, object })}\n`;
    // Lists as streams are refused, so that pages come.
    const refused = status(422, 'Invalid');
    const { client, requests } = scripted([
      refused,
      list(pod('Pending', '4')),
      { body: line('MODIFIED', pod('Running', '6')) },
      refused,
      list(pod('Running', '6')),
      { body: line('DELETED', pod('Running', '7')) },
    ]);
    const pods = client.resource(Pod).namespace('web');
    const running = await pods.waitFor('a', (object) => object?.status?.phase === 'Running');
    expect(running?.metadata.resourceVersion).toBe('6');
    expect(await pods.waitFor('a', (object) => object === undefined)).toBeUndefined();
    expect(requests[0]?.query?.get('fieldSelector')).toBe('metadata.name=a');
  });
});

describe('errors and retries', () => {
  it('throws the Status that the server answers', async () => {
    const { client } = scripted([
      status(404, 'NotFound', { name: 'a', kind: 'pods' }),
      status(409, 'Conflict'),
    ]);
    const pods = client.resource(Pod).namespace('web');
    const missing = await pods.get('a').catch((error: unknown) => error);
    expect(isNotFound(missing) && missing.details?.name).toBe('a');
    expect(isConflict(await pods.get('a').catch((error: unknown) => error))).toBe(true);
  });

  it('says what came when it is no Status', async () => {
    const page = { headers: { 'content-type': 'text/html' }, body: '<html>\n  Login\n</html>' };
    const { client } = scripted([{ ...page, status: 403 }, page, { body: '{"cut' }]);
    const pods = client.resource(Pod).namespace('web');
    await expect(pods.get('a')).rejects.toMatchObject({
      reason: 'Forbidden',
      code: 403,
      message:
        'GET /api/v1/namespaces/web/pods/a was answered with 403 and a body that is no Kubernetes object (text/html): <html> Login </html>. Something else answers at this address, such as a login page or a proxy: check `server`',
    });
    await expect(pods.get('a')).rejects.toThrow(
      'was answered with 200 and a body that is no Kubernetes object',
    );
    await expect(pods.get('a')).rejects.toThrow('{"cut');
  });

  it('sends any call again after a 429 with Retry-After, as late as asked', async () => {
    const busy = { ...status(429, 'TooManyRequests'), headers: { 'retry-after': '3' } };
    const { client, requests, clock } = scripted([busy, { body: { metadata: { name: 'a' } } }]);
    const created = client.resource(Pod).create({ metadata: { name: 'a', namespace: 'web' } });
    await clock.advance(2999);
    expect(requests.length).toBe(1);
    await clock.advance(1);
    expect((await created).metadata.name).toBe('a');
    expect(requests.length).toBe(2);
    expect(clock.pending).toBe(0);
  });

  it('does not send again a 429 that does not say when, such as a refused eviction', async () => {
    const { client, requests } = scripted([status(429, 'TooManyRequests')]);
    await expect(client.resource(Pod).namespace('web').evict('a')).rejects.toMatchObject({ code: 429 });
    expect(requests.length).toBe(1);
  });

  it('sends a read again after a reset, but never a write that may have happened', async () => {
    const reset = () => new TransportError('reset', { unsent: false });
    const refused = () => new TransportError('refused', { unsent: true });
    const { client, requests, clock } = scripted([
      reset(),
      { body: { metadata: { name: 'read' } } },
      reset(),
      refused(),
      { body: { metadata: { name: 'unsent' } } },
      reset(),
      { body: { metadata: { name: 'conditional' } } },
    ]);
    const pods = client.resource(Pod).namespace('web');
    const object = { metadata: { name: 'a', namespace: 'web' } };
    const finish = async <R>(call: Promise<R>) => {
      await clock.advance(1000);
      return call;
    };
    expect((await finish(pods.get('a'))).metadata.name).toBe('read');
    await expect(pods.create(object)).rejects.toThrow('reset');
    expect((await finish(pods.create(object))).metadata.name).toBe('unsent');
    const conditional = { metadata: { ...object.metadata, resourceVersion: '5' } };
    expect((await finish(pods.replace(conditional))).metadata.name).toBe('conditional');
    expect(requests.length).toBe(7);
  });

  it('gives up after its last try', async () => {
    const answers = Array.from({ length: 9 }, () => new TransportError('reset', { unsent: true }));
    const { client, requests, clock } = scripted(answers, { retries: 2 });
    const call = client.resource(Pod).namespace('web').get('a');
    call.catch(() => undefined);
    await clock.advance(60_000);
    await expect(call).rejects.toThrow('reset');
    expect(requests.length).toBe(3);
  });

  it('ends at its deadline, and at its signal, with the reason', async () => {
    const clock = new VirtualClock();
    const hang = inProcessTransport(
      ({ signal }) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(new Error('whatever the transport says')));
        }),
    );
    const pods = new Client(hang, { clock }).resource(Pod).namespace('web');
    const late = pods.get('a', { timeoutMs: 500 });
    late.catch(() => undefined);
    await clock.advance(500);
    await expect(late).rejects.toMatchObject({
      name: 'TimeoutError',
      message: expect.stringContaining('within 500 ms'),
    });
    const ending = new AbortController();
    const ended = pods.get('a', { signal: ending.signal });
    ending.abort(new Error('enough'));
    await expect(ended).rejects.toThrow('enough');
    expect(clock.pending).toBe(0);
  });

  it('hands on the warnings of the server', async () => {
    const warnings: string[] = [];
    const warning = '299 - "first, with \\"quotes\\"", 299 - "second"';
    const { client } = scripted([{ headers: { warning }, body: {} }], {
      onWarning: (message) => warnings.push(message),
    });
    await client.resource(Namespace).get('a');
    expect(warnings).toEqual(['first, with "quotes"', 'second']);
  });
});

describe('applyObjects', () => {
  it('finds kinds by discovery and applies those of the cluster first', async () => {
    const { client, requests } = scripted([
      {
        body: {
          groupVersion: 'v1',
          resources: [
            { name: 'configmaps', namespaced: true, kind: 'ConfigMap', verbs: ['get'] },
            { name: 'namespaces', namespaced: false, kind: 'Namespace', verbs: ['get'] },
            { name: 'namespaces/status', namespaced: false, kind: 'Namespace', verbs: ['get'] },
          ],
        },
      },
    ]);
    await client.applyObjects([
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'web' } },
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'b' } },
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'web' } },
    ]);
    expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /api/v1',
      'PATCH /api/v1/namespaces/web',
      'PATCH /api/v1/namespaces/web/configmaps/a',
      'PATCH /api/v1/namespaces/default/configmaps/b',
    ]);
    await expect(client.applyObjects([{ metadata: { name: 'x' } }])).rejects.toThrow(
      'object 0 has no apiVersion',
    );
  });
});
