import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { findCondition } from '@kubewright/api';
import { APIService } from '@kubewright/api/apiregistration/v1';
import { ConfigMap, Service } from '@kubewright/api/core/v1';
import { ClusterRole, ClusterRoleBinding } from '@kubewright/api/rbac/v1';
import type { Client } from '@kubewright/client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type AggregatedServer, startAggregatedServer } from './aggregated-server.js';
import { Greeting } from './apiserver/greeting.js';
import { Terminal } from './apiserver/terminal.js';
import { following, Kubectl, kubectlPath } from './kubectl.js';

/** The server that another one is put behind. */
export interface FrontServer {
  /** Of an admin. */
  readonly kubeconfig: string;
  readonly port: number;
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
  readonly client: Client;
  close(): Promise<void>;
}

/** What a server of the framework behind another API server must be to clients of that one. */
export function aggregationSuite(start: () => Promise<FrontServer>): void {
  let front: FrontServer;
  let behind: AggregatedServer;
  let kubectl: Kubectl;

  beforeAll(async () => {
    front = await start();
    kubectl = new Kubectl(front.kubeconfig);
    behind = await startAggregatedServer(front.kubeconfig);
    await register(front.client, behind);
    await available('True');
  }, 120_000);
  afterAll(async () => {
    kubectl.close();
    await behind.close();
    await front.close();
  });

  const available = (status: string) =>
    vi.waitFor(
      async () =>
        expect(findCondition((await service()).status?.conditions, 'Available')).toMatchObject({ status }),
      { timeout: 60_000, interval: 100 },
    );
  const service = () => front.client.resource(APIService).get('v1.example.dev');
  const json = async (path: string, accept = 'application/json'): Promise<unknown> => {
    const outgoing = httpsRequest({
      ...front.tls,
      host: '127.0.0.1',
      port: front.port,
      path,
      headers: { accept },
    });
    const answered = once(outgoing.end(), 'response');
    const [answer] = (await answered) as [AsyncIterable<Buffer>];
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk);
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  };

  it('is read, written and watched through it', async () => {
    const greetings = front.client.resource(Greeting).namespace('default');
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

  it('runs remote commands over a WebSocket, input, its end and the exit code included', async () => {
    const terminals = front.client.resource(Terminal).namespace('default');
    await terminals.create({ metadata: { name: 't' } });
    const process = await terminals.exec('t', { command: ['say', 'it'], stdin: true });
    await process.write('x'.repeat(200_000));
    await process.end();
    const { code, stdout } = await process.result();
    expect(code).toBe(3);
    expect(stdout).toBe(`say it\n${'x'.repeat(200_000)}`);
  });

  it.each(['POST', 'GET'])('passes SPDY on that is asked for with %s', async (method) => {
    const outgoing = httpsRequest({
      ...{ ...front.tls, host: '127.0.0.1', port: front.port, method },
      path: '/apis/example.dev/v1/namespaces/default/terminals/t/exec?command=x&stdin=true',
      headers: {
        connection: 'Upgrade',
        upgrade: 'SPDY/3.1',
        'x-stream-protocol-version': 'v4.channel.k8s.io',
      },
    });
    const upgraded = once(outgoing.end(), 'upgrade');
    const [answer, socket] = (await upgraded) as [{ headers: Record<string, string> }, Duplex];
    expect(answer.headers).toMatchObject({
      upgrade: 'SPDY/3.1',
      'x-stream-protocol-version': 'v4.channel.k8s.io',
    });
    socket.write('there and back');
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    expect(bytes.toString()).toBe('there and back');
    socket.destroy();
  });

  it('is part of discovery, in both forms, and of OpenAPI, in both versions', async () => {
    const kinds = await front.client.discovery.kinds();
    expect(kinds.map(({ kind }) => kind)).toContain('Greeting');
    const list = (await json('/apis/example.dev/v1')) as { resources: { name: string }[] };
    expect(list.resources.map(({ name }) => name)).toContain('greetings');
    expect(await json('/apis/example.dev')).toMatchObject({
      preferredVersion: { groupVersion: 'example.dev/v1' },
    });
    await expect
      .poll(async () => Object.keys(((await json('/openapi/v3')) as { paths: object }).paths), {
        timeout: 20_000,
      })
      .toContain('apis/example.dev/v1');
    await expect
      .poll(
        async () => {
          const { paths } = (await json('/openapi/v2')) as { paths: object };
          return Object.keys(paths).filter(
            (path) => path.includes('example.dev') && path.includes('greetings'),
          );
        },
        { timeout: 90_000, interval: 1000 },
      )
      .toContain('/apis/example.dev/v1/namespaces/{namespace}/greetings/{name}');
  }, 120_000);

  describe.skipIf(kubectlPath === undefined)('to kubectl', () => {
    it('is like any other: get, create, apply, edit, watch, explain, delete', async () => {
      expect(await kubectl.ok('get greetings -o name')).toBe('greeting.example.dev/hello\n');
      expect(await kubectl.ok('explain greeting.spec')).toContain('word');
      const manifest = (word: string) =>
        JSON.stringify({
          apiVersion: 'example.dev/v1',
          kind: 'Greeting',
          metadata: { name: 'k' },
          spec: { word },
        });
      const watching = kubectl.start('get greetings -w -o name');
      const seen = following(watching);
      await expect.poll(seen.text).toContain('hello');
      expect(await kubectl.ok('create -f -', { input: manifest('a') })).toBe(
        'greeting.example.dev/k created\n',
      );
      await expect.poll(seen.text).toContain('greeting.example.dev/k');
      await kubectl.ok('apply --server-side --force-conflicts -f -', { input: manifest('b') });
      await kubectl.ok(['patch', 'greeting', 'k', '--type=merge', '-p', '{"spec":{"word":"c"}}']);
      expect(await kubectl.ok('get greeting k -o jsonpath={.spec.word}')).toBe('c');
      expect(await kubectl.fails('create -f -', { input: manifest('a') })).toContain('already exists');
      await kubectl.ok('delete greeting k');
      watching.kill();
      const services = await kubectl.ok('get apiservices');
      expect(services).toMatch(/v1\.example\.dev +default\/greetings +True/);
      expect(services).toMatch(/v1\.apps +Local +True/);
      expect(await kubectl.ok('api-resources --api-group=example.dev')).toMatch(
        /greetings +example.dev\/v1 +true +Greeting/,
      );
    }, 120_000);

    it('knows who asks, and asks what they may', async () => {
      await front.client.resource(ClusterRole).create({
        metadata: { name: 'greeting-reader' },
        rules: [{ apiGroups: ['example.dev'], resources: ['greetings'], verbs: ['get', 'list'] }],
      });
      await front.client.resource(ClusterRoleBinding).create({
        metadata: { name: 'greeting-readers' },
        subjects: [{ kind: 'Group', name: 'readers', apiGroup: 'rbac.authorization.k8s.io' }],
        roleRef: { kind: 'ClusterRole', name: 'greeting-reader', apiGroup: 'rbac.authorization.k8s.io' },
      });
      const jane = '--as=jane --as-group=readers';
      expect(await kubectl.ok(`get greetings -o name ${jane}`)).toContain('hello');
      expect(await kubectl.fails(`delete greeting hello ${jane}`)).toContain(
        'greetings.example.dev "hello" is forbidden: User "jane" cannot delete resource "greetings" in API group "example.dev" in the namespace "default"',
      );
    });
  });

  it('that is down takes nothing with it but its own group', async () => {
    await behind.close();
    const greetings = front.client.resource(Greeting).namespace('default');
    await expect(greetings.list({ timeoutMs: 5000 })).rejects.toMatchObject({ code: 503 });
    await available('False');
    await expect(greetings.list({ timeoutMs: 5000 })).rejects.toMatchObject({ code: 503 });
    await front.client.resource(ConfigMap).namespace('default').list();
    const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    const groups = (await json('/apis', aggregated)) as {
      items: { metadata: { name: string }; versions: { freshness: string }[] }[];
    };
    const freshness = (name: string) =>
      groups.items.find(({ metadata }) => metadata.name === name)?.versions[0]?.freshness;
    expect({ own: freshness('apps'), other: freshness('example.dev') }).toEqual({
      own: 'Current',
      other: 'Stale',
    });
    if (kubectlPath === undefined) return;
    expect(await kubectl.ok('get configmaps -A -o name')).toContain('extension-apiserver-authentication');
  }, 90_000);
}

/** A service that is a name needs no endpoints, which may not be loopback addresses. */
async function register(client: Client, { port, ca }: AggregatedServer): Promise<void> {
  await client
    .resource(Service)
    .namespace('default')
    .create({
      metadata: { name: 'greetings' },
      spec: { type: 'ExternalName', externalName: 'localhost' },
    });
  await client.resource(APIService).create({
    metadata: { name: 'v1.example.dev' },
    spec: {
      ...{ group: 'example.dev', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 10 },
      service: { name: 'greetings', namespace: 'default', port },
      caBundle: Buffer.from(ca).toString('base64'),
    },
  });
}
