import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ReadLogOptions, readLog } from './read-log.js';
import { rotateLog } from './rotate-log.js';

describe('readLog', () => {
  let directory: string;
  let path: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'log-'));
    path = join(directory, '0.log');
  });
  afterEach(() => rm(directory, { recursive: true }));

  const line = (text: string, { second = 0, stream = 'stdout', tag = 'F' } = {}) =>
    `2026-01-01T00:00:0${second}.000000001Z ${stream} ${tag} ${text}\n`;
  const read = async (options: Partial<ReadLogOptions> = {}) => {
    let text = '';
    for await (const chunk of readLog(path, { signal: new AbortController().signal, ...options }))
      text += chunk.toString();
    return text;
  };

  it('gives the text of whole and of partial lines', async () => {
    await writeFile(
      path,
      `${line('one ', { tag: 'P' }) + line('line') + line('two', { stream: 'stderr' })}cut off`,
    );
    expect(await read()).toBe('one line\ntwo\n');
    expect(await read({ timestamps: true })).toBe(
      '2026-01-01T00:00:00.000000001Z one line\n2026-01-01T00:00:00.000000001Z two\n',
    );
    expect(await read({ stream: 'stderr' })).toBe('two\n');
  });

  it.each([
    [0, ''],
    [1, 'three\n'],
    [2, 'two parts\nthree\n'],
    [9, 'one\ntwo parts\nthree\n'],
  ])('gives the last %d lines', async (tailLines, expected) => {
    await writeFile(path, line('one') + line('two ', { tag: 'P' }) + line('parts') + line('three'));
    expect(await read({ tailLines })).toBe(expected);
  });

  it('finds the last lines of a long log', async () => {
    const lines = Array.from({ length: 5000 }, (_, i) => `line ${i} ${'x'.repeat(i % 90)}`);
    await writeFile(path, lines.map((text) => line(text)).join(''));
    expect(await read({ tailLines: 3000 })).toBe(`${lines.slice(-3000).join('\n')}\n`);
  });

  it('begins at a time and ends after so many bytes', async () => {
    await writeFile(path, line('one') + line('two', { second: 2 }) + line('three', { second: 4 }));
    expect(await read({ since: new Date('2026-01-01T00:00:01Z') })).toBe('two\nthree\n');
    expect(await read({ limitBytes: 6 })).toBe('one\ntw');
  });

  it('follows what is written, over a rotation, until the container has ended', async () => {
    await writeFile(path, line('one'));
    let ended = false;
    const log = readLog(path, {
      follow: true,
      signal: new AbortController().signal,
      ended: () => Promise.resolve(ended),
    });
    const next = async () => (await log.next()).value?.toString();
    expect(await next()).toBe('one\n');
    await appendFile(path, line('two'));
    expect(await next()).toBe('two\n');
    await rename(path, `${path}.old`);
    await writeFile(path, line('three'));
    expect(await next()).toBe('three\n');
    ended = true;
    expect((await log.next()).done).toBe(true);
  });

  it('stops when the reader leaves', async () => {
    await writeFile(path, '');
    const reader = new AbortController();
    const text = read({ follow: true, signal: reader.signal });
    reader.abort();
    expect(await text).toBe('');
  });

  it('keeps a log within its bounds', async () => {
    const limits = { maxBytes: 10, maxFiles: 3 };
    const reopen = () => writeFile(path, '');
    for (const stamp of ['1', '2', '3']) {
      await writeFile(path, 'x'.repeat(11));
      expect(await rotateLog(path, { limits, stamp, reopen })).toBe(true);
    }
    expect(await rotateLog(path, { limits, stamp: '4', reopen })).toBe(false);
    const { readdir } = await import('node:fs/promises');
    expect((await readdir(directory)).sort()).toEqual(['0.log', '0.log.2', '0.log.3']);
  });
});
