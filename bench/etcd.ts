import { etcdPath, startEtcd } from '../tests/etcd-process.js';
import { Child } from './child.js';
import { type Comparison, compare } from './compare.js';
import { measureRate } from './load.js';
import { podJson } from './pod.js';
import { type Profile, stagesOf } from './profile.js';
import { scratchDirectory, scratchPki } from './scratch.js';

const inFlight = 64;
const durationMs = 4_000;

/** Creates over TLS with one member of etcd behind the server, against compare-and-swaps of etcd from Node. */
export async function benchEtcdCreate(): Promise<Comparison> {
  if (etcdPath === undefined) throw new Error('there is no etcd on the PATH (apt-get install etcd-server)');
  const directory = scratchDirectory();
  const etcd = await startEtcd();
  const pki = await scratchPki(directory.path);
  const body = podJson();
  const server = new Child('./create-server.child.mjs', { asServer: true });
  const peer = new Child('./etcd-swaps.child.mjs', { asServer: true });
  try {
    const { port } = await server.ask<{ port: number }>({ side: 'ours', pki, etcd: etcd.endpoints });
    await peer.ask({ endpoint: etcd.endpoints[0], value: body, inFlight });
    const creates = () =>
      measureRate({
        ...{ port, path: '/api/v1/namespaces/default/pods', method: 'POST', body, inFlight },
        ...{ durationMs, expectedStatus: 201, tls: pki.client },
      });
    const comparison = await compare(
      `create (etcd) of a pod of ${body.length} bytes over TLS, ${inFlight} in flight, against compare-and-swaps of etcd from Node`,
      creates,
      () => peer.ask<number>({ durationMs }),
      { unit: 'requests/s', limit: 'at least 0.4' },
    );
    await server.ask({});
    const rate = await creates();
    const stages = stagesOf(await server.ask<Profile>({}));
    const notes = stages.map(({ stage, share }) => `${stage} ${((share * 1e6) / rate).toFixed(1)} µs`);
    return { ...comparison, notes: [`of each: ${notes.join(', ')}`] };
  } finally {
    server.close();
    peer.close();
    await etcd.close();
    directory.remove();
  }
}
