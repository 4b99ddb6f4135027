import { afterEach, expect, test, vi } from 'vitest';
import { MemoryStorage } from '../storage/memory.js';
import { Expiry } from './expiry.js';
import { headReader } from './head.js';
import { WatchCache } from './watch-cache.js';

const prefix = '/registry/events/';

afterEach(() => vi.useRealTimers());

test('an object goes when its time since the last write is over, and one that was written again stays', async () => {
  const storage = new MemoryStorage();
  const feed = await WatchCache.open(storage, (error) => {
    throw error;
  });
  const events = feed.resource(prefix, headReader([]));
  await feed.ready();
  const write = (name: string) =>
    storage.write(`${prefix}default/${name}`, () => ({ put: Buffer.from('{}') }));
  await write('before');
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
  const errors: unknown[] = [];
  const expiry = new Expiry(events, storage, { seconds: 3600, onError: (error) => errors.push(error) });
  await write('old');
  await vi.advanceTimersByTimeAsync(1_800_000);
  await write('old');
  await write('young');
  await vi.advanceTimersByTimeAsync(1_900_000);
  await vi.waitFor(() => expect(events.size).toBe(2), { timeout: 15_000 });
  const { entries } = await events.list();
  expect(entries.map(({ key }) => key.slice(prefix.length))).toEqual(['default/old', 'default/young']);
  await vi.advanceTimersByTimeAsync(3_600_000);
  await vi.waitFor(() => expect(events.size).toBe(0), { timeout: 15_000 });
  await expiry.close();
  expect(errors).toEqual([]);
  feed.close();
});
