import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LmdbStorage } from '@kubewright/apiserver';
import { Client, inProcessTransport } from '@kubewright/client';
import { type Comparison, compare } from './compare.js';
import { podJson } from './pod.js';
import { scratchDirectory, scratchPki, serve } from './scratch.js';

const pods = 10_000;

/** What the watch cache takes for each pod, against the pod's JSON as it is served. */
export async function benchCacheMemory(): Promise<Comparison> {
  const directory = scratchDirectory();
  try {
    const store = join(directory.path, 'store');
    const json = await fill(store, await scratchPki(directory.path));
    const memory = await measure(store);
    return await compare(
      `memory of the cache per pod, of ${pods}, against its JSON with managed fields`,
      async () => memory / pods,
      json,
      { unit: 'bytes', limit: 'at most 1.6', rounds: 1 },
    );
  } finally {
    directory.remove();
  }
}

/** Creates the pods; gives the length of one as it is served. */
async function fill(store: string, pki: Awaited<ReturnType<typeof scratchPki>>): Promise<number> {
  const storage = await LmdbStorage.open(store);
  const { server } = await serve(storage, pki);
  const client = new Client(inProcessTransport(server.inProcess({ name: 'admin', groups: [] })));
  const path = '/api/v1/namespaces/default/pods';
  let next = 0;
  const create = async () => {
    while (next < pods)
      await client.requester.json({ method: 'POST', path, body: JSON.parse(podJson(`pod-${next++}`)) });
  };
  await Promise.all(Array.from({ length: 64 }, create));
  const one = JSON.stringify(await client.getPath(`${path}/pod-0`));
  await client.close();
  await server.close(0);
  await storage.close();
  return Buffer.byteLength(one);
}

/** In a process that did nothing else: the store maps files, which are no memory of the process's own. */
async function measure(store: string): Promise<number> {
  const child = fork(fileURLToPath(new URL('./memory.child.ts', import.meta.url)), [store], {
    execArgv: [...process.execArgv, '--expose-gc'],
  });
  const exited = once(child, 'exit');
  const answer = await Promise.race([once(child, 'message'), exited.then(() => undefined)]);
  await exited;
  if (answer === undefined) throw new Error('the process that measures memory has failed');
  return (answer[0] as { bytes: number }).bytes;
}
