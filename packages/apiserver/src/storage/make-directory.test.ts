import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeDirectory } from './make-directory.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kubewright-make-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('what is missing above a directory is made, and twice is as good as once', async () => {
  const path = join(directory, 'a/b/c');
  await Promise.all([makeDirectory(path, 0o700), makeDirectory(path, 0o700)]);
  await makeDirectory(path, 0o700);
  for (const made of [path, join(directory, 'a')]) expect(statSync(made).mode & 0o777).toBe(0o700);
  await makeDirectory('.', 0o700);
  await makeDirectory('/', 0o700);
});

test('a file in the way is named', async () => {
  writeFileSync(join(directory, 'file'), '');
  await expect(makeDirectory(join(directory, 'file'), 0o700)).rejects.toThrow('EEXIST');
  await expect(makeDirectory(join(directory, 'file/below/it'), 0o700)).rejects.toThrow('ENOTDIR');
  symlinkSync(join(directory, 'nowhere'), join(directory, 'link'));
  await expect(makeDirectory(join(directory, 'link/below'), 0o700)).rejects.toThrow('ENOENT');
});

test('a file system in which nothing can be made is one error, and soon', async () => {
  await expect(makeDirectory('/proc/kubewright', 0o700)).rejects.toThrow(
    "ENOENT: no such file or directory, mkdir '/proc/kubewright'",
  );
  await expect(makeDirectory('/proc/kubewright/data', 0o700)).rejects.toThrow("mkdir '/proc/kubewright'");
});
