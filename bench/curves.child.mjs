/**
 * An API server of what is built over an LMDB store with so many pods, which times each verb as a client in the same
 * process sees it (so that sockets and TLS, the same at every size, are not in it), one request after the other.
 */
import { join } from 'node:path';
import { ApiServer, LmdbStorage, MemoryStorage } from '@kubewright/apiserver';
import { pino } from 'pino';

const namespaces = 100;
const user = { name: 'admin', groups: ['system:masters'] };

process.once('disconnect', () => process.exit(0));
process.on('message', async ({ command, ...options }) => {
  process.send(await { fill, start, time }[command](options));
});

const nameOf = (i) => `pod-${String(i).padStart(7, '0')}`;
const namespaceOf = (i) => `ns-${i % namespaces}`;

/** A pod as the server stores it, with the marks of `fillIn` in it. */
async function storedPod(pod) {
  const storage = new MemoryStorage();
  const server = await startServer(storage);
  await sender(server)('POST', '/api/v1/namespaces/the-namespace/pods', pod, 'application/json');
  const { entry } = await storage.get('/registry/pods/the-namespace/the-name');
  await server.close(0);
  return entry.value.toString();
}

function fillIn(text, { name, namespace, node }) {
  return text
    .replaceAll('the-namespace', namespace)
    .replaceAll('the-name', name)
    .replaceAll('the-node', node);
}

function startServer(storage) {
  const disableAdmissionPlugins = ['ServiceAccount', 'NamespaceLifecycle'];
  return ApiServer.start({ storage, logger: pino({ level: 'silent' }), disableAdmissionPlugins });
}

/** Writes the pods. */
async function fill({ directory, count, pod }) {
  const text = await storedPod(pod);
  const storage = await LmdbStorage.open(join(directory, 'store'));
  const write = (i) => {
    const own = { name: nameOf(i), namespace: namespaceOf(i), node: `node-${i % 1000}` };
    const value = Buffer.from(fillIn(text, own));
    return storage.write(`/registry/pods/${own.namespace}/${own.name}`, () => ({ put: value }));
  };
  for (let i = 0; i < count; i += 1000)
    await Promise.all(Array.from({ length: Math.min(1000, count - i) }, (_, n) => write(i + n)));
  await storage.close();
  return {};
}

let verbs;

/** Opens the store; gives the milliseconds until it is open and until the first answer, and the names of the verbs. */
async function start({ directory, count, pod }) {
  const before = performance.now();
  const storage = await LmdbStorage.open(join(directory, 'store'));
  const openMs = performance.now() - before;
  const server = await startServer(storage);
  const send = sender(server);
  await send('GET', `/api/v1/namespaces/${namespaceOf(0)}/pods/${nameOf(0)}`);
  const readyMs = performance.now() - before;
  verbs = verbsOf(send, { count, pod });
  return { openMs, readyMs, verbs: Object.keys(verbs) };
}

/** The milliseconds of each of some requests of a verb. */
async function time({ verb, requests }) {
  const times = [];
  for (let i = 0; i < requests; i++) {
    const before = performance.now();
    // Those that need a preparation time themselves.
    times.push((await verbs[verb]()).ms ?? performance.now() - before);
  }
  return times;
}

function verbsOf(send, { count, pod }) {
  const body = (i) => fillIn(pod, { name: `new-${i}`, namespace: 'default', node: 'node-0' });
  const json = 'application/json';
  let n = 0;
  const at = () => {
    const i = (n++ * 7919) % count;
    return `/api/v1/namespaces/${namespaceOf(i)}/pods/${nameOf(i)}`;
  };
  return {
    get: () => send('GET', at()),
    'list, 10 of a namespace': () => send('GET', `/api/v1/namespaces/${namespaceOf(n++)}/pods?limit=10`),
    'list, a page of 500': () => send('GET', '/api/v1/pods?limit=500'),
    // Until the first event is here.
    watch: () => {
      const field = `metadata.name=${nameOf(n++ % count)}`;
      return send('GET', `/api/v1/pods?watch=true&resourceVersion=0&fieldSelector=${field}`);
    },
    create: () => send('POST', '/api/v1/namespaces/default/pods', body(n++), json),
    update: async () => {
      const path = at();
      const found = JSON.parse(await send('GET', path));
      found.metadata.labels.tier = `t${n}`;
      return timed(() => send('PUT', path, JSON.stringify(found), json));
    },
    patch: () =>
      send('PATCH', at(), `{"metadata":{"labels":{"tier":"t${n}"}}}`, 'application/merge-patch+json'),
    apply: () => {
      const metadata = { labels: { applied: `a${n}` } };
      const object = JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata });
      return send('PATCH', `${at()}?fieldManager=bench&force=true`, object, 'application/apply-patch+yaml');
    },
    delete: async () => {
      const i = n++;
      await send('POST', '/api/v1/namespaces/default/pods', body(i), json);
      const path = `/api/v1/namespaces/default/pods/new-${i}?gracePeriodSeconds=0`;
      return timed(() => send('DELETE', path));
    },
    'deletecollection, 10 of a namespace': async () => {
      const path = '/api/v1/namespaces/emptied/pods';
      for (let i = 0; i < 10; i++)
        await send(
          'POST',
          path,
          fillIn(pod, { name: `new-${i}`, namespace: 'emptied', node: 'node-0' }),
          json,
        );
      return timed(() => send('DELETE', `${path}?gracePeriodSeconds=0`));
    },
  };
}

async function timed(request) {
  const start = performance.now();
  await request();
  return { ms: performance.now() - start };
}

/** Sends as a client in the same process; the text of the answer, or of the first that a watch says. */
function sender(server) {
  return (method, url, body = '', type = '') =>
    new Promise((resolve, reject) => {
      const client = new AbortController();
      const settle = (status, bytes) => {
        if (status < 300) resolve(String(bytes));
        else reject(new Error(`${method} ${url}: ${bytes}`));
      };
      const request = {
        ...{ method, url, headers: type === '' ? {} : { 'content-type': type }, rawHeaders: [] },
        ...{ remoteAddress: '127.0.0.1', user, signal: client.signal },
        abandon: (reason) => client.abort(reason),
        readBody: async () => Buffer.from(body),
      };
      const open = (status) => {
        const pieces = [];
        return {
          write: (bytes) => {
            pieces.push(Buffer.from(bytes));
            if (url.includes('watch=true')) {
              settle(status, Buffer.concat(pieces));
              client.abort(new Error('seen'));
            }
            return true;
          },
          drained: async () => true,
          end: () => settle(status, Buffer.concat(pieces)),
          destroy: () => reject(new Error('cut off')),
        };
      };
      server
        .handle(request, { send: (status, _headers, bytes) => settle(status, bytes), open })
        .catch(reject);
    });
}
