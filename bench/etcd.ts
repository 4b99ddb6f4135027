import { EtcdStorage } from '@kubewright/apiserver/etcd';
import { compareAndSwap } from '@kubewright/apiserver/storage';
import { pino } from 'pino';
import { etcdPath, startEtcd } from '../tests/etcd-process.js';
import { type Comparison, compare } from './compare.js';
import { measureRate } from './load.js';
import { podJson } from './pod.js';
import { scratchDirectory, scratchPki, serve } from './scratch.js';

const inFlight = 64;
const durationMs = 4_000;

/** Creates over TLS with one member of etcd behind the server, against compare-and-swaps of etcd from Node. */
export async function benchEtcdCreate(): Promise<Comparison> {
  if (etcdPath === undefined) throw new Error('there is no etcd on the PATH (apt-get install etcd-server)');
  const directory = scratchDirectory();
  const etcd = await startEtcd();
  const pki = await scratchPki(directory.path);
  const open = () =>
    EtcdStorage.open({
      endpoints: etcd.endpoints,
      logger: pino({ level: 'silent' }),
      compactionIntervalMs: 0,
    });
  const storage = await open();
  const bare = await open();
  const { server, listener } = await serve(storage, pki);
  const body = podJson();
  const value = Buffer.from(body);
  let count = 0;
  const swaps = async () => {
    const end = performance.now() + durationMs;
    const before = count;
    const client = async () => {
      while (performance.now() < end) await compareAndSwap(bare, `/bare/${count++}`, { revision: 0, value });
    };
    await Promise.all(Array.from({ length: inFlight }, client));
    return ((count - before) * 1000) / durationMs;
  };
  const creates = () =>
    measureRate({
      ...{ port: listener.port, path: '/api/v1/namespaces/default/pods', method: 'POST', body, inFlight },
      ...{ durationMs, expectedStatus: 201, tls: pki.client },
    });
  try {
    return await compare(
      `create (etcd) of a pod of ${value.length} bytes over TLS, ${inFlight} in flight, against compare-and-swaps of etcd from Node`,
      creates,
      swaps,
      { unit: 'requests/s', limit: 'at least 0.4' },
    );
  } finally {
    await server.close(0);
    await Promise.all([storage.close(), bare.close()]);
    await etcd.close();
    directory.remove();
  }
}
