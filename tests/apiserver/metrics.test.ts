import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AuditEvent,
  LmdbStorage,
  PkiDirectory,
  parseAuditPolicy,
  readTokenKeys,
} from '@kubewright/apiserver';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTlsServer, type TlsServer } from '../tls-server.js';

/** What upstream says of a metric of its own; the list is of kube-apiserver 1.36.3. */
interface Fact {
  readonly type: string;
  readonly stability: string;
  readonly labels: readonly string[];
  readonly buckets?: readonly number[];
  readonly deprecated?: string;
}
const facts = JSON.parse(readFileSync(new URL('upstream-metrics.json', import.meta.url), 'utf8')) as Readonly<
  Record<string, Fact>
>;

/** A metric as it stands in the text. */
interface Exposed {
  readonly help: string;
  readonly type: string;
  readonly series: { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

let server: TlsServer;
let storage: LmdbStorage;
let directory: string;
const events: AuditEvent[] = [];
let exposed: ReadonlyMap<string, Exposed>;
const maps = '/api/v1/namespaces/default/configmaps';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubewright-metrics-'));
  storage = await LmdbStorage.open(join(directory, 'store'));
  const proxies = await PkiDirectory.open(join(directory, 'pki'));
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keys = readTokenKeys(String(privateKey.export({ type: 'sec1', format: 'pem' })));
  server = await startTlsServer({
    storage,
    flowControl: {},
    aggregator: {
      proxyClient: await proxies.client('front', { user: 'front', groups: [] }),
      proxyName: 'front',
      requestHeaderCA: proxies.authority.certificate,
    },
    authorization: { modes: ['Node', 'RBAC'] },
    authentication: { serviceAccounts: { issuers: ['https://issuer.test'], keys: () => keys } },
    audit: {
      policy: parseAuditPolicy('apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{ level: Metadata }]'),
      backends: [
        () => ({
          name: 'memory',
          write: (event: AuditEvent) => void events.push(event),
          close: async () => undefined,
        }),
      ],
    },
    admission: [
      { name: 'Slow', admit: ({ name }) => (name === 'slow' ? new Promise(() => undefined) : undefined) },
    ],
  });
  await drive();
  exposed = await read();
});

afterAll(async () => {
  await server.close();
  await storage.close();
  await rm(directory, { recursive: true });
});

/** Requests of many sorts. */
async function drive(): Promise<void> {
  const send = (method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
    server.send({ method, path, headers, ...(body === undefined ? {} : { body }) });
  const named = (name: string) => ({ metadata: { name } });
  await send('POST', maps, named('a'));
  await send('POST', `${maps}?dryRun=All`, named('dry'));
  await send('POST', `${maps}?dryRun=Some`, named('dry'));
  await send('POST', maps, named('NOT A NAME'));
  await send('POST', `${maps}?timeout=20ms`, named('slow'));
  await send('PUT', `${maps}/a`, { ...named('a'), data: { a: 'b' } });
  const merge = { 'content-type': 'application/merge-patch+json' };
  await send('PATCH', `${maps}/a`, { data: { a: 'c' } }, merge);
  const apply = { 'content-type': 'application/apply-patch+yaml' };
  const applied = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'b' } };
  await send('PATCH', `${maps}/b?fieldManager=m`, applied, apply);
  await send('GET', `${maps}/a`);
  await send('GET', maps);
  await send('GET', `${maps}?limit=1`);
  await send('GET', `${maps}?fieldSelector=metadata.name%3Da`);
  await send('GET', '/api/v1/configmaps');
  await send('GET', `${maps}/nothing`);
  await send('GET', '/api/v1/namespaces/default/endpoints');
  await send('GET', '/api/v1/namespaces/default/pods/nothing/log');
  await send('GET', '/apis/example.org/v1/things');
  await send('GET', '/nothing');
  await send('GET', '/livez');
  await send('GET', '/readyz?verbose');
  await send('GET', '/openapi/v3');
  await send('GET', '/openapi/v3/apis/apps/v1');
  const aggregated = 'application/json;v=v2;g=apidiscovery.k8s.io;as=APIGroupDiscoveryList';
  await send('GET', '/apis', undefined, { accept: aggregated });
  await server.sendAs(undefined, { path: maps });
  await server.sendAs(undefined, { path: maps, headers: { authorization: 'Bearer nothing' } });
  const account = '/api/v1/namespaces/default/serviceaccounts';
  await send('POST', account, named('robot'));
  const made = await send('POST', `${account}/robot/token`, { spec: {} });
  const { token } = made.json<{ status: { token: string } }>().status;
  const authorization = `Bearer ${token}`;
  for (let i = 0; i < 2; i++) await server.sendAs(undefined, { path: maps, headers: { authorization } });
  await send('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
    spec: { resourceAttributes: { verb: 'get', resource: 'pods' } },
  });
  const streamed =
    'watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan';
  const watch = await server.open({ path: `${maps}?${streamed}&timeoutSeconds=1` });
  await send('POST', maps, named('seen'));
  await once(watch.resume(), 'end');
  await send('DELETE', `${maps}/a`);
  await send('DELETE', maps);
}

