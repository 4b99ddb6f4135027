/**
 * Writes pods into an LMDB store, lets it forget most of what was, and answers with the longest stop of its event loop
 * meanwhile, and of as long a time of the same writes before.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { LmdbStorage } from '@kubewright/apiserver';

const writers = 16;

process.once('disconnect', () => process.exit(0));
process.once('message', async ({ directory, revisions, keys, value }) => {
  const storage = await LmdbStorage.open(directory, { retainRevisions: revisions * 10 });
  const delays = monitorEventLoopDelay({ resolution: 1 });
  let next = 0;
  let writing = true;
  const write = async () => {
    const key = `/registry/pods/default/pod-${String((next++ * 7919) % keys).padStart(8, '0')}`;
    await storage.write(key, () => (next % 10 === 0 ? { delete: true } : { put: Buffer.from(value) }));
  };
  const writer = async () => {
    while (writing) await write();
  };
  for (let i = 0; i < revisions; i += 64) await Promise.all(Array.from({ length: 64 }, write));
  const longest = async (task) => {
    delays.reset();
    delays.enable();
    const start = performance.now();
    await task();
    delays.disable();
    return { longestMs: delays.max / 1e6, tookMs: performance.now() - start };
  };
  const running = Array.from({ length: writers }, writer);
  await delay(500);
  const compacted = await longest(async () => storage.compact(await storage.revision()));
  const before = await longest(() => delay(compacted.tookMs));
  writing = false;
  await Promise.all(running);
  await storage.close();
  process.send({ longestMs: compacted.longestMs, alone: before.longestMs, tookMs: compacted.tookMs });
});
