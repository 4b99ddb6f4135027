import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { networkInterfaces, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isContainerRuntimeError } from '../container-runtime.js';
import { choosePodRange, interfaceName } from './pod-range.js';
import { openProcessRuntime } from './process-runtime.js';

const root = process.platform === 'linux' && process.geteuid?.() === 0;
const here = dirname(fileURLToPath(import.meta.url));
const checkout = join(here, '../../../../..');
const require = createRequire(import.meta.url);

describe.skipIf(process.platform !== 'linux')('the process runtime, when its process is killed', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kubewright-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  for (const loopback of root ? [false, true] : [true]) {
    it(`leaves nothing running, and finds its records again (${loopback ? 'loopback' : 'bridge'})`, async () => {
      const dataDirectory = join(directory, 'data');
      await mkdir(dataDirectory);
      const podRange = await choosePodRange(dataDirectory, { loopback });
      const child = start(dataDirectory, podRange, String(loopback));
      expect(await firstLine(child)).toBe('at work');
      const marker = `KUBEWRIGHT_RUNTIME=${interfaceName(dataDirectory)}`;
      expect((await processesWith(marker)).length).toBeGreaterThan(3);
      await expect(openProcessRuntime({ dataDirectory, podRange, loopback })).rejects.toMatchObject({
        code: 'AlreadyExists',
      });

      child.kill('SIGKILL');
      await once(child, 'exit');
      // Even before anybody opens the runtime again.
      await vi.waitFor(async () => expect(await processesWith(marker)).toEqual([]), { timeout: 15_000 });
      await vi.waitFor(async () => expect(await commandLines()).not.toContain('sleep 98765'), {
        timeout: 5_000,
      });

      const runtime = await openProcessRuntime({ dataDirectory, podRange, loopback });
      const [sandbox] = await runtime.listPodSandboxes();
      expect(sandbox).toMatchObject({ state: 'notready', ips: [], config: { uid: 'uid' } });
      const containers = await runtime.listContainers();
      expect(containers.map(({ config, state, exitCode }) => [config.name, state, exitCode]).sort()).toEqual([
        ['done', 'exited', 9],
        ['main', 'exited', 137],
      ]);
      expect(
        await readFile(containers.find(({ config }) => config.name === 'main')?.logPath ?? '', 'utf8'),
      ).toContain(' stdout F up');
      const logDirectory = join(dataDirectory, 'logs');
      const next = await runtime.runPodSandbox({
        ...{ name: 'pod', namespace: 'default', uid: 'uid', attempt: 1, logDirectory },
      });
      const [address] = (await runtime.podSandboxStatus(next)).ips;
      expect(address).not.toBe(sandbox?.ips[0]);
      await runtime.removePodSandbox(sandbox?.id ?? '');
      await runtime.close();
      const name = interfaceName(dataDirectory);
      await vi.waitFor(
        () => expect(Object.keys(networkInterfaces()).filter((link) => link.startsWith(name))).toEqual([]),
        { timeout: 15_000 },
      );
      expect(await processesWith(marker)).toEqual([]);
      expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(dataDirectory);
      expect(await groupsOf(name)).toEqual([]);
      expect(await readdir(join(dataDirectory, 'runtime/containers'))).toEqual([]);
    });
  }

  it.runIf(root)(
    'is cleaned up after by any other engine, where its data directory is gone as well',
    async () => {
      const [killed, other] = [join(directory, 'killed'), join(directory, 'other')];
      await mkdir(killed);
      const child = start(killed, await choosePodRange(killed), 'false');
      expect(await firstLine(child)).toBe('at work');
      const name = interfaceName(killed);
      const bridges = () => Object.keys(networkInterfaces()).filter((link) => link.startsWith(name));
      expect(bridges()).toContain(name);
      // While it lives, others leave it alone.
      await mkdir(other);
      const podRange = await choosePodRange(other);
      await (await openProcessRuntime({ dataDirectory: other, podRange })).close();
      expect(bridges()).toContain(name);

      child.kill('SIGKILL');
      await once(child, 'exit');
      await rm(killed, { recursive: true, force: true });
      const runtime = await openProcessRuntime({ dataDirectory: other, podRange });
      expect(bridges()).toEqual([]);
      expect(await groupsOf(name)).toEqual([]);
      expect((await runtime.status()).messages).toEqual([]);
      await runtime.close();
    },
  );

  it('keeps two data directories apart', async () => {
    const loopback = !root;
    const names = ['a', 'b'].map((name) => join(directory, name));
    for (const name of names) await mkdir(name);
    const ranges: string[] = [];
    const runtimes = [];
    for (const dataDirectory of names) {
      const podRange = await choosePodRange(dataDirectory, { loopback });
      ranges.push(podRange);
      runtimes.push(await openProcessRuntime({ dataDirectory, podRange, loopback }));
    }
    expect(new Set(ranges).size).toBe(2);
    const config = { name: 'pod', namespace: 'default', uid: 'uid', attempt: 0, logDirectory: directory };
    const ids = await Promise.all(runtimes.map((runtime) => runtime.runPodSandbox(config)));
    await runtimes[0]?.close();
    expect(await runtimes[1]?.podSandboxStatus(ids[1] ?? '')).toMatchObject({ state: 'ready' });
    if (root) {
      const third = join(directory, 'c');
      const overlapping = openProcessRuntime({ dataDirectory: third, podRange: ranges[1] ?? '' });
      await expect(overlapping).rejects.toSatisfy((error) => isContainerRuntimeError(error, 'Unavailable'));
    }
    await runtimes[1]?.close();
  });
});

