import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Kubectl, kubectlPath } from '../kubectl.js';
import {
  identities,
  KubewrightProcess,
  makeDataDirectory,
  mountsBelow,
  processesWith,
  removeDataDirectory,
} from '../kubewright-process.js';

const soon = { timeout: 20_000, interval: 100 };

/** A pod that has all that a pod can leave behind. */
const pod = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'busy' },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: 'main',
        image: 'none',
        command: ['sh', '-c', 'trap "" TERM HUP; (setsid sleep 98764 &); sleep 98764; true'],
        resources: { limits: { memory: '64Mi', cpu: '100m' } },
        volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
      },
    ],
    volumes: [{ name: 'scratch', emptyDir: {} }],
  },
});

describe.skipIf(kubectlPath === undefined).each(identities)('what kubewright up leaves as %s', (_, uid) => {
  const running: KubewrightProcess[] = [];
  let directory: string;
  let clusters: Clusters;

  beforeAll(async () => {
    directory = await makeDataDirectory(uid);
    clusters = { engines: [engineOf(directory)], routes: [] };
  });
  afterEach(() => running.splice(0).map((up) => up.end('SIGKILL')));
  afterAll(() => removeDataDirectory(directory));

  async function startBusy(): Promise<KubewrightProcess> {
    const up = await KubewrightProcess.start(['up'], directory, uid);
    running.push(up);
    const kubectl = new Kubectl(up.kubeconfig);
    const ip = await kubectl.ok('get svc kubernetes -o jsonpath={.spec.clusterIP}');
    clusters.routes.push(ip.replace(/\.1$/, '.0'));
    await kubectl.ok('apply -f -', { input: pod });
    await kubectl.ok('wait --for=condition=Ready pod/busy --timeout=20s');
    const exec = kubectl.start('exec busy -- sleep 98764');
    await vi.waitFor(async () => expect((await sleepers()).length).toBeGreaterThanOrEqual(3), soon);
    exec.kill('SIGKILL');
    // Otherwise nothing is looked for.
    if (uid === undefined && process.geteuid?.() === 0) {
      const found = (await remains(clusters)).join('\n');
      for (const sign of [/^local /m, /: kw\w+: /m, /^kubewright-/m]) expect(found).toMatch(sign);
    }
    return up;
  }

  it('is nothing of this machine, after an orderly stop', async () => {
    const up = await startBusy();
    expect(await up.end('SIGTERM')).toBe(0);
    expect(await remains(clusters)).toEqual([]);
    expect(await sleepers()).toEqual([]);
    expect(await processesWith(`HOME=${directory}`)).toEqual([]);
    expect(await mountsBelow(directory)).toEqual([]);
  });

  it('is not in the way of a start right after kill -9', async () => {
    await (await startBusy()).end('SIGKILL');
    const next = await KubewrightProcess.start(['up'], directory, uid);
    running.push(next);
    const kubectl = new Kubectl(next.kubeconfig);
    await vi.waitFor(async () => {
      expect(await kubectl.ok('get pod busy')).toMatch(/1\/1 +Running +[1-9]/);
      expect(await sleepers()).toHaveLength(2);
    }, soon);
    expect(next.output).not.toMatch(/cannot serve/);
    expect(await next.end('SIGTERM')).toBe(0);
  });

  it('is no process after kill -9; the rest goes with the next start, be it elsewhere', async () => {
    const up = await startBusy();
    await up.end('SIGKILL');
    await vi.waitFor(async () => expect(await sleepers()).toEqual([]), soon);
    await vi.waitFor(async () => expect(await processesWith(`HOME=${directory}`)).toEqual([]), soon);
    expect(await mountsBelow(directory)).toEqual([]);
    await rm(join(directory, 'data'), { recursive: true });

    const elsewhere = await makeDataDirectory(uid);
    clusters.engines.push(engineOf(elsewhere));
    const next = await KubewrightProcess.start(['up'], elsewhere, uid);
    expect(await next.end('SIGTERM')).toBe(0);
    await removeDataDirectory(elsewhere);
    expect(await remains(clusters)).toEqual([]);
  });
});

/** What there is on this machine of clusters, outside of processes. Others run meanwhile: only these are looked for. */
async function remains({ engines, routes }: Clusters): Promise<string[]> {
  const ip = (...args: string[]) => execFileSync('ip', args, { encoding: 'utf8' }).split('\n');
  const groups = await Promise.all(
    ['', 'memory', 'cpu'].map((name) => readdir(join('/sys/fs/cgroup', name)).catch(() => [])),
  );
  return [...ip('-o', 'link'), ...groups.flat(), ...ip('route', 'show', 'table', 'local')].filter(
    (line) =>
      engines.some((name) => line.includes(name)) ||
      routes.some((route) => line.startsWith(`local ${route}/`)),
  );
}

/** By what their remains can be told. */
interface Clusters {
  /** Part of the names of interfaces and cgroups. */
  readonly engines: string[];
  /** Where the ranges of their services begin. */
  readonly routes: string[];
}

function engineOf(directory: string): string {
  return `kw${createHash('sha256').update(join(directory, 'data')).digest('hex').slice(0, 8)}`;
}

async function sleepers(): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    const line = await readFile(join('/proc', pid, 'cmdline'), 'utf8').catch(() => '');
    if (line === 'sleep\0' + '98764\0') found.push(pid);
  }
  return found;
}
