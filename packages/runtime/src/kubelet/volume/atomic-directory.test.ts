import { lstat, mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeAtomically } from './atomic-directory.js';

const files = (contents: Record<string, string>, mode = 0o644) =>
  new Map(Object.entries(contents).map(([path, text]) => [path, { data: Buffer.from(text), mode }]));

describe('writeAtomically', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'atomic-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const names = async () => (await readdir(directory)).filter((name) => !name.startsWith('..2')).sort();

  it.runIf(process.getuid?.() === 0)('gives all to a group', async () => {
    await writeAtomically(directory, files({ a: '1', 'sub/b': '2' }), { stamp: '2026_1', group: 3456 });
    for (const name of ['a', 'sub', 'sub/b']) expect((await stat(join(directory, name))).gid).toBe(3456);
  });

  it('shows each file through ..data', async () => {
    await writeAtomically(directory, files({ a: '1', 'sub/b': '2' }), { stamp: '2026_1' });
    expect(await names()).toEqual(['..data', 'a', 'sub']);
    expect(await readlink(join(directory, 'a'))).toBe('..data/a');
    expect(await readlink(join(directory, '..data'))).toBe('..2026_1');
    expect(await readFile(join(directory, 'sub/b'), 'utf8')).toBe('2');
  });

  it('changes everything at once and cleans up', async () => {
    await writeAtomically(directory, files({ a: '1', gone: 'x' }), { stamp: '2026_1' });
    expect(await writeAtomically(directory, files({ a: '2', fresh: 'y' }), { stamp: '2026_2' })).toBe(true);
    expect(await names()).toEqual(['..data', 'a', 'fresh']);
    expect(await readFile(join(directory, 'a'), 'utf8')).toBe('2');
    expect((await readdir(directory)).filter((name) => name.startsWith('..2'))).toEqual(['..2026_2']);
  });

  it('does nothing where nothing has changed', async () => {
    await writeAtomically(directory, files({ a: '1' }), { stamp: '2026_1' });
    expect(await writeAtomically(directory, files({ a: '1' }), { stamp: '2026_2' })).toBe(false);
    expect(await readlink(join(directory, '..data'))).toBe('..2026_1');
  });

  it('gives files their mode, whatever the umask', async () => {
    await writeAtomically(directory, files({ a: '1' }, 0o666), { stamp: '2026_1' });
    expect((await lstat(join(directory, '..2026_1/a'))).mode & 0o777).toBe(0o666);
    expect(await writeAtomically(directory, files({ a: '1' }, 0o400), { stamp: '2026_2' })).toBe(true);
  });

  it.each(['../a', '/a', '..data', 'a/../../b', ''])('refuses the path %j', async (path) => {
    await expect(writeAtomically(directory, files({ [path]: '1' }), { stamp: '2026_1' })).rejects.toThrow(
      'invalid path',
    );
  });
});
