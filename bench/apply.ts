import { ApiServer, MemoryStorage } from '@kubewright/apiserver';
import { pino } from 'pino';
import { type Comparison, compare } from './compare.js';
import { podJson } from './pod.js';

const path = '/api/v1/namespaces/default/pods/web';
const applyPath = `${path}?fieldManager=kubectl`;
const applyType = 'application/apply-patch+yaml';
const strategicType = 'application/strategic-merge-patch+json';
const requests = 400;

/** CPU of a server-side apply of a pod that changes nothing: the whole request, without sockets, in memory. */
export function benchApplyUnchanged(): Promise<Comparison> {
  return benchPatch('server-side apply of an unchanged pod', 150, (pod) => ({
    ...{ url: applyPath, type: applyType },
    body: () => pod,
  }));
}

/** The same, of one that changes a label each time. */
export function benchApplyChanged(): Promise<Comparison> {
  return benchPatch('server-side apply of a changed pod', 400, (pod) => ({
    ...{ url: applyPath, type: applyType },
    body: (index) => pod.replace('"tier":"backend"', `"tier":"t${index}"`),
  }));
}

/** CPU of a strategic merge patch that sends a whole pod with another label each time. */
export function benchStrategicMerge(): Promise<Comparison> {
  return benchPatch('strategic merge of a pod', 150, (pod) => ({
    ...{ url: path, type: strategicType },
    body: (index) => pod.replace('"tier":"backend"', `"tier":"t${index}"`),
  }));
}

interface Patch {
  readonly url: string;
  readonly type: string;
  body(index: number): string;
}

async function benchPatch(what: string, limit: number, make: (pod: string) => Patch): Promise<Comparison> {
  const server = await ApiServer.start({
    storage: new MemoryStorage(),
    logger: pino({ level: 'silent' }),
    disableAdmissionPlugins: ['ServiceAccount'],
  });
  const pod = podJson('web');
  const patch = make(pod);
  await send(server, { url: applyPath, type: applyType }, pod);
  let index = 0;
  const measure = async () => {
    const before = process.cpuUsage();
    for (let i = 0; i < requests; i++) await send(server, patch, patch.body(index++));
    const { user, system } = process.cpuUsage(before);
    return (user + system) / requests;
  };
  try {
    const name = `CPU of a ${what} of ${pod.length} bytes, the whole request without sockets`;
    return await compare(name, measure, limit, { unit: 'µs', limit: 'at most 1', rounds: 8 });
  } finally {
    await server.close(0);
  }
}

async function send(
  server: ApiServer,
  { url, type }: Pick<Patch, 'url' | 'type'>,
  body: string,
): Promise<void> {
  let answer = { status: 0, text: '' };
  await server.handle(
    {
      ...{ method: 'PATCH', url, headers: { 'content-type': type }, rawHeaders: [] },
      ...{ remoteAddress: '127.0.0.1', user: { name: 'admin', groups: ['system:masters'] } },
      signal: never,
      abandon: () => undefined,
      readBody: async () => Buffer.from(body),
    },
    {
      send: (status, _headers, bytes) => {
        answer = { status, text: status < 300 ? '' : String(bytes) };
      },
      open: () => {
        throw new Error('a patch is answered at once');
      },
    },
  );
  if (answer.status !== 200 && answer.status !== 201) throw new Error(answer.text);
}

const never = new AbortController().signal;
