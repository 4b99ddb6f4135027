import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDataDirectory } from './data-directory.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubewright-data-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('openDataDirectory', () => {
  it('remembers its settings', async () => {
    const data = await openDataDirectory(join(directory, 'new'));
    expect(await data.readSettings()).toBeUndefined();
    await data.writeSettings({ slot: 7, loopback: true });
    await data.release();
    const again = await openDataDirectory(join(directory, 'new'));
    expect(await again.readSettings()).toEqual({ slot: 7, loopback: true });
    await again.release();
  });

  it('belongs to one process at a time', async () => {
    const data = await openDataDirectory(directory);
    await expect(openDataDirectory(directory)).rejects.toThrow(`in use by process ${process.pid}`);
    await data.release();
  });

  it('says what hinders it, not that the directory is missing which is to be made', async () => {
    await expect(openDataDirectory('')).rejects.toThrow('--data-dir: names no directory');
    await writeFile(join(directory, 'file'), '');
    await expect(openDataDirectory(join(directory, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(openDataDirectory(join(directory, 'file/below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it('says what is wrong with a file of its own', async () => {
    await writeFile(join(directory, 'settings.json'), '{"slot": "x"}');
    const data = await openDataDirectory(directory);
    await expect(data.readSettings()).rejects.toThrow(/settings\.json: slot must be a number/);
    await data.release();
  });
});
