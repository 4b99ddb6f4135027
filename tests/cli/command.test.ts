import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Namespace } from '@kubewright/api/core/v1';
import { Client } from '@kubewright/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { childrenOf, kubewright, type Run } from './kubewright.js';

let directory: string;
const runs: Run[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubewright-command-'));
  await chmod(directory, 0o777);
});
afterEach(async () => {
  for (const { child, ended } of runs.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
  await rm(directory, { recursive: true, force: true });
});

function run(args: readonly string[], options: { readonly ordinaryUser?: boolean } = {}): Run {
  const started = kubewright(args, { cwd: directory, ...options });
  runs.push(started);
  return started;
}

async function refused(args: readonly string[], options?: { readonly ordinaryUser: boolean }) {
  const { ended, output } = run(args, options);
  expect(await ended).toBe(1);
  const lines = output().trimEnd().split('\n');
  expect(lines).toHaveLength(1);
  return lines[0];
}

describe('kubewright', () => {
  it('refuses an unknown option, a bad port and a bad engine in one line', async () => {
    expect(await refused(['up', '--nonsense'])).toContain("unknown option '--nonsense'");
    expect(await refused(['up', '--port', '70000'])).toContain('from 0 to 65535');
    expect(await refused(['up', '--storage', 'tape'])).toContain('lmdb, memory');
    expect(await refused(['up', '--data-dir', ''])).toContain('--data-dir: names no directory');
  });

  it('has what a beginner needs first in its help', async () => {
    const { ended, output } = run(['up', '--help']);
    expect(await ended).toBe(0);
    const headings = output().match(/^[A-Z].*:$/gm) ?? [];
    expect(headings.slice(0, 2)).toEqual(['Options:', 'Storage:']);
    const first = output().slice(output().indexOf('Options:'), output().indexOf('Storage:'));
    for (const option of ['--data-dir', '--bind-address', '--port', '--kubeconfig', '--no-node'])
      expect(first).toContain(option);
  });

  it('names --port 0 where the port is in use', async () => {
    const other = createServer();
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const { port } = other.address() as AddressInfo;
    const line = await refused(['up', '--no-node', '--port', String(port)]);
    expect(line).toContain(`port ${port}`);
    expect(line).toContain('--port 0');
    other.close();
  });

  it('says who has the data directory', async () => {
    const first = run(['apiserver', '--port', '0', '--storage', 'memory']);
    await first.seen('is ready');
    expect(await refused(['apiserver', '--port', '0'])).toContain(`in use by process ${first.child.pid}`);
  });

  it('says which file it can not read', async () => {
    await writeFile(join(directory, 'file'), '');
    expect(await refused(['apiserver', '--port', '0', '--data-dir', 'file/below'])).toContain('file/below');
    expect(await refused(['scheduler', '--kubeconfig', 'nothing-here'])).toContain('nothing-here');
  });

  it('writes no kubeconfig over that of other clusters', async () => {
    const file = join(directory, 'mine');
    await writeFile(
      file,
      'clusters: [{name: work, cluster: {server: "https://work.example"}}]\nusers: []\ncontexts: []\n',
    );
    const line = await refused(['apiserver', '--port', '0', '--storage', 'memory', '--kubeconfig', file]);
    expect(line).toContain('work');
    expect(await readFile(file, 'utf8')).toContain('work.example');
  });

  it('serves no strangers where pods are not isolated', async () => {
    const line = await refused(['up', '--port', '0', '--bind-address', '0.0.0.0'], { ordinaryUser: true });
    expect(line).toContain('only loopback addresses are served');
  });
});

describe('kubewright up', () => {
  it('brings a control plane up, keeps its objects and stops in order', async () => {
    const start = async () => {
      const started = run(['up', '--no-node', '--port', '0']);
      await started.seen('is ready in');
      const kubeconfig = join(directory, '.kubewright/kubeconfig');
      return { ...started, client: await Client.fromKubeconfig({ path: kubeconfig }), kubeconfig };
    };
    const first = await start();
    expect(first.output()).toContain(first.kubeconfig);
    expect((await stat(first.kubeconfig)).mode & 0o077).toBe(0);
    await first.client.resource(Namespace).create({ metadata: { name: 'kept' } });
    await first.client.close();
    first.child.kill('SIGINT');
    expect(await first.ended).toBe(0);

    const second = await start();
    const kept = await second.client.resource(Namespace).get('kept');
    expect(kept.metadata.name).toBe('kept');
    await second.client.close();
    second.child.kill('SIGKILL');
    await second.ended;

    const third = await start();
    expect((await third.client.resource(Namespace).get('kept')).metadata.uid).toBe(kept.metadata.uid);
    await third.client.close();
    third.child.kill('SIGTERM');
    expect(await third.ended).toBe(0);
  });

  it.each([
    ['as the user of these tests', false],
    ['as an ordinary user', true],
  ])(
    'runs a node in a second process, which goes when the first is killed, %s',
    async (_who, ordinaryUser) => {
      const { child, seen, ended } = run(['up', '--port', '0'], { ordinaryUser });
      await seen('is ready in');
      const children = await childrenOf(child.pid ?? 0);
      expect(children.length).toBeGreaterThan(0);
      child.kill('SIGKILL');
      await ended;
      await expect.poll(() => children.filter(isAlive), { timeout: 5_000 }).toEqual([]);
    },
  );

  it('stops while it still starts', async () => {
    const { child, ended, output } = run(['up', '--port', '0']);
    await expect.poll(() => existsSync(join(directory, '.kubewright/store')), { timeout: 10_000 }).toBe(true);
    const asked = performance.now();
    child.kill('SIGTERM');
    expect(await ended, output()).toBe(0);
    expect(performance.now() - asked).toBeLessThan(5_000);
  });

  it('gives two data directories on one machine addresses of their own', async () => {
    const both = ['one', 'two'].map((name) => run(['up', '--port', '0', '--data-dir', name]));
    await Promise.all(both.map(({ seen }) => seen('is ready in')));
    const settings = await Promise.all(
      ['one', 'two'].map((name) => readFile(join(directory, name, 'settings.json'), 'utf8')),
    );
    expect(settings[0]).not.toBe(settings[1]);
    for (const { child, ended } of both) {
      child.kill('SIGTERM');
      expect(await ended).toBe(0);
    }
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
