import { expect, test } from 'vitest';
import { storageConformance } from './conformance.js';
import { MemoryStorage } from './memory.js';

storageConformance('memory', async () => ({ storage: new MemoryStorage() }));

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
