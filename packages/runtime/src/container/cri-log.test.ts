import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CriLog } from './cri-log.js';

describe('CriLog', () => {
  let directory: string;
  let path: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kubewright-'));
    path = join(directory, 'a.log');
  });
  afterEach(() => rm(directory, { recursive: true }));
  const records = async (file = path) => (await readFile(file, 'utf8')).split('\n').slice(0, -1);
  const tails = async (file = path) => (await records(file)).map((record) => record.slice(31));

  it('joins what arrives in pieces and keeps the streams apart', async () => {
    const log = new CriLog(path);
    log.write('stdout', Buffer.from('on'));
    log.write('stderr', Buffer.from('bad\n'));
    log.write('stdout', Buffer.from('e\n\ntw'));
    log.write('stdout', Buffer.from('o'));
    expect(await log.close()).toBeUndefined();
    expect(await tails()).toEqual(['stderr F bad', 'stdout F one', 'stdout F ', 'stdout P two']);
  });

  it('stamps records with times that sort as they were written', async () => {
    const log = new CriLog(path);
    for (let line = 0; line < 100; line++) log.write('stdout', Buffer.from(`${line}\n`));
    await log.close();
    const times = (await records()).map((record) => record.slice(0, 30));
    expect(times[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
    expect([...new Set(times)].sort()).toEqual(times);
  });

  it('splits long lines into pieces of 16 KiB', async () => {
    const log = new CriLog(path);
    log.write('stdout', Buffer.from(`${'x'.repeat(40_000)}\n`));
    await log.close();
    expect((await tails()).map((tail) => [tail.slice(0, 8), tail.length - 9])).toEqual([
      ['stdout P', 16_384],
      ['stdout P', 16_384],
      ['stdout F', 7_232],
    ]);
  });

  it('goes on in a new file when reopened', async () => {
    const log = new CriLog(path);
    log.write('stdout', Buffer.from('one\n'));
    await rename(path, `${path}.1`).catch(() => undefined);
    await log.reopen();
    log.write('stdout', Buffer.from('two\n'));
    await log.close();
    expect((await tails()).at(-1)).toBe('stdout F two');
  });

  it('says what was lost, and does not hold up who writes', async () => {
    const log = new CriLog(join(directory, 'no', 'such', 'directory'));
    log.write('stdout', Buffer.from('one\n'));
    await log.drained();
    expect(await log.close()).toMatchObject({ code: 'ENOENT' });
  });
});
