import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LmdbStorage } from '@kubewright/apiserver';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type BackupCommandOptions, backup, restore } from './backup.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kubewright-backup-'));
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(directory, { recursive: true });
});

const options = (dataDir?: string): BackupCommandOptions => ({
  storage: { engine: 'lmdb' },
  etcdPrefix: '/registry',
  etcdCompactionInterval: 0,
  verbose: 0,
  ...(dataDir === undefined ? {} : { dataDir: join(directory, dataDir) }),
});

async function fill(dataDir: string): Promise<void> {
  const storage = await LmdbStorage.open(join(directory, dataDir, 'store'));
  for (let i = 0; i < 20; i++)
    await storage.write(`/registry/configmaps/default/m${i}`, () => ({ put: Buffer.from(`{"i":${i}}`) }));
  await storage.close();
}

it('a stopped directory moves into another', async () => {
  await fill('one');
  const file = join(directory, 'backup');
  expect(await backup(file, options('one'))).toBe(0);
  expect(await restore(file, options('two'))).toBe(0);
  const storage = await LmdbStorage.open(join(directory, 'two', 'store'));
  expect((await storage.list('')).entries.map(({ value }) => String(value)).sort()).toEqual(
    Array.from({ length: 20 }, (_, i) => `{"i":${i}}`).sort(),
  );
  await storage.close();
});

it('what is damaged, foreign or in the way is refused in one line, and nothing is left behind', async () => {
  await fill('one');
  const file = join(directory, 'backup');
  await backup(file, options('one'));
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.subarray(0, bytes.length - 100));
  await expect(restore(file, options('two'))).rejects.toThrow(`${file}: the backup is damaged or cut off`);
  for (const foreign of ['{}\n', 'null\n', 'root:x:0:0\n', '7\n']) {
    writeFileSync(file, foreign);
    await expect(restore(file, options('two'))).rejects.toThrow(`${file}: is no backup of Kubewright`);
  }
  expect(existsSync(join(directory, 'two'))).toBe(false);
  writeFileSync(file, bytes);
  await expect(restore(file, options('one'))).rejects.toThrow(
    `${join(directory, 'one', 'store')}: the store has objects already: a backup is restored into an empty one`,
  );
  await expect(restore(file, options())).rejects.toThrow('say where: --data-dir DIR, or --storage etcd=URL');
  mkdirSync(join(directory, 'none'));
  await expect(backup(file, options('none'))).rejects.toThrow(/none has no store$/);
  expect(readFileSync(file).equals(bytes)).toBe(true);
});

it('what a restore left that was broken off is no store, and the next begins anew', async () => {
  await fill('one');
  const file = join(directory, 'backup');
  await backup(file, options('one'));
  const partial = join(directory, 'two', 'store.partial');
  mkdirSync(partial, { recursive: true });
  writeFileSync(join(partial, 'data.mdb'), 'half of it');
  await expect(backup(file, options('two'))).rejects.toThrow(/two has no store$/);
  expect(await restore(file, options('two'))).toBe(0);
  expect(existsSync(partial)).toBe(false);
  // An empty store is no hindrance either.
  await (await LmdbStorage.open(join(directory, 'three', 'store'))).close();
  expect(await restore(file, options('three'))).toBe(0);
});
