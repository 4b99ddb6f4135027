/**
 * An API server of what is built, in a process of its own and with plain node: what transforms modules on the way
 * changes what is measured. Answers `usage` with the processor time and the longest stop of the event loop since the
 * last answer.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { ApiServer, MemoryStorage } from '@kubewright/apiserver';
import { pino } from 'pino';

process.once('disconnect', () => process.exit(0));
process.once('message', async ({ pki, objects, flowControl }) => {
  const storage = new MemoryStorage();
  for (const { key, value } of made(objects)) await storage.write(key, () => ({ put: Buffer.from(value) }));
  const server = await ApiServer.start({
    storage,
    logger: pino({ level: 'silent' }),
    disableAdmissionPlugins: ['ServiceAccount'],
    ...(flowControl === undefined ? {} : { flowControl }),
  });
  const { port } = await server.listen({ ...pki.serving, clientCA: pki.ca, host: '127.0.0.1', port: 0 });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  let cpu = process.cpuUsage();
  process.on('message', async (message) => {
    if (message.touch !== undefined) await touch(storage, message.touch);
    const { user, system } = process.cpuUsage(cpu);
    cpu = process.cpuUsage();
    process.send({ cpuMs: (user + system) / 1000, longestMs: delay.max / 1e6 });
    delay.reset();
  });
  process.send({ port, pid: process.pid });
});

/** Objects out of templates: `NAME` and `NODE` in the text become those of each. */
function* made(objects) {
  for (const { prefix, template, count, nodes } of objects) {
    for (let i = 0; i < count; i++) {
      const name = `pod-${String(i).padStart(7, '0')}`;
      yield {
        key: prefix + name,
        value: template.replaceAll('NAME', name).replaceAll('NODE', `node-${i % nodes}`),
      };
    }
  }
}

/** Changes one object so often, some changes in each round of the loop. */
async function touch(storage, { key, rounds, perRound }) {
  const { entry } = await storage.get(key);
  const text = entry.value.toString();
  let n = 0;
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < perRound; i++) {
      const value = text.replace(/"n":"\d*"/, `"n":"${String(n++).padStart(6, '0')}"`);
      storage.write(key, () => ({ put: Buffer.from(value) }));
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}
