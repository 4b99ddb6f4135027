import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { afterEach, expect, test, vi } from 'vitest';
import { storageConformance } from './conformance.js';
import { LmdbStorage } from './lmdb.js';

const directories: string[] = [];
function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'kubewright-lmdb-'));
  directories.push(path);
  return path;
}
afterEach(() => {
  vi.useRealTimers();
  for (const path of directories.splice(0)) rmSync(path, { recursive: true });
});

storageConformance('lmdb', openEngine, { failNextFlush: true, reopen: true });

async function openEngine() {
  const path = directory();
  let fail = false;
  const aroundFlush = async (flush: () => Promise<unknown>) => {
    if (!fail) return flush();
    fail = false;
    throw new Error('injected');
  };
  const storage = await LmdbStorage.open(path, { aroundFlush });
  return {
    storage,
    failNextFlush: () => {
      fail = true;
    },
    reopen: async () => {
      await storage.close();
      return LmdbStorage.open(path);
    },
  };
}

test('writes that share a flush fail together, and refusals that saw them', async () => {
  const { storage, failNextFlush } = await openEngine();
  failNextFlush();
  const outcomes = await Promise.allSettled([
    storage.write('/a', () => ({ put: Buffer.from('lost') })),
    storage.write('/b', () => ({ put: Buffer.from('lost') })),
    storage.write('/a', () => {
      throw new Error('a refusal');
    }),
    storage.write('/b', () => ({ keep: true })),
  ]);
  for (const outcome of outcomes)
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 500 } });
  await storage.close();
});

test('a second opening of the same directory is refused, and allowed once the first is closed', async () => {
  const path = directory();
  const first = await LmdbStorage.open(path);
  await expect(LmdbStorage.open(`${path}/.`)).rejects.toThrow(
    `the data directory ${path} is in use by process ${process.pid}`,
  );
  await first.close();
  await (await LmdbStorage.open(path)).close();
});

test('a directory that a newer version wrote is refused in one sentence', async () => {
  const path = directory();
  await (await LmdbStorage.open(path)).close();
  const root = open({ path, noSubdir: false });
  const meta = root.openDB<number, string>('meta', { encoding: 'ordered-binary' });
  await meta.put('format', 99);
  await root.close();
  await expect(LmdbStorage.open(path)).rejects.toThrow('written by a newer version of Kubewright (format 99');
});

test('history older than its age is compacted in the background, and what is current stays', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
  const storage = await LmdbStorage.open(directory(), { retainMs: 60_000 });
  const write = (value: string) => storage.write('/a', () => ({ put: Buffer.from(value) }));
  const first = await write('one');
  const second = await write('two');
  vi.advanceTimersByTime(30_000);
  const third = await write('three');
  expect((await storage.list('/', { revision: first })).entries.length).toBe(1);
  vi.advanceTimersByTime(50_000);
  await expect(storage.list('/', { revision: first })).rejects.toMatchObject({ reason: 'Expired' });
  const at = async (revision: number) => (await storage.list('/', { revision })).entries[0]?.value.toString();
  expect(await at(second)).toBe('two');
  expect(await at(third)).toBe('three');
  await storage.close();
});

test('history beyond its count is compacted in the background', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
  const path = directory();
  const storage = await LmdbStorage.open(path, { retainRevisions: 10 });
  for (let i = 0; i < 600; i++) void storage.write(`/${i % 3}`, () => ({ put: Buffer.from(`${i}`) }));
  const last = await storage.write('/last', () => ({ put: Buffer.from('x') }));
  vi.advanceTimersByTime(20_000);
  await storage.compact(last - 10);
  await storage.close();
  const reopened = await LmdbStorage.open(path);
  await expect(reopened.list('/', { revision: last - 11 })).rejects.toMatchObject({ reason: 'Expired' });
  expect((await reopened.list('/')).entries.map((entry) => entry.value.toString())).toEqual([
    '597',
    '598',
    '599',
    'x',
  ]);
  await reopened.close();
});

test('what compaction frees is used again: the file does not grow with the number of writes', async () => {
  const path = directory();
  const storage = await LmdbStorage.open(path);
  for (let round = 0; round < 6; round++) {
    const writes = Array.from({ length: 1000 }, (_, i) =>
      storage.write(`/${i % 50}`, () => ({ put: Buffer.alloc(4000, `${round}`) })),
    );
    await Promise.all(writes);
    await storage.compact(await storage.revision());
  }
  await storage.close();
  const written = 6 * 1000 * 4000;
  expect(statSync(join(path, 'data.mdb')).size).toBeLessThan(written / 2);
});

test('a page of the tree that was written over is one clear error', async () => {
  const path = directory();
  const storage = await LmdbStorage.open(path);
  await Promise.all(
    Array.from({ length: 500 }, (_, i) => storage.write(`/${i}`, () => ({ put: Buffer.alloc(200) }))),
  );
  await storage.close();
  const file = join(path, 'data.mdb');
  const bytes = readFileSync(file);
  // All but the first two pages, which say where the trees begin.
  writeFileSync(file, Buffer.concat([bytes.subarray(0, 8192), Buffer.alloc(bytes.length - 8192, 0xff)]));
  await expect(LmdbStorage.open(path)).rejects.toThrow(
    new RegExp(`^the data file ${file} is damaged: its page \\d+ is something else$`),
  );
});

test('a key that is empty or too long is refused before it can break a flush', async () => {
  const storage = await LmdbStorage.open(directory());
  await expect(storage.write('', () => ({ put: Buffer.from('x') }))).rejects.toThrow(RangeError);
  await expect(storage.write('/'.repeat(2000), () => ({ put: Buffer.from('x') }))).rejects.toThrow(
    RangeError,
  );
  await storage.close();
});

test('a damaged data file is one clear error', async () => {
  const path = directory();
  const file = join(path, 'data.mdb');
  writeFileSync(file, Buffer.alloc(65_536, 'not a database'));
  await expect(LmdbStorage.open(path)).rejects.toThrow(
    `the data file ${file} is damaged: it is no LMDB file`,
  );
  rmSync(file);
  const storage = await LmdbStorage.open(path);
  const writes = Array.from({ length: 200 }, (_, i) =>
    storage.write(`/${i}`, () => ({ put: Buffer.alloc(4000) })),
  );
  await Promise.all(writes);
  await storage.close();
  truncateSync(file, 100_000);
  await expect(LmdbStorage.open(path)).rejects.toThrow('is damaged: it is cut off at 100000 bytes');
  truncateSync(file, 0);
  await expect(LmdbStorage.open(path)).rejects.toThrow('is damaged: it is empty');
});

test('a data directory that can not be made is one clear error', async () => {
  const file = join(directory(), 'file');
  writeFileSync(file, '');
  await expect(LmdbStorage.open(join(file, 'data'))).rejects.toThrow(
    "the data directory can't be made: ENOTDIR",
  );
});
