/**
 * One etcd under a real kube-apiserver and under Kubewright, in turn: each must read what the other wrote, word for word,
 * and be able to change it. Prints a line a check, as `run.ts` reads them.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Kind, KubernetesObject } from '@kubewright/api';
import { ApiServer } from '@kubewright/apiserver';
import { EtcdStorage } from '@kubewright/apiserver/etcd';
import { Client, inProcessTransport, parseManifests } from '@kubewright/client';
import { pino } from 'pino';
import { etcdctl, startEtcd } from '../../etcd-process.js';
import { bothAtOnce } from './both-at-once.js';
import { startKubeApiserver } from './kube-apiserver.js';

const logger = pino({ level: 'silent' });
/** A server keeps these up to date by itself. */
const kept =
  /^(?:(?:leases|endpoints|endpointslices|configmaps|services)\.\S* (?:kube-system|default)\/(?:apiserver-|kubernetes$|extension-)|(?:apiservices|flowschemas)\.\S* \S*(?:example|two$))/;
let failed = false;

async function check(name: string, body: () => Promise<string | undefined>): Promise<void> {
  const why = await body().catch((error: unknown) =>
    error instanceof Error ? error.message : String(error),
  );
  if (why !== undefined) failed = true;
  const line = why === undefined ? `ok ${name}` : `not ok ${name}: ${why.replaceAll('\n', ' ')}`;
  process.stdout.write(`${line}\n`);
}

type Objects = ReadonlyMap<string, KubernetesObject>;

/** All objects of some kinds that a server has, by resource, namespace and name. */
async function everything(client: Client, kinds: readonly Kind<KubernetesObject>[]): Promise<Objects> {
  const objects = new Map<string, KubernetesObject>();
  for (const kind of kinds) {
    const { items } = await client
      .resource(kind)
      .list()
      .catch((error: unknown) => {
        throw new Error(`${kind.plural}.${kind.group}: ${String(error)}`);
      });
    for (const item of items) {
      const { namespace = '', name } = item.metadata;
      objects.set(`${kind.plural}.${kind.group} ${namespace}/${name}`, withoutNulls(item));
    }
  }
  return objects;
}

/** Go writes some empty fields as null, and Kubewright leaves them out: to a client both are the same. */
function withoutNulls<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutNulls) as T;
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([name, member]) => [name, withoutNulls(member)])) as T;
}

/** What one server has otherwise than the other; none where they agree. */
function differences(before: Objects, after: Objects): string | undefined {
  const found: string[] = [];
  for (const [key, object] of before) {
    const now = after.get(key);
    if (kept.test(key)) continue;
    if (now === undefined) found.push(`${key} is missing`);
    else if (!isDeepStrictEqual(now, object)) found.push(`${key}: ${firstDifference(object, now)}`);
  }
  return found.length === 0
    ? undefined
    : `${found.length} of ${before.size} differ: ${found.slice(0, 12).join('; ')}`;
}

function firstDifference(a: unknown, b: unknown, path = ''): string | undefined {
  if (isDeepStrictEqual(a, b)) return undefined;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null)
    return `${path} ${JSON.stringify(a)} → ${JSON.stringify(b)}`;
  const [left, right] = [a, b] as [Record<string, unknown>, Record<string, unknown>];
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const difference = firstDifference(left[key], right[key], `${path}.${key}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function certificateRequest(directory: string, name: string): string {
  const file = join(directory, `${name}.csr`);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${file}.key`];
  execFileSync('openssl', ['req', '-new', ...key, '-subj', `/CN=${name}`, '-out', file], { stdio: 'ignore' });
  const request = readFileSync(file).toString('base64');
  const spec = `{ request: ${request}, signerName: example.dev/client, usages: [client auth] }`;
  return `apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata: { name: ${name} }\nspec: ${spec}\n`;
}

const directory = mkdtempSync(join(tmpdir(), 'kubewright-etcd-interop-'));

/** Applies one object of each kind under a name, and one of the kind that they define. */
async function applyEveryKind(client: Client, name: string): Promise<number> {
  const text = readFileSync(join(import.meta.dirname, 'every-kind.yaml'), 'utf8').replaceAll('NAME', name);
  const objects = await parseManifests(
    `${text}---\n${certificateRequest(directory, name)}`,
    'every-kind.yaml',
  );
  const options = { fieldManager: 'interop', timeoutMs: 60_000 };
  const { applied } = await client.applyObjects(objects, options);
  const custom = { apiVersion: 'example.dev/v1', kind: `Kind${name}`, metadata: { name }, spec: {} };
  // The definition has to be established first.
  for (let attempt = 0; ; attempt++) {
    try {
      await client.applyObjects([custom], options);
      return applied.length + 1;
    } catch (error) {
      if (attempt === 50) throw error;
      await delay(200);
    }
  }
}

