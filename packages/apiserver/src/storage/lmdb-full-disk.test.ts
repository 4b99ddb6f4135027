import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { LmdbStorage } from './lmdb.js';

const child = fileURLToPath(new URL('./lmdb-full-disk.child.ts', import.meta.url));

// Only a file system of its own can be filled or made read-only, and only root can mount one.
async function onOwnFileSystem(use: (directory: string) => Promise<void>, skip: (why: string) => void) {
  const directory = mkdtempSync(join(tmpdir(), 'kubewright-full-'));
  try {
    const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', directory]);
    if (mount.status !== 0) {
      skip('mounting a file system needs root');
      return;
    }
    try {
      await use(directory);
    } finally {
      spawnSync('umount', [directory]);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('a full disk fails writes clearly, loses none that was acknowledged, and writing resumes', async ({
  skip,
}) => {
  await onOwnFileSystem(async (directory) => {
    const args = ['--conditions=source', '--import', 'tsx', child, directory];
    const run = await promisify(execFile)(process.execPath, args);
    const result = JSON.parse(run.stdout);
    expect(result.failure).toContain('no space left on the disk');
    // Once, in the engine's words, and nothing of the library's own.
    expect(result.said).toEqual([
      'writes are refused, since they could not be made durable',
      'writes are stored again',
    ]);
    expect(run.stderr).toBe('');
    expect(result.lost).toEqual([]);
    expect(result.kept).toBe(result.acknowledged);
    expect(result.visible).toBe(result.acknowledged - 1);
  }, skip);
});

test('a disk that is full at the first start leaves nothing that a later one stumbles over', async ({
  skip,
}) => {
  await onOwnFileSystem(async (directory) => {
    const path = join(directory, 'data');
    mkdirSync(path);
    writeFileSync(join(path, 'lock'), '');
    const filler = join(directory, 'filler');
    spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4k']);
    await expect(LmdbStorage.open(path)).rejects.toThrow();
    rmSync(filler);
    await (await LmdbStorage.open(path)).close();
  }, skip);
});

test('a directory that is read-only is refused in one sentence', async ({ skip }) => {
  await onOwnFileSystem(async (directory) => {
    await (await LmdbStorage.open(join(directory, 'data'))).close();
    spawnSync('mount', ['-o', 'remount,ro', directory]);
    await expect(LmdbStorage.open(join(directory, 'data'))).rejects.toThrow(
      `the data directory ${directory}/data can't be written: EROFS: read-only file system`,
    );
    await expect(LmdbStorage.open(join(directory, 'new'))).rejects.toThrow(
      "the data directory can't be made: ",
    );
  }, skip);
});