async function read(): Promise<Map<string, Exposed>> {
  const { text } = await server.send({ path: '/metrics' });
  const found = new Map<string, Exposed>();
  let current: Exposed | undefined;
  for (const line of text.split('\n')) {
    const [, word, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (word === 'HELP') {
      current = { help: rest, type: '', series: [] };
      found.set(name, current);
    } else if (word === 'TYPE' && current !== undefined) {
      current = { ...current, type: rest };
      found.set(name, current);
    } else if (line !== '') {
      const [, labels = '', value] = /^[a-zA-Z_:]+(?:\{(.*)\})? (\S+)/.exec(line) ?? [];
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', text = '']) => [
        key,
        text,
      ]);
      current?.series.push({ labels: Object.fromEntries(pairs), value: Number(value) });
    }
  }
  return found;
}

/** The value of a series whose labels are at least these. */
function countOf(name: string, labels: Readonly<Record<string, string>>): number | undefined {
  const { series = [] } = exposed.get(name) ?? {};
  return series.find((one) => Object.entries(labels).every(([key, value]) => one.labels[key] === value))
    ?.value;
}

/** Of the process, under the names of its runtime and of Prometheus' clients. */
const ofProcess = /^(process|nodejs)_/;

describe('metrics', () => {
  it('have the types, stabilities, labels and buckets of upstream', () => {
    const own: Record<string, Fact> = {};
    const theirs: Record<string, Fact | undefined> = {};
    for (const [name, { help, type, series }] of exposed) {
      if (ofProcess.test(name)) continue;
      const [, stability = '', deprecated] = /^\[(\w+)\](?: \(Deprecated since (\S+)\))?/.exec(help) ?? [];
      const { labels: known = [], ...fact } = facts[name] ?? {
        type: 'not of upstream',
        stability: '',
        labels: [],
      };
      const labels = series.map((one) =>
        Object.keys(one.labels)
          .filter((key) => key !== 'le')
          .sort(),
      );
      const distinct = [...new Set(labels.map((keys) => keys.join()))];
      const bounds = [...new Set(series.flatMap((one) => one.labels.le ?? []))].filter((le) => le !== '+Inf');
      own[name] = {
        ...{ type, stability, labels: distinct },
        ...(bounds.length === 0 ? {} : { buckets: bounds.map(Number) }),
        ...(deprecated === undefined ? {} : { deprecated }),
      };
      theirs[name] = { ...fact, labels: distinct.length === 0 ? [] : [known.join()] };
      if (bounds.length === 0) theirs[name] = withoutBuckets(theirs[name]);
    }
    expect(own).toEqual(theirs);
  });

  it('are all that upstream has, but those that docs/observability.md names', async () => {
    const page = await readFile(new URL('../../docs/observability.md', import.meta.url), 'utf8');
    const list = page.split('these are not here:')[1]?.split('\n## ')[0] ?? '';
    const absent = new Set([...list.matchAll(/`([a-z0-9_]+)`/g)].map(([, name = '']) => name));
    expect(Object.keys(facts).filter((name) => !exposed.has(name) && !absent.has(name))).toEqual([]);
    expect(Object.keys(facts).filter((name) => exposed.has(name) && absent.has(name))).toEqual([]);
  });

  it.each<[string, Readonly<Record<string, string>>, number]>([
    ['a create', { verb: 'POST', resource: 'configmaps', scope: 'resource', code: '201', dry_run: '' }, 2],
    ['a dry run', { verb: 'POST', resource: 'configmaps', code: '201', dry_run: 'All' }, 1],
    ['a dry run that is none', { verb: 'POST', code: '422', dry_run: 'invalid' }, 1],
    ['an update', { verb: 'PUT', resource: 'configmaps', scope: 'resource', code: '200' }, 1],
    ['a patch', { verb: 'PATCH', resource: 'configmaps', scope: 'resource', code: '200' }, 1],
    ['an apply', { verb: 'APPLY', resource: 'configmaps', scope: 'resource', code: '201' }, 1],
    ['a get', { verb: 'GET', resource: 'configmaps', scope: 'resource', code: '200' }, 1],
    ['a list of a namespace', { verb: 'LIST', resource: 'configmaps', scope: 'namespace', code: '200' }, 3],
    ['a list of all namespaces', { verb: 'LIST', resource: 'configmaps', scope: 'cluster', code: '200' }, 1],
    ['a watch', { verb: 'WATCH', resource: 'configmaps', scope: 'namespace', code: '200' }, 1],
    ['a delete', { verb: 'DELETE', resource: 'configmaps', scope: 'resource', code: '200' }, 1],
    ['a delete of many', { verb: 'DELETE', resource: 'configmaps', scope: 'namespace', code: '200' }, 1],
    ['a stream', { verb: 'CONNECT', resource: 'pods', subresource: 'log', code: '404' }, 1],
    ['a question', { verb: 'POST', resource: 'selfsubjectaccessreviews', code: '201' }, 1],
    ['a probe', { verb: 'GET', subresource: '/livez', component: '', code: '200' }, 1],
    ['discovery', { verb: 'GET', subresource: 'apis', component: 'apiserver', code: '200' }, 1],
    ['OpenAPI', { verb: 'GET', subresource: 'openapi/v3/', component: '', code: '200' }, 1],
  ])('count %s under the labels of upstream', (_, labels, count) => {
    expect(countOf('apiserver_request_total', labels)).toBe(count);
  });

  it('do not count under a resource what never reached its verb', () => {
    const { series = [] } = exposed.get('apiserver_request_total') ?? {};
    expect(series.filter(({ labels: { code } }) => code === '401' || code === '403')).toEqual([]);
    expect(series.filter(({ labels: { group } }) => group === 'example.org')).toEqual([]);
  });

  it('count a request over its time, and what it is told is not counted as its own time', () => {
    const slow = { verb: 'POST', resource: 'configmaps', code: '504' };
    expect(countOf('apiserver_request_terminations_total', slow)).toBe(1);
    const lists = { verb: 'LIST', resource: 'configmaps', scope: 'namespace' };
    const [own] = (exposed.get('apiserver_request_sli_duration_seconds')?.series ?? []).filter(
      ({ labels }) => labels.le === '+Inf' && labels.verb === lists.verb && labels.scope === lists.scope,
    );
    expect(own?.value).toBe(3);
  });

  it('tell which deprecated kinds are asked for', () => {
    const endpoints = { version: 'v1', resource: 'endpoints', removed_release: '' };
    expect(countOf('apiserver_requested_deprecated_apis', endpoints)).toBe(1);
    const asked = events.filter(({ objectRef }) => objectRef?.resource === 'endpoints');
    expect(asked.at(-1)?.annotations).toMatchObject({ 'k8s.io/deprecated': 'true' });
  });

  it('tell how often a token was known', () => {
    expect(countOf('authentication_token_cache_request_total', { status: 'hit' })).toBe(1);
    expect(countOf('authentication_token_cache_request_total', { status: 'miss' })).toBe(2);
    // That nobody knows a token is no error.
    expect(countOf('authentication_token_cache_fetch_total', { status: 'ok' })).toBe(2);
  });

  it('tell how large the store is', () => {
    expect(countOf('apiserver_storage_size_bytes', { storage_cluster_id: 'etcd-0' })).toBeGreaterThan(4096);
  });

  it('count streams only while they are open', async () => {
    const watch = await server.open({ path: `${maps}?watch=true` });
    watch.on('error', () => undefined);
    const open = async () => {
      exposed = await read();
      return countOf('apiserver_longrunning_requests', { verb: 'WATCH', scope: 'namespace' });
    };
    expect(await open()).toBe(1);
    watch.destroy();
    await vi.waitFor(async () => expect(await open()).toBeUndefined(), { timeout: 10_000 });
  });
});

function withoutBuckets(fact: Fact | undefined): Fact | undefined {
  if (fact === undefined) return undefined;
  const { buckets: _, ...rest } = fact;
  return rest;
}