/** Puts a label on every object that a name is in. */
async function labelEach(client: Client, objects: Objects, name: string, label: string): Promise<number> {
  let changed = 0;
  for (const object of objects.values()) {
    const { name: own = '', namespace } = object.metadata;
    if (!own.includes(name) || object.apiVersion === undefined) continue;
    const kind = await client.discovery.kindOf({ apiVersion: object.apiVersion, kind: object.kind ?? '' });
    await client
      .resource(kind)
      .namespace(namespace)
      .patchMerge(own, { metadata: { labels: { [label]: 'yes' } } });
    changed++;
  }
  return changed;
}

const etcd = await startEtcd();
const port = await freePort();
try {
  let kinds: Kind<KubernetesObject>[] = [];
  let theirs: Objects = new Map();
  await check('kube-apiserver takes an object of every kind', async () => {
    const server = await startKubeApiserver(etcd, { directory, port });
    try {
      const { gitVersion } = await server.client.version();
      process.stdout.write(`version ${gitVersion}\n`);
      kinds = (await server.client.discovery.kinds()).filter(
        ({ verbs }) => verbs.includes('list') && verbs.includes('create'),
      );
      await applyEveryKind(server.client, 'one');
      kinds.push(await server.client.discovery.kindOf({ apiVersion: 'example.dev/v1', kind: 'Kindone' }));
      theirs = await everything(server.client, kinds);
      const missing = kinds.filter(
        ({ plural, group }) => ![...theirs.keys()].some((key) => key.startsWith(`${plural}.${group} `)),
      );
      return missing.length > 0 ? `none of ${missing.map(({ plural }) => plural).join(', ')}` : undefined;
    } finally {
      await server.close();
    }
  });
  await check('most of its values are protobuf', async () => {
    const values =
      etcdctl(etcd, 'get', '--prefix', '/registry/', '--print-value-only').split('k8s\0').length - 1;
    return values < 100 ? `only ${values} are` : undefined;
  });

  let ours: Objects = new Map();
  const { client, close } = await startKubewright();
  await check('Kubewright reads every object that kube-apiserver wrote, word for word', async () =>
    differences(theirs, await everything(client, kinds)),
  );
  await check('Kubewright changes every object that kube-apiserver wrote', async () => {
    const changed = await labelEach(client, theirs, 'one', 'kubewright');
    return changed < 50 ? `only ${changed} were there` : undefined;
  });
  await check('Kubewright takes an object of every kind', async () => {
    await applyEveryKind(client, 'two');
    kinds.push(await client.discovery.kindOf({ apiVersion: 'example.dev/v1', kind: 'Kindtwo' }));
    ours = await everything(client, kinds);
    return undefined;
  });
  await close();

  const again = await startKubeApiserver(etcd, { directory, port });
  try {
    await check('kube-apiserver reads every object that Kubewright wrote, word for word', async () =>
      differences(ours, await everything(again.client, kinds)),
    );
    await check('kube-apiserver changes every object that Kubewright wrote', async () => {
      const changed = await labelEach(again.client, ours, 'two', 'upstream');
      return changed < 50 ? `only ${changed} were there` : undefined;
    });
    const beside = await startKubewright();
    await check('both at once read and watch what the other writes', () =>
      bothAtOnce(again.client, beside.client),
    );
    await beside.close();
  } finally {
    await again.close();
  }
} finally {
  await etcd.close();
  rmSync(directory, { recursive: true });
}
process.exit(failed ? 1 : 0);

async function startKubewright() {
  const storage = await EtcdStorage.open({ endpoints: etcd.endpoints, logger, compactionIntervalMs: 0 });
  const server = await ApiServer.start({ storage, logger });
  const admin = { name: 'admin', groups: ['system:masters'] };
  const client = new Client(inProcessTransport(server.inProcess(admin)));
  const close = async () => {
    await client.close();
    await server.close(0);
    await storage.close();
  };
  return { client, close };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await once(probe.listen(0, '127.0.0.1'), 'listening');
  const { port: free } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return free;
}
