import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const child = fileURLToPath(new URL('./lmdb-full-disk.child.ts', import.meta.url));

// Only a file system of its own can be filled, and only root can mount one.
test('a full disk fails writes clearly, loses none that was acknowledged, and writing resumes', async ({
  skip,
}) => {
  const directory = mkdtempSync(join(tmpdir(), 'kubewright-full-'));
  const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', directory]);
  if (mount.status !== 0) {
    rmSync(directory, { recursive: true });
    skip('mounting a file system needs root');
  }
  try {
    const run = await promisify(execFile)(process.execPath, [
      '--conditions=source',
      '--import',
      'tsx',
      child,
      directory,
    ]);
    const result = JSON.parse(run.stdout);
    expect(result.failure).toContain('no space left on the disk');
    expect(result.lost).toEqual([]);
    expect(result.kept).toBe(result.acknowledged);
    expect(result.visible).toBe(result.acknowledged - 1);
  } finally {
    spawnSync('umount', [directory]);
    rmSync(directory, { recursive: true });
  }
});
