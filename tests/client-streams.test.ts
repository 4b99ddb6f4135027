import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pod } from '@kubewright/api/core/v1';
import { Client, type ResourceClient } from '@kubewright/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { KubewrightProcess } from './kubewright-process.js';

let directory = '';
let kubewright: KubewrightProcess;
let client: Client;
let pods: ResourceClient<Pod>;

/** Answers each connection with what it was sent, in capitals, and says good-bye at its end. */
const echo = `require('net').createServer({ allowHalfOpen: true }, (s) => s.on('data', (d) => s.write(String(d).toUpperCase())).on('end', () => s.end('BYE'))).listen(8080)`;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'streams-'));
  kubewright = await KubewrightProcess.start(['up'], directory);
  client = await Client.fromKubeconfig({ path: kubewright.kubeconfig });
  pods = client.resource(Pod).namespace('default');
  await pods.create({
    metadata: { name: 'a' },
    spec: {
      containers: [
        {
          name: 'c',
          image: 'example/none',
          command: [process.execPath, '-e', `console.log('up');${echo}`],
          volumeMounts: [{ name: 'data', mountPath: '/data' }],
        },
      ],
      volumes: [{ name: 'data', emptyDir: {} }],
    },
  });
  await pods.waitFor('a', (pod) => pod?.status?.phase === 'Running', { timeoutMs: 20_000 });
}, 40_000);
afterAll(async () => {
  await client?.close();
  await kubewright?.end('SIGTERM');
  await rm(directory, { recursive: true, force: true });
});

it('the lines of a log', async () => {
  for await (const line of pods.logs('a', { follow: true, timeoutMs: 10_000 })) {
    expect(line).toBe('up');
    break;
  }
});

it('a process with input, both outputs and an exit code', async () => {
  const process = await pods.exec('a', {
    command: ['sh', '-c', 'cat; echo bad >&2; exit 3'],
    stdin: true,
    timeoutMs: 10_000,
  });
  await process.write('hello');
  await process.end();
  expect(await process.result()).toMatchObject({ stdout: 'hello', stderr: 'bad\n', code: 3 });
});

it('copies to a container and back', async () => {
  await mkdir(join(directory, 'tree/deep'), { recursive: true });
  await writeFile(join(directory, 'tree/deep/file'), Buffer.alloc(200_000, 'y'));
  await pods.copyTo('a', join(directory, 'tree'), '/data/tree', { timeoutMs: 20_000 });
  const listed = await pods.exec('a', { command: ['wc', '-c', '/data/tree/deep/file'] });
  expect((await listed.result()).stdout).toMatch(/^200000 /);
  await pods.copyFrom('a', '/data/tree', join(directory, 'back'), { timeoutMs: 20_000 });
  expect((await readFile(join(directory, 'back/deep/file'))).length).toBe(200_000);
  await expect(pods.copyFrom('a', '/data/none', join(directory, 'none'))).rejects.toThrow(
    /tar in the container failed with exit code 2: .*none/,
  );
});

it('forwards ports, each direction of which ends by itself, and says when nobody listens', async () => {
  const [open, closed] = await pods.portForwards('a', [8080, 8081], { timeoutMs: 10_000 });
  if (open === undefined || closed === undefined) throw new Error('a port is missing');
  await open.write(Buffer.from('ping'));
  const output = open.output[Symbol.asyncIterator]();
  expect(Buffer.from((await output.next()).value ?? []).toString()).toBe('PING');
  await open.write(Buffer.alloc(300_000, 'x'));
  await open.end();
  let rest = '';
  for (let piece = await output.next(); !piece.done; piece = await output.next())
    rest += Buffer.from(piece.value).toString();
  expect(rest === `${'X'.repeat(300_000)}BYE`).toBe(true);
  await expect(closed.output[Symbol.asyncIterator]().next()).rejects.toThrow('port 8081');
  open.close();
});
