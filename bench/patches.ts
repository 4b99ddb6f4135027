import { Readable } from 'node:stream';
import { ServiceAccount } from '@kubewright/api/core/v1';
import { ApiServer, MemoryStorage } from '@kubewright/apiserver';
import { pino } from 'pino';
import { Child } from './child.js';
import { type Comparison, compare } from './compare.js';
import { podJson } from './pod.js';

/** CPU of a server-side apply of a pod that changes nothing. */
export const benchApplyUnchanged = () =>
  benchPatch('server-side apply of an unchanged pod', 150, { patch: 'apply', changes: false });

/** The same, of one that changes a label each time. */
export const benchApplyChanged = () =>
  benchPatch('server-side apply of a changed pod', 400, { patch: 'apply', changes: true });

/** CPU of a strategic merge patch that is a whole pod with another label each time. */
export const benchStrategicMerge = () =>
  benchPatch('strategic merge of a pod', 150, { patch: 'strategic', changes: true });

interface Patch {
  readonly patch: keyof typeof requests;
  readonly changes: boolean;
}

const path = '/api/v1/namespaces/default/pods/web';
const requests = {
  apply: { url: `${path}?fieldManager=kubectl`, type: 'application/apply-patch+yaml' },
  strategic: { url: path, type: 'application/strategic-merge-patch+json' },
};

/** The patch itself against its budget; the note has the whole request. */
async function benchPatch(what: string, limit: number, patch: Patch): Promise<Comparison> {
  const child = new Child('./patches.child.mjs');
  const json = podJson('web');
  try {
    const comparison = await compare(
      `${what} of ${json.length} bytes`,
      () => child.ask<number>({ ...patch, json, durationMs: 500 }),
      limit,
      { unit: 'µs of processor time', limit: 'at most 1' },
    );
    return { ...comparison, notes: [await wholeRequest(patch, json)] };
  } finally {
    child.close();
  }
}

/** What a patch and a create of the same pod take in all, without sockets, the store in memory. */
async function wholeRequest({ patch, changes }: Patch, json: string): Promise<string> {
  const server = await ApiServer.start({ storage: new MemoryStorage(), logger: pino({ level: 'silent' }) });
  const account = { name: 'default', namespace: 'default' };
  await server.objects.create(ServiceAccount, { metadata: account, automountServiceAccountToken: false });
  let index = 0;
  const create = () => {
    const pod = json.replace('"name":"web"', `"name":"web-${index++}"`);
    return send(
      server,
      { method: 'POST', url: path.slice(0, -'/web'.length), type: 'application/json' },
      pod,
    );
  };
  const write = () => {
    const pod = changes ? json.replace('"tier":"backend"', `"tier":"t${index++}"`) : json;
    return send(server, { method: 'PATCH', ...requests[patch] }, pod);
  };
  try {
    await send(server, { method: 'PATCH', ...requests.apply }, json);
    const { ours, peer } = await compare('', cpuOf(write), cpuOf(create), { unit: 'µs' });
    return `the whole request without sockets ${ours.median.toFixed(0)} µs, of a create ${peer.median.toFixed(0)} µs`;
  } finally {
    await server.close(0);
  }
}

const times = 1_000;

function cpuOf(run: () => Promise<void>): () => Promise<number> {
  return async () => {
    const before = process.cpuUsage();
    for (let i = 0; i < times; i++) await run();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / times;
  };
}

interface Request {
  readonly method: string;
  readonly url: string;
  readonly type: string;
}

async function send(server: ApiServer, { method, url, type }: Request, body: string): Promise<void> {
  let answer = { status: 0, text: '' };
  await server.handle(
    {
      ...{ method, url, headers: { 'content-type': type }, rawHeaders: [] },
      ...{ remoteAddress: '127.0.0.1', user: { name: 'admin', groups: ['system:masters'] } },
      signal: never,
      abandon: () => undefined,
      readBody: async () => Buffer.from(body),
      bodyStream: () => Readable.from([]),
    },
    {
      send: (status, _headers, bytes) => {
        answer = { status, text: status < 300 ? '' : String(bytes) };
      },
      open: () => {
        throw new Error('a write is answered at once');
      },
    },
  );
  if (answer.status !== 200 && answer.status !== 201) throw new Error(answer.text);
}

const never = new AbortController().signal;
