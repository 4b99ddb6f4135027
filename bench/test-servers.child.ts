/** Starts and stops 1,000 test servers; prints the time of one in milliseconds, and the heap after each 250 in MiB. */
import { ConfigMap } from '@kubewright/api/core/v1';
import { startTestServer } from '@kubewright/testing';

const servers = 1000;

async function one(): Promise<void> {
  const { client, close } = await startTestServer();
  await client.resource(ConfigMap).create({ metadata: { name: 'a', namespace: 'default' } });
  await close();
}

async function heap(): Promise<number> {
  // What was just closed lets go of its last timers in the next rounds of the loop.
  for (let round = 0; round < 4; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc?.();
  }
  return process.memoryUsage().heapUsed / 2 ** 20;
}

for (let warm = 0; warm < 20; warm++) await one();
const growth = [await heap()];
let ms = 0;
for (let count = 1; count <= servers; count++) {
  const start = performance.now();
  await one();
  ms += performance.now() - start;
  if (count % 250 === 0) growth.push(await heap());
}
process.stdout.write(JSON.stringify({ ms: ms / servers, growth }));
process.exit(0);
