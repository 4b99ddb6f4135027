import { expect, test } from 'vitest';
import { storageConformance } from './conformance.js';
import { MemoryStorage } from './memory.js';

storageConformance('memory', async () => ({ storage: new MemoryStorage() }));

storageConformance('a fork of a memory store', async () => {
  const storage = new MemoryStorage();
  const fork = storage.fork();
  await storage.close();
  return { storage: fork };
});

test('a fork begins as its origin is, and neither sees what is written to the other', async () => {
  const origin = new MemoryStorage();
  await origin.write('/a', () => ({ put: Buffer.from('1') }));
  const fork = origin.fork();
  await fork.write('/a', () => ({ put: Buffer.from('2') }));
  await origin.write('/b', () => ({ put: Buffer.from('3') }));
  const again = fork.fork();
  await fork.write('/a', () => ({ delete: true }));
  const contents = async (storage: MemoryStorage) =>
    (await storage.list('')).entries.map(({ key, value }) => `${key}=${value}`);
  expect(await contents(origin)).toEqual(['/a=1', '/b=3']);
  expect(await contents(fork)).toEqual([]);
  expect(await contents(again)).toEqual(['/a=2']);
  expect(await again.revision()).toBe(3);
});

test('the memory engine retains a bounded window of revisions', async () => {
  const storage = new MemoryStorage({ retainRevisions: 100 });
  for (let i = 0; i < 1000; i++) await storage.write('/a', () => ({ put: Buffer.from(`${i}`) }));
  const newest = await storage.revision();
  const kept = await storage.list('/', { revision: newest - 100 });
  expect(kept.entries.map((entry) => entry.value.toString())).toEqual(['899']);
  await expect(storage.list('/', { revision: newest - 200 })).rejects.toMatchObject({ reason: 'Expired' });
});

test('an ephemeral store that starts at the time expires what clients remember from before', async () => {
  const before = new MemoryStorage({ firstRevision: 1_000_000 });
  const remembered = await before.write('/a', () => ({ put: Buffer.from('x') }));
  const after = new MemoryStorage({ firstRevision: 2_000_000 });
  await expect(after.list('/', { revision: remembered })).rejects.toMatchObject({ reason: 'Expired' });
});
