import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writePrivate } from './private-file.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubewright-private-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

it('writes files that only their owner may read', async () => {
  const file = join(directory, 'secret');
  await writeFile(file, 'a', { mode: 0o644 });
  await writePrivate(file, 'a');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await writePrivate(file, 'b');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});
