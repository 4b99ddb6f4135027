/**
 * An API server of what is built over an LMDB store with so many pods, which times each verb as a client in the same
 * process sees it (so that sockets and TLS, the same at every size, are not in it), one request after the other.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiServer, LmdbStorage } from '@kubewright/apiserver';
import { pino } from 'pino';

const namespaces = 100;
const user = { name: 'admin', groups: ['system:masters'] };

process.once('disconnect', () => process.exit(0));
process.on('message', async ({ command, ...options }) => {
  process.send(await { fill, measure }[command](options));
});

const nameOf = (i) => `pod-${String(i).padStart(7, '0')}`;
const namespaceOf = (i) => `ns-${i % namespaces}`;

/** Writes the pods, and a marker that they are there. */
async function fill({ directory, count, template }) {
  const storage = await LmdbStorage.open(join(directory, 'store'));
  const bytes = (i) =>
    Buffer.from(
      template
        .replaceAll('NAMESPACE', namespaceOf(i))
        .replaceAll('NAME', nameOf(i))
        .replaceAll('NODE', `node-${i % 1000}`),
    );
  for (let i = 0; i < count; i += 1000) {
    const many = Array.from({ length: Math.min(1000, count - i) }, (_, n) => i + n);
    const write = (n) =>
      storage.write(`/registry/pods/${namespaceOf(n)}/${nameOf(n)}`, () => ({ put: bytes(n) }));
    await Promise.all(many.map(write));
  }
  await storage.close();
  writeFileSync(join(directory, 'filled'), String(count));
  return {};
}

/** Median microseconds of each verb, and the milliseconds from the start to the first answer. */
async function measure({ directory, count, template, rounds }) {
  const start = performance.now();
  const storage = await LmdbStorage.open(join(directory, 'store'));
  const openMs = performance.now() - start;
  const server = await ApiServer.start({
    storage,
    logger: pino({ level: 'silent' }),
    disableAdmissionPlugins: ['ServiceAccount', 'NamespaceLifecycle'],
  });
  const send = sender(server);
  await send('GET', `/api/v1/namespaces/${namespaceOf(0)}/pods/${nameOf(0)}`);
  const readyMs = performance.now() - start;
  const body = (i) => template.replaceAll('NAMESPACE', 'default').replaceAll('NAME', `new-${i}`);
  let n = 0;
  const at = () => {
    const i = (n++ * 7919) % count;
    return `/api/v1/namespaces/${namespaceOf(i)}/pods/${nameOf(i)}`;
  };
  const patch = 'application/merge-patch+json';
  const verbs = {
    get: () => send('GET', at()),
    'list, 10 of a namespace': () => send('GET', `/api/v1/namespaces/${namespaceOf(n++)}/pods?limit=10`),
    'list, a page of 500': () => send('GET', '/api/v1/pods?limit=500'),
    // Until the first event is here.
    watch: () =>
      send(
        'GET',
        `/api/v1/pods?watch=true&resourceVersion=0&fieldSelector=metadata.name=${nameOf(n++ % count)}`,
      ),
    create: () => send('POST', '/api/v1/namespaces/default/pods', body(n++), 'application/json'),
    update: async () => {
      const path = at();
      const found = JSON.parse(await send('GET', path));
      found.metadata.labels.tier = `t${n}`;
      return timed(() => send('PUT', path, JSON.stringify(found), 'application/json'));
    },
    patch: () => send('PATCH', at(), `{"metadata":{"labels":{"tier":"t${n}"}}}`, patch),
    apply: () => {
      const i = (n++ * 7919) % count;
      const metadata = { name: nameOf(i), namespace: namespaceOf(i), labels: { applied: `a${n}` } };
      const path = `/api/v1/namespaces/${namespaceOf(i)}/pods/${nameOf(i)}?fieldManager=bench&force=true`;
      const object = { apiVersion: 'v1', kind: 'Pod', metadata };
      return send('PATCH', path, JSON.stringify(object), 'application/apply-patch+yaml');
    },
    delete: async () => {
      const i = n++;
      await send('POST', '/api/v1/namespaces/default/pods', body(i), 'application/json');
      const path = `/api/v1/namespaces/default/pods/new-${i}?gracePeriodSeconds=0`;
      return timed(() => send('DELETE', path));
    },
  };
  const medians = {};
  for (const [verb, request] of Object.entries(verbs)) {
    const times = [];
    for (let round = 0; round < rounds; round++) {
      // Those that need a preparation time themselves.
      const start = performance.now();
      const ms = (await request()).ms ?? performance.now() - start;
      // The first tenth warms up.
      if (round >= rounds / 10) times.push(ms);
    }
    times.sort((a, b) => a - b);
    medians[verb] = times[Math.floor(times.length / 2)] * 1000;
  }
  await server.close(0);
  await storage.close();
  return { openMs, readyMs, medians };
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