describe.skipIf(!root)('the process runtime, for an ordinary user', () => {
  it('passes the same tests on loopback addresses', async (context) => {
    const uid = 65_534;
    const readable = await access(checkout, constants.R_OK).then(() => true);
    const home = await mkdtemp(join(tmpdir(), 'kubewright-'));
    await (await import('node:fs/promises')).chown(home, uid, uid);
    const as = ['--reuid', String(uid), '--regid', String(uid), '--clear-groups'];
    const options = { cwd: checkout, env: { PATH: process.env.PATH, HOME: home, TMPDIR: home } };
    const probe = spawn(
      'setpriv',
      [...as, process.execPath, '-e', `require('fs').readdirSync(${JSON.stringify(here)})`],
      options,
    );
    const [code] = (await once(probe, 'exit')) as [number | null];
    if (!readable || code !== 0) {
      context.skip(
        `another user can't read ${checkout} or run ${process.execPath}: not tested as an ordinary user`,
      );
    }
    const vitest = join(dirname(require.resolve('vitest/package.json')), 'vitest.mjs');
    const args = [
      'run',
      ...['process-runtime.test.ts', 'process-runtime.kill.test.ts'].map((file) => join(here, file)),
    ];
    const child = spawn(
      'setpriv',
      [...as, process.execPath, vitest, ...args, '--configLoader', 'runner'],
      options,
    );
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += String(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      output += String(chunk);
    });
    const [status] = (await once(child, 'close')) as [number | null];
    await rm(home, { recursive: true, force: true });
    expect(status, output).toBe(0);
    expect(output).toMatch(/Test Files.*2 passed/);
  }, 120_000);
});

function start(...args: string[]): ChildProcess {
  const tsx = pathToFileURL(require.resolve('tsx')).href;
  return spawn(
    process.execPath,
    ['--conditions', 'source', '--import', tsx, join(here, 'killed-runtime.child.ts'), ...args],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
}

async function firstLine(child: ChildProcess): Promise<string> {
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) return String(chunk).split('\n')[0] ?? '';
  throw new Error('the child ended without a word');
}

async function processesWith(marker: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const environment = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '');
    if (environment.split('\0').includes(marker)) found.push(name);
  }
  return found;
}

async function commandLines(): Promise<string> {
  const lines: string[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const line = await readFile(`/proc/${name}/cmdline`, 'latin1').catch(() => '');
    lines.push(line.split('\0').join(' '));
  }
  return lines.join('\n');
}

async function groupsOf(name: string): Promise<string[]> {
  const found: string[] = [];
  for (const mount of ['/sys/fs/cgroup', '/sys/fs/cgroup/memory', '/sys/fs/cgroup/cpu']) {
    const entries = await readdir(mount).catch(() => []);
    found.push(...entries.filter((entry) => entry.includes(name)));
  }
  return found;
}
