import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigMap, Secret, Service } from '@kubewright/api/core/v1';
import { type AuditEvent, auditLog, auditWebhook, parseAuditPolicy } from '@kubewright/apiserver';
import { httpsTransport } from '@kubewright/client';
import { startTestServer, type TestServer } from '@kubewright/testing';
import { afterEach, describe, expect, it } from 'vitest';

const everything = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  nonResourceURLs: ['/healthz*', /version]
- level: RequestResponse
  resources: [{ group: '', resources: [configmaps, secrets, serviceaccounts/*] }]
- level: Metadata
`;

let test: TestServer | undefined;
afterEach(async () => {
  await test?.close();
  test = undefined;
});

/** A server that keeps its events in memory. */
async function withEvents(policy: string, modes: ('RBAC' | 'AlwaysAllow')[] = ['AlwaysAllow']) {
  const events: AuditEvent[] = [];
  const backend = {
    name: 'memory',
    write: (event: AuditEvent) => void events.push(event),
    close: async () => undefined,
  };
  test = await startTestServer({
    authorization: { modes },
    audit: { policy: parseAuditPolicy(policy), backends: [() => backend] },
  });
  return { events, test };
}

describe('what is written down', () => {
  it('is the request, its user, what it did and why it might', async () => {
    const { events, test } = await withEvents(everything, ['RBAC']);
    const maps = test.client.resource(ConfigMap).namespace('default');
    await maps.create({ metadata: { name: 'a' }, data: { k: 'v' } });
    const [event] = events;
    expect(event).toMatchObject({
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'RequestResponse',
      stage: 'ResponseComplete',
      verb: 'create',
      requestURI: expect.stringMatching(/^\/api\/v1\/namespaces\/default\/configmaps/),
      user: { username: 'admin', groups: ['system:masters', 'system:authenticated'] },
      objectRef: { resource: 'configmaps', namespace: 'default', name: 'a', apiVersion: 'v1' },
      responseStatus: { metadata: {}, code: 201 },
      requestObject: { kind: 'ConfigMap', data: { k: 'v' } },
      responseObject: { kind: 'ConfigMap', metadata: { name: 'a', uid: expect.any(String) } },
      annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': '' },
    });
    expect(event?.requestReceivedTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  });

  it('is a list as it was answered, and of one that is too long only that', async () => {
    const { events, test } = await withEvents(everything);
    const maps = test.client.resource(ConfigMap).namespace('default');
    for (const name of ['a', 'b', 'c'])
      await maps.create({ metadata: { name }, data: { k: name.repeat(900_000) } });
    events.length = 0;
    await maps.list({ fieldSelector: 'metadata.name=a' });
    expect(events[0]).toMatchObject({
      verb: 'list',
      responseObject: { kind: 'ConfigMapList', items: [{ metadata: { name: 'a' } }] },
    });
    await maps.list();
    expect(events[1]?.responseObject).toMatchObject({ items: [{}, {}, {}] });
    await maps.create({ metadata: { name: 'd' }, data: { k: 'd'.repeat(900_000) } });
    events.length = 0;
    expect((await maps.list()).items).toHaveLength(4);
    expect(events[0]).not.toHaveProperty(['responseObject', 'items']);
    expect(events[0]?.annotations).toMatchObject({ 'audit.k8s.io/truncated': 'true' });
    const secrets = test.client.resource(Secret).namespace('default');
    await secrets.create({ metadata: { name: 's' }, stringData: { word: 'rosebud' } });
    events.length = 0;
    await secrets.list();
    expect(events[0]?.responseObject).toBeUndefined();
  });

  it('tells who was refused, and why', async () => {
    const { events, test } = await withEvents(everything, ['RBAC']);
    await expect(test.clientFor({ name: 'jane' }).resource(ConfigMap).list()).rejects.toThrow(/forbidden/);
    expect(events[0]).toMatchObject({
      user: { username: 'jane' },
      verb: 'list',
      responseStatus: { status: 'Failure', reason: 'Forbidden', code: 403 },
      annotations: { 'authorization.k8s.io/decision': 'forbid' },
    });
  });

  it('has the object as it was sent, with its defaults, and the Status that answered it', async () => {
    const { events, test } = await withEvents(everything.replace('configmaps,', 'configmaps, services,'));
    const services = test.client.resource(Service).namespace('default');
    await services.create({ metadata: { name: 'a' }, spec: { ports: [{ port: 80 }] } });
    expect(events[0]?.requestObject).toMatchObject({
      kind: 'Service',
      apiVersion: 'v1',
      spec: { type: 'ClusterIP', ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }] },
    });
    expect(events[0]?.requestObject).not.toHaveProperty(['spec', 'clusterIP']);
    await test.client
      .resource(ConfigMap)
      .namespace('default')
      .create({ metadata: { name: 'a' } });
    await test.client.resource(ConfigMap).namespace('default').delete('a');
    expect(events.at(-1)?.responseStatus).toEqual({
      metadata: {},
      status: 'Success',
      details: { kind: 'configmaps', name: 'a', uid: expect.any(String) },
      code: 200,
    });
    await expect(test.client.resource(ConfigMap).namespace('default').get('b')).rejects.toThrow('not found');
    const failure = { status: 'Failure', reason: 'NotFound', code: 404 };
    expect(events.at(-1)?.responseStatus).not.toHaveProperty('kind');
    expect(events.at(-1)).toMatchObject({
      responseStatus: failure,
      responseObject: { kind: 'Status', apiVersion: 'v1', ...failure },
    });
  });

  it('holds no secrets and no tokens, whatever the policy says', async () => {
    const { events, test } = await withEvents(everything);
    const secrets = test.client.resource(Secret).namespace('default');
    await secrets.create({ metadata: { name: 's' }, stringData: { password: 'hunter2' } });
    await secrets.patchMerge('s', { stringData: { password: 'hunter3' } });
    await secrets.get('s');
    await secrets.list();
    expect(events.map(({ verb }) => verb)).toEqual(['create', 'patch', 'get', 'list']);
    const text = JSON.stringify(events);
    for (const secret of ['hunter2', 'hunter3'])
      for (const form of [secret, Buffer.from(secret).toString('base64')]) expect(text).not.toContain(form);
  });

  it('is nothing of what the policy leaves out', async () => {
    const { events, test } = await withEvents(everything);
    await test.client.requester.json({ method: 'GET', path: '/version' });
    expect(events).toEqual([]);
  });

  it('has a stage for the beginning of a watch', async () => {
    const { events, test } = await withEvents(everything.replace('omitStages: [RequestReceived]', ''));
    const stop = new AbortController();
    const watch = test.client.resource(ConfigMap).watch({ signal: stop.signal });
    const first = watch[Symbol.asyncIterator]().next();
    await expect.poll(() => events.map(({ stage }) => stage)).toContain('ResponseStarted');
    stop.abort();
    await first.catch(() => undefined);
    await expect.poll(() => events.at(-1)?.stage).toBe('ResponseComplete');
  });
});

describe('a policy', () => {
  const cases: readonly [string, string][] = [
    ['rules: []', 'loaded illegal policy with 0 rules'],
    ['rules: [{ }]', 'rules[0].level: Required value'],
    ['rules: [{ level: All }]', 'rules[0].level: Unsupported value: "All"'],
    ["rules: [{ level: None, nonResourceURLs: ['/a*b'] }]", 'must be the final character of the rule'],
    ['rules: [{ level: None, nonResourceURLs: [a] }]', "must begin with a '/' character"],
    ['rules: [{ level: None, omitStages: [Never] }]', 'allowed stages are RequestReceived,ResponseStarted'],
    ["rules: [{ level: None, resources: [{ group: 'a/v1' }] }]", 'rules[0].resources.group: Invalid value'],
  ];
  for (const [rules, message] of cases)
    it(`with ${rules} is refused`, () => {
      expect(() => parseAuditPolicy(`apiVersion: audit.k8s.io/v1\nkind: Policy\n${rules}`)).toThrow(message);
    });
});

describe('backends', () => {
  it('the log has a line for each event, and rotates', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'audit-'));
    try {
      const path = join(directory, 'audit.log');
      test = await startTestServer({
        audit: {
          policy: parseAuditPolicy(everything),
          backends: [auditLog({ path, maxSize: 1, maxBackups: 2 })],
        },
      });
      const maps = test.client.resource(ConfigMap).namespace('default');
      for (let i = 0; i < 6; i++)
        await maps.create({ metadata: { name: `m${i}` }, data: { k: 'x'.repeat(300_000) } });
      await test.close();
      test = undefined;
      const files = (await readdir(directory)).filter((name) => name.endsWith('.log'));
      expect(files.length).toBeGreaterThan(1);
      const lines = (await Promise.all(files.map((name) => readFile(join(directory, name), 'utf8')))).flatMap(
        (text) => text.trimEnd().split('\n'),
      );
      const names = lines
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as AuditEvent).objectRef?.name);
      expect(names).toContain('m5');
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('the webhook gets all events in batches, the last ones when the server stops', async () => {
    const received: AuditEvent[] = [];
    let batches = 0;
    let refusals = 1;
    const hook: Server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        if (refusals-- > 0) {
          response.writeHead(503).end();
          return;
        }
        const list = JSON.parse(Buffer.concat(chunks).toString()) as { kind: string; items: AuditEvent[] };
        expect(list.kind).toBe('EventList');
        batches += 1;
        received.push(...list.items);
        response.writeHead(200).end('{}');
      });
    });
    await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = hook.address() as AddressInfo;
      const transport = await httpsTransport({ server: `http://127.0.0.1:${port}/audit` });
      test = await startTestServer({
        audit: {
          policy: parseAuditPolicy(everything),
          backends: [
            auditWebhook({ transport, batch: { maxSize: 10 }, initialBackoffMs: 1, maxEventBytes: 5_000 }),
          ],
        },
      });
      const maps = test.client.resource(ConfigMap).namespace('default');
      for (let i = 0; i < 24; i++) await maps.create({ metadata: { name: `m${i}` } });
      await maps.create({ metadata: { name: 'long' }, data: { k: 'x'.repeat(10_000) } });
      await test.close();
      test = undefined;
      expect(received.map(({ objectRef }) => objectRef?.name)).toEqual([
        ...Array.from({ length: 24 }, (_, i) => `m${i}`),
        'long',
      ]);
      expect(batches).toBeGreaterThan(2);
      expect(received.at(-1)).toMatchObject({ annotations: { 'audit.k8s.io/truncated': 'true' } });
      expect(received.at(-1)?.requestObject).toBeUndefined();
    } finally {
      await new Promise((resolve) => hook.close(resolve));
    }
  });
});
