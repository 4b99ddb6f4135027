import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { LmdbStorage } from '../storage/lmdb.js';
import type { CacheWatch } from './cache-watch.js';
import { headReader } from './head.js';
import type { CacheList, ResourceCache } from './resource-cache.js';
import { WatchCache } from './watch-cache.js';

const prefix = '/registry/pods/';
const directory = mkdtempSync(join(tmpdir(), 'kubewright-cache-'));
afterEach(() => rmSync(directory, { recursive: true }));

test('watchers that start anywhere in the history follow concurrent writers without a gap, after a restart too', async () => {
  let storage = await LmdbStorage.open(directory);
  let cache = await open(storage);
  const lists: CacheList[] = [];
  const following: Promise<Map<string, string>>[] = [];
  const until = { reached: false };
  const writer = async (id: number) => {
    for (let i = 0; i < 150; i++) {
      const key = `${prefix}default/${(id * 7 + i * 3) % 20}`;
      await storage.write(key, (current) =>
        current !== undefined && i % 4 === 0 ? { delete: true } : { put: pod(`${id}-${i}`) },
      );
      if (i % 50 === 25) {
        const list = await cache.pods.list();
        lists.push(list);
        following.push(follow(list, cache.pods.watch({ after: list.revision }), until));
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, id) => writer(id)));
  until.reached = true;
  await storage.write(`${prefix}default/last`, () => ({ put: pod('last') }));
  const expected = content(await cache.pods.list());
  for (const result of following) expect(await result).toEqual(expected);

  cache.feed.close();
  await storage.close();
  storage = await LmdbStorage.open(directory);
  cache = await open(storage);
  expect(content(await cache.pods.list())).toEqual(expected);
  for (const list of lists) {
    const watch = cache.pods.watch({ after: list.revision });
    expect(await follow(list, watch, until)).toEqual(expected);
    const again = await cache.pods.list({ revision: list.revision });
    expect(content(again)).toEqual(content(list));
  }
  cache.feed.close();
  await storage.close();
});

async function open(storage: LmdbStorage): Promise<{ feed: WatchCache; pods: ResourceCache }> {
  const feed = await WatchCache.open(storage, (error) => {
    throw error;
  });
  const pods = feed.resource(prefix, headReader([]), { changes: 50 });
  await feed.ready();
  return { feed, pods };
}

/** Applies events to a list until the last object is there. */
async function follow(
  list: CacheList,
  watch: CacheWatch,
  until: { readonly reached: boolean },
): Promise<Map<string, string>> {
  const objects = content(list);
  let known = list.revision;
  for await (const { events, revision } of watch) {
    for (const { type, key, bytes, revision: changed } of events) {
      expect(changed).toBeGreaterThan(known);
      expect(objects.has(key)).toBe(type !== 'ADDED');
      known = changed;
      if (type === 'DELETED') objects.delete(key);
      else objects.set(key, `${changed} ${bytes}`);
    }
    expect(revision).toBeGreaterThanOrEqual(known);
    if (until.reached && objects.has(`${prefix}default/last`)) break;
  }
  return new Map([...objects].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function content(list: CacheList): Map<string, string> {
  return new Map(list.entries.map(({ key, bytes, revision }) => [key, `${revision} ${bytes}`]));
}

function pod(text: string): Buffer {
  return Buffer.from(JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { annotations: { text } } }));
}
