/** Run by a test, which kills it: opens the runtime over a data directory and leaves a pod at work in every way. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openProcessRuntime } from './process-runtime.js';

const [dataDirectory = '', podRange = '', loopback = ''] = process.argv.slice(2);
const runtime = await openProcessRuntime({ dataDirectory, podRange, loopback: loopback === 'true' });
const logDirectory = join(dataDirectory, 'logs');
await mkdir(logDirectory, { recursive: true });
const sandboxId = await runtime.runPodSandbox({
  ...{ name: 'pod', namespace: 'default', uid: 'uid', attempt: 0, logDirectory },
});
const config = { attempt: 0, image: 'none' };
// What it leaves behind: a daemon in a session of its own, deaf to signals, and an exec at work.
const script = `trap '' TERM HUP INT; (setsid sh -c 'trap "" TERM HUP; sleep 98765; true' &); echo up; sleep 98765; true`;
const main = await runtime.createContainer(sandboxId, {
  ...{ ...config, name: 'main', command: ['sh', '-c', script], logPath: 'main.log' },
});
await runtime.startContainer(main);
const done = await runtime.createContainer(sandboxId, {
  ...{ ...config, name: 'done', command: ['sh', '-c', 'exit 9'], logPath: 'done.log' },
});
const ended = new Promise<void>((resolve) => {
  runtime.onEvent(({ type, containerId }) => {
    if (type === 'stopped' && containerId === done) resolve();
  });
});
await runtime.startContainer(done);
await ended;
await runtime.exec(main, {
  command: ['sleep', '98765'],
  stdin: false,
  stdout: true,
  stderr: true,
  tty: false,
});
await runtime.portForward(sandboxId, 1).catch(() => undefined);
process.stdout.write('at work\n');
