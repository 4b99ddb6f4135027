import { join } from 'node:path';
import { Child } from './child.js';
import { type Comparison, compare } from './compare.js';
import { measureRate } from './load.js';
import { podJson } from './pod.js';
import { type Profile, stagesOf } from './profile.js';
import { scratchDirectory, scratchPki } from './scratch.js';

export const benchCreate = () => benchCreates(64);
export const benchManyCreates = () => benchCreates(256);

/** Durable creates over TLS, against what HTTP, ajv and grouped LMDB writes reach by themselves. */
async function benchCreates(inFlight: number): Promise<Comparison> {
  const directory = scratchDirectory();
  const pki = await scratchPki(directory.path);
  const body = podJson();
  const children: Child[] = [];
  const start = async (side: 'ours' | 'bare') => {
    const child = new Child('./create-server.child.mjs', { asServer: true });
    children.push(child);
    const { port } = await child.ask<{ port: number }>({ side, pki, directory: join(directory.path, side) });
    return { child, port };
  };
  try {
    const [ours, bare] = [await start('ours'), await start('bare')];
    const rateOf = (port: number) =>
      measureRate({
        ...{ port, path: '/api/v1/namespaces/default/pods', method: 'POST', body, inFlight },
        ...{ durationMs: 4_000, expectedStatus: 201, tls: pki.client },
      });
    const comparison = await compare(
      `durable create (LMDB) of a pod of ${body.length} bytes over TLS, ${inFlight} in flight, against bare HTTPS, ajv and grouped LMDB writes`,
      () => rateOf(ours.port),
      () => rateOf(bare.port),
      { unit: 'requests/s', limit: 'at least 0.35' },
    );
    await ours.child.ask({});
    const rate = await rateOf(ours.port);
    const stages = stagesOf(await ours.child.ask<Profile>({}));
    const notes = stages.map(({ stage, share }) => `${stage} ${((share * 1e6) / rate).toFixed(1)} µs`);
    return { ...comparison, notes: [`of each: ${notes.join(', ')}`] };
  } finally {
    for (const child of children) child.close();
    directory.remove();
  }
}
