import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { isGone } from '@kubewright/api';
import { ConfigMap } from '@kubewright/api/core/v1';
import { MemoryStorage, writeBackup } from '@kubewright/apiserver';
import { Client } from '@kubewright/client';
import { expect, it } from 'vitest';
import { etcdctl, etcdPath, startEtcd } from '../etcd-process.js';
import { kubewrightOfEachTest } from '../kubewright-of-each-test.js';
import { bin } from './kubewright.js';

const run = promisify(execFile);
const kubewright = kubewrightOfEachTest();

async function serve(name: string, ...args: string[]) {
  const directory = join(kubewright.directory, name);
  mkdirSync(directory, { recursive: true });
  const process = await kubewright.start(['apiserver', ...args], { directory });
  return {
    process,
    kubeconfig: process.kubeconfig,
    client: await Client.fromKubeconfig({ path: process.kubeconfig }),
  };
}

const command = (...args: string[]) => run(process.execPath, [bin, ...args], { cwd: kubewright.directory });

async function fill(client: Client): Promise<string> {
  let last = '';
  for (let i = 0; i < 30; i++) {
    const made = await client
      .resource(ConfigMap)
      .create({ metadata: { name: `m${i}`, namespace: 'default' }, data: { i: `${i}` } });
    last = made.metadata.resourceVersion ?? '';
  }
  return last;
}

async function mapsOf(client: Client): Promise<string[]> {
  const { items } = await client.resource(ConfigMap).namespace('default').list();
  return items.map(({ metadata, data }) => `${metadata.name} ${metadata.uid} ${data?.i}`);
}

// Five processes start one after the other.
it('a backup of a running server restores into a new directory, and who watched before is told to list again', async () => {
  const first = await serve('one');
  const remembered = await fill(first.client);
  const before = await mapsOf(first.client);
  const file = join(kubewright.directory, 'backup');
  const { stdout } = await command('backup', file, '--kubeconfig', first.kubeconfig);
  expect(stdout).toMatch(/^\S+backup has \d+ objects as of revision \d+\n$/);
  await first.client.close();
  await first.process.end('SIGTERM');

  await command('restore', file, '--data-dir', join(kubewright.directory, 'two', 'data'));
  const second = await serve('two');
  expect(await mapsOf(second.client)).toEqual(before);
  const maps = second.client.resource(ConfigMap).namespace('default');
  const stale = await maps
    .list({ resourceVersion: remembered, resourceVersionMatch: 'Exact' })
    .then(String, (e) => e);
  expect(isGone(stale)).toBe(true);
  const made = await maps.create({ metadata: { name: 'after' } });
  expect(Number(made.metadata.resourceVersion)).toBeGreaterThan(Number(remembered) + 1_000_000_000);
  await second.client.close();
}, 60_000);

// Debian has it as etcd-server and etcd-client.
it.skipIf(etcdPath === undefined)(
  'of a restore into etcd that was killed no server serves a part, and the next one makes it whole',
  async () => {
    const old = new MemoryStorage();
    const count = 5_000;
    for (let i = 0; i < count; i++)
      await old.write(`/registry/configmaps/default/m${i}`, () => ({ put: Buffer.from(`{"i":${i}}`) }));
    const file = join(kubewright.directory, 'backup');
    await pipeline(writeBackup(old, new Date()), createWriteStream(file));
    const etcd = await startEtcd();
    const storage = `etcd=${etcd.endpoints[0]}`;
    const maps = () => {
      const counted = etcdctl(etcd, 'get', '/registry/configmaps/', '--prefix', '--limit', '1', '-w', 'json');
      return (JSON.parse(counted) as { count?: number }).count ?? 0;
    };
    const restore = spawn(process.execPath, [bin, 'restore', file, '--storage', storage]);
    await expect.poll(maps, { timeout: 30_000, interval: 5 }).toBeGreaterThan(0);
    restore.kill('SIGKILL');
    await once(restore, 'exit');
    expect(maps()).toBeLessThan(count);

    const partly = /: the store has a part of a backup only: [^\n]+ has to be made again\n$/;
    await expect(serve('one', '--storage', storage)).rejects.toThrow(partly);
    await expect(
      command('backup', join(kubewright.directory, 'other'), '--storage', storage),
    ).rejects.toThrow(partly);
    const { stdout } = await command('restore', file, '--storage', storage);
    expect(stdout).toContain(`restored ${count} objects`);
    expect(maps()).toBe(count);
    const { client } = await serve('one', '--storage', storage);
    await client.close();
    await etcd.close();
  },
  90_000,
);
