import { Writable } from 'node:stream';
import { CoreV1Api, Exec, KubeConfig, Log, type V1Status } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { KubewrightProcess, makeDataDirectory, removeDataDirectory } from '../kubewright-process.js';

const namespace = 'default';
const name = 'streams';
let directory: string;
let up: KubewrightProcess;
let config: KubeConfig;
let core: CoreV1Api;

beforeAll(async () => {
  directory = await makeDataDirectory(undefined);
  up = await KubewrightProcess.start(['up'], directory);
  config = new KubeConfig();
  config.loadFromFile(up.kubeconfig);
  core = config.makeApiClient(CoreV1Api);
  // A pod needs the account that a controller makes.
  await eventually(() => core.readNamespacedServiceAccount({ namespace, name: 'default' }).then(() => true));
  await core.createNamespacedPod({
    namespace,
    body: {
      metadata: { name },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'main', image: 'host', command: ['sh', '-c', 'echo hello; sleep 600'] }],
      },
    },
  });
  await eventually(
    async () => (await core.readNamespacedPod({ namespace, name })).status?.phase === 'Running',
  );
}, 60_000);

afterAll(async () => {
  await up.end('SIGTERM');
  await removeDataDirectory(directory);
});

/** Waits for what the controllers and the node do on their own; calls that fail are made again. */
async function eventually(condition: () => Promise<boolean>): Promise<void> {
  const holds = () => condition().catch(() => false);
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 100));
}

/** Keeps what is written and resolves `seen` when it has the text. */
function collector(): { stream: Writable; text: () => string; seen(text: string): Promise<void> } {
  let text = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      stream.emit('text');
      done();
    },
  });
  const seen = (wanted: string) =>
    new Promise<void>((resolve) => {
      const look = () => text.includes(wanted) && resolve();
      stream.on('text', look);
      look();
    });
  return { stream, text: () => text, seen };
}

it('reads the log of a pod and follows it', async () => {
  const log = await core.readNamespacedPodLog({ namespace, name });
  expect(log).toBe('hello\n');
  const { stream, seen } = collector();
  const following = await new Log(config).log(namespace, name, 'main', stream, { follow: true });
  // The client hands an abort on as an error of the stream.
  stream.on('error', () => undefined);
  await seen('hello\n');
  following.abort();
});

it('executes a command and is told how it ended', async () => {
  const [out, err] = [collector(), collector()];
  const command = ['sh', '-c', 'echo out; echo err >&2; exit 3'];
  const status = await new Promise<V1Status>((resolve, reject) => {
    new Exec(config)
      .exec(namespace, name, 'main', command, out.stream, err.stream, null, false, resolve)
      .catch(reject);
  });
  expect([out.text(), err.text()]).toEqual(['out\n', 'err\n']);
  expect(status).toMatchObject({ status: 'Failure', reason: 'NonZeroExitCode' });
  expect(status.details?.causes).toEqual([{ reason: 'ExitCode', message: '3' }]);
});
