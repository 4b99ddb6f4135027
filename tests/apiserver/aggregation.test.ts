import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findCondition, isForbidden } from '@kubewright/api';
import { APIService } from '@kubewright/api/apiregistration/v1';
import { ConfigMap, Service } from '@kubewright/api/core/v1';
import type { EndpointSlice } from '@kubewright/api/discovery/v1';
import { ClusterRole, ClusterRoleBinding } from '@kubewright/api/rbac/v1';
import { PkiDirectory } from '@kubewright/apiserver';
import { Client, inProcessTransport } from '@kubewright/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { Kubectl, kubectlPath } from '../kubectl.js';
import { startTlsServer, type TlsServer } from '../tls-server.js';
import { Greeting } from './greeting.js';

let main: TlsServer;
let child: ChildProcess;
let admin: Client;
let pki: PkiDirectory;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubewright-aggregation-'));
  const frontProxy = await PkiDirectory.open(join(directory, 'front-proxy'));
  const { certificate: requestHeaderCA } = frontProxy.authority;
  const proxyClient = await frontProxy.client('front-proxy-client', {
    user: 'front-proxy-client',
    groups: [],
  });
  main = await startTlsServer({
    authorization: { modes: ['RBAC'] },
    aggregator: { proxyClient, requestHeaderCA, proxyName: 'front-proxy-client' },
  });
  await main.server.publishAuthorities({ clientCA: main.ca });
  admin = clientOf({ name: 'admin', groups: ['system:masters'] });
  pki = await PkiDirectory.open(join(directory, 'serving'));
  const { certificate, key } = await pki.server('greetings', 'greetings', ['greetings.default.svc']);
  const files = [join(directory, 'tls.crt'), join(directory, 'tls.key')] as const;
  await Promise.all([writeFile(files[0], certificate), writeFile(files[1], key)]);
  const script = fileURLToPath(new URL('aggregated-server.child.ts', import.meta.url));
  const args = ['--conditions', 'source', '--import', 'tsx', script, main.kubeconfig, ...files];
  child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const [text] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  const port = Number(text.toString().trim());
  await admin
    .resource(Service)
    .namespace('default')
    .create({ metadata: { name: 'greetings' }, spec: { ports: [{ port: 443 }] } });
  // A test's endpoints may be loopback addresses, which the API would refuse.
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: 'greetings',
      namespace: 'default',
      labels: { 'kubernetes.io/service-name': 'greetings' },
    },
    addressType: 'IPv4',
    ports: [{ name: '', port, protocol: 'TCP' }],
    endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
  } satisfies EndpointSlice;
  await main.server.storage.write('/registry/endpointslices/default/greetings', () => ({
    put: Buffer.from(JSON.stringify(slice)),
  }));
  await admin.resource(APIService).create({
    metadata: { name: 'v1.example.dev' },
    spec: {
      ...{ group: 'example.dev', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 10 },
      service: { name: 'greetings', namespace: 'default' },
      caBundle: Buffer.from(pki.authority.certificate).toString('base64'),
    },
  });
  await available('True');
}, 60_000);
afterAll(async () => {
  child.stdin?.end();
  if (child.exitCode === null) await once(child, 'exit');
  await admin.close();
  await main.close();
  await rm(directory, { recursive: true });
});

function clientOf(user: { readonly name: string; readonly groups: readonly string[] }): Client {
  return new Client(inProcessTransport(main.server.inProcess(user)));
}
const available = (status: string) =>
  admin
    .resource(APIService)
    .waitFor(
      'v1.example.dev',
      (found) => findCondition(found?.status?.conditions, 'Available')?.status === status,
      {
        timeoutMs: 20_000,
      },
    );

describe('a server behind another one', () => {
  it('is read, written and watched through it', async () => {
    const greetings = admin.resource(Greeting).namespace('default');
    const stop = new AbortController();
    const events = greetings.watch({ signal: stop.signal })[Symbol.asyncIterator]();
    const first = events.next();
    await greetings.create({ metadata: { name: 'hello' }, spec: { word: 'Hello' } });
    expect((await greetings.get('hello')).spec.word).toBe('Hello');
    expect((await first).value).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'hello' } } });
    stop.abort();
    await expect(greetings.create({ metadata: { name: 'bad' }, spec: { word: 7 as never } })).rejects.toThrow(
      'word',
    );
  });

  it('is reached by upgraded connections, too', async () => {
    const own = await PkiDirectory.open(join(main.directory, 'pki'));
    const { certificate, key } = await own.client('admin', { user: 'admin', groups: ['system:masters'] });
    const url = `wss://127.0.0.1:${main.port}/apis/example.dev/v1/namespaces/default/greetings?watch=true`;
    const socket = new WebSocket(url, { ca: main.ca, cert: certificate, key });
    const [data] = (await once(socket, 'message')) as [Buffer];
    expect(JSON.parse(data.toString())).toMatchObject({
      type: 'ADDED',
      object: { metadata: { name: 'hello' } },
    });
    socket.close();
    await once(socket, 'close');
  });

  it('knows who asks, and asks what they may', async () => {
    await admin.resource(ClusterRole).create({
      metadata: { name: 'greeting-reader' },
      rules: [{ apiGroups: ['example.dev'], resources: ['greetings'], verbs: ['get', 'list'] }],
    });
    await admin.resource(ClusterRoleBinding).create({
      metadata: { name: 'greeting-readers' },
      subjects: [{ kind: 'Group', name: 'readers, all', apiGroup: 'rbac.authorization.k8s.io' }],
      roleRef: { kind: 'ClusterRole', name: 'greeting-reader', apiGroup: 'rbac.authorization.k8s.io' },
    });
    const reader = clientOf({ name: 'jürgen', groups: ['readers, all'] });
    const greetings = reader.resource(Greeting).namespace('default');
    expect((await greetings.list()).items).toHaveLength(1);
    await expect(greetings.delete('hello')).rejects.toSatisfy(isForbidden);
    await reader.close();
  });

  it('is part of discovery', async () => {
    const kinds = await admin.discovery.kinds();
    expect(kinds.map(({ kind }) => kind)).toContain('Greeting');
  });

  it.skipIf(kubectlPath === undefined)('is to kubectl like any other', async () => {
    const kubectl = new Kubectl(main.kubeconfig);
    expect(await kubectl.ok('get greetings -o name')).toBe('greeting.example.dev/hello\n');
    expect(await kubectl.ok('explain greeting.spec')).toContain('word');
    const services = await kubectl.ok('get apiservices');
    expect(services).toMatch(/v1\.example\.dev +default\/greetings +True/);
    expect(services).toMatch(/v1\.apps +Local +True/);
  });

  it('that is down takes nothing with it but its own group', async () => {
    child.stdin?.end();
    await once(child, 'exit');
    const greetings = admin.resource(Greeting).namespace('default');
    await expect(greetings.list({ timeoutMs: 5000 })).rejects.toMatchObject({ code: 503 });
    await admin.resource(ConfigMap).namespace('default').list();
    const listed = await main.send({ method: 'GET', path: '/apis' });
    expect(listed.code).toBe(200);
  });
});
