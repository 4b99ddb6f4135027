/**
 * Fills an LMDB store with small objects; opens it; or opens it and starts an API server over it, asked in process. The
 * latter two answer with the milliseconds until one of the objects was there, measured with all code loaded.
 */
import { ConfigMap } from '@kubewright/api/core/v1';
import { ApiServer, LmdbStorage } from '@kubewright/apiserver';
import { Client, inProcessTransport } from '@kubewright/client';
import { pino } from 'pino';

const namespaces = 100;
const atOnce = 5_000;

process.once('disconnect', () => process.exit(0));
process.on('message', async ({ command, directory, count }) => {
  process.send(await { fill, open, serve }[command](directory, count));
});

const nameOf = (i) => `map-${String(i).padStart(7, '0')}`;
const namespaceOf = (i) => `ns-${i % namespaces}`;
const keyOf = (i) => `/registry/configmaps/${namespaceOf(i)}/${nameOf(i)}`;

function stored(i) {
  const metadata = {
    name: nameOf(i),
    namespace: namespaceOf(i),
    uid: `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`,
    creationTimestamp: '2026-11-29T00:00:00Z',
    labels: { app: `app-${i % 50}` },
  };
  return JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { text: 'x'.repeat(200) } });
}

async function fill(directory, count) {
  const storage = await LmdbStorage.open(directory);
  const write = (i) => storage.write(keyOf(i), () => ({ put: Buffer.from(stored(i)) }));
  for (let i = 0; i < count; i += atOnce)
    await Promise.all(Array.from({ length: Math.min(atOnce, count - i) }, (_, n) => write(i + n)));
  await storage.close();
  return {};
}

async function open(directory, count) {
  const start = performance.now();
  const storage = await LmdbStorage.open(directory);
  const { entry } = await storage.get(keyOf(count - 1));
  const ms = performance.now() - start;
  await storage.close();
  if (entry === undefined) throw new Error(`${keyOf(count - 1)} is not there`);
  return { ms };
}

async function serve(directory, count) {
  const start = performance.now();
  const storage = await LmdbStorage.open(directory);
  const server = await ApiServer.start({ storage, logger: pino({ level: 'silent' }) });
  const user = { name: 'admin', groups: ['system:masters'] };
  const client = new Client(inProcessTransport(server.inProcess(user)));
  await client
    .resource(ConfigMap)
    .namespace(namespaceOf(count - 1))
    .get(nameOf(count - 1));
  const ms = performance.now() - start;
  await client.close();
  await server.close();
  await storage.close();
  return { ms };
}
