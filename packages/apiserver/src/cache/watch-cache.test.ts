import { isGone, parseFieldSelector, parseLabelSelector } from '@kubewright/api';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MemoryStorage } from '../storage/memory.js';
import type { Storage } from '../storage/storage.js';
import type { CacheWatch } from './cache-watch.js';
import { headReader } from './head.js';
import type { CacheList, ResourceCache } from './resource-cache.js';
import { WatchCache } from './watch-cache.js';

const prefix = '/registry/pods/';
const readHead = headReader(['spec.nodeName']);

describe('the watch cache', () => {
  let storage: MemoryStorage;
  let cache: WatchCache;
  let pods: ResourceCache;
  beforeEach(async () => {
    storage = new MemoryStorage();
    cache = await openCache(storage);
    pods = cache.resource(prefix, readHead);
    await pods.ready;
  });
  afterEach(async () => {
    vi.useRealTimers();
    cache.close();
    await storage.close();
  });

  test('has a write when the write is acknowledged', async () => {
    const revision = await put(storage, 'default/web', { app: 'web' });
    expect(pods.get(`${prefix}default/web`)).toMatchObject({
      revision,
      bytes: pod('default/web', { app: 'web' }),
    });
    expect(pods.revision).toBe(revision);
    await remove(storage, 'default/web');
    expect(pods.get(`${prefix}default/web`)).toBeUndefined();
    expect(pods.size).toBe(0);
  });

  test('is read anew while it is watched: stale objects are what the reader makes of them', async () => {
    await put(storage, 'default/web', { app: 'web' }, 'node-1');
    const changes: string[] = [];
    pods.onChange(({ key }) => changes.push(key));
    pods.reread({
      head: (bytes) => ({ ...readHead.head(bytes), fields: { half: 'yes' }, stale: true }),
      current: (bytes) => bytes.subarray(0, bytes.length / 2),
    });
    const watch = pods.watch({ after: pods.revision });
    await put(storage, 'default/api', { app: 'api' });

    const fields = parseFieldSelector('half=yes');
    const { entries } = await pods.list({ selection: { fields } });
    expect(entries.map(({ bytes }) => bytes.toString())).toEqual(
      [pod('default/api', { app: 'api' }), pod('default/web', { app: 'web' }, 'node-1')].map((bytes) =>
        bytes.subarray(0, bytes.length / 2).toString(),
      ),
    );
    const { value } = await watch.next();
    expect(value?.events.map(({ bytes }) => bytes.toString())).toEqual([entries[0]?.bytes.toString()]);
    expect(changes).toEqual([`${prefix}default/api`]);

    pods.reread(readHead);
    expect(pods.get(`${prefix}default/api`)?.bytes).toEqual(pod('default/api', { app: 'api' }));
    watch.close(undefined);
  });

  test('loads what is there, page by page, and what is written meanwhile', async () => {
    for (let i = 0; i < 2500; i++) await put(storage, `default/web-${i}`, { app: 'web' });
    const other = await openCache(answeringLater(storage));
    const loading = other.resource(prefix, readHead);
    expect(() => loading.get(`${prefix}default/web-1`)).toThrow('storage is (re)initializing');
    await put(storage, 'default/new', { app: 'web' });
    await remove(storage, 'default/web-7');
    await other.ready();
    expect(loading.size).toBe(2500);
    expect(await loading.list()).toEqual(await pods.list());
    other.close();
  });

  test('over a store in memory is loaded when it is opened', async () => {
    await put(storage, 'default/old', { app: 'web' });
    const fork = storage.fork();
    const other = await openCache(fork);
    const since = other.revision;
    await put(fork, 'default/new', { app: 'web' });
    const forked = other.resource(prefix, readHead);
    const watch = forked.watch({ after: since });
    expect(names(await forked.list())).toEqual(['new', 'old']);
    expect(names(await pods.list())).toEqual(['old']);
    const { value: first } = await watch.next();
    await put(fork, 'default/newer', { app: 'web' });
    const { value: second } = await watch.next();
    expect([first, second].map((batch) => batch?.events.map(({ key }) => key.slice(prefix.length)))).toEqual([
      ['default/new'],
      ['default/newer'],
    ]);
    other.close();
  });

  test('keeps resources apart by their prefixes', async () => {
    const nodes = cache.resource('/registry/nodes/', readHead);
    const deployments = cache.resource('/registry/apps/deployments/', readHead);
    await cache.ready();
    await storage.write('/registry/nodes/n1', () => ({ put: pod('n1', {}) }));
    await storage.write('/registry/apps/deployments/default/web', () => ({ put: pod('default/web', {}) }));
    await storage.write('/registry/unknown/x', () => ({ put: Buffer.from('not JSON') }));
    expect([pods.size, nodes.size, deployments.size]).toEqual([0, 1, 1]);
    expect(nodes.revision).toBe(await storage.revision());
  });

  test('lists exactly at an older revision, from the store where memory has moved on', async () => {
    for (let i = 0; i < 5; i++) await put(storage, `default/web-${i}`, { app: i % 2 === 0 ? 'even' : 'odd' });
    const first = await pods.list({ limit: 2 });
    expect(first.more).toBe(true);
    await remove(storage, 'default/web-3');
    await put(storage, 'default/web-4', { app: 'odd' });
    const rest = await pods.list({ startAfter: `${prefix}default/web-1`, revision: first.revision });
    expect(names(rest)).toEqual(['web-2', 'web-3', 'web-4']);
    const selection = { labels: parseLabelSelector('app=even') };
    expect(names(await pods.list({ selection, revision: first.revision, limit: 2 }))).toEqual([
      'web-0',
      'web-2',
    ]);
    expect(names(await pods.list({ selection }))).toEqual(['web-0', 'web-2']);
    await storage.compact(pods.revision);
    const gone = await pods.list({ revision: first.revision }).catch((error: unknown) => error);
    expect(isGone(gone)).toBe(true);
  });

  test('gives watchers what they select, in batches of a tick', async () => {
    const watch = pods.watch({
      after: pods.revision,
      namespace: 'default',
      selection: { labels: parseLabelSelector('app=web') },
    });
    await put(storage, 'default/a', { app: 'web' });
    await put(storage, 'default/b', { app: 'db' });
    await put(storage, 'other/c', { app: 'web' });
    await put(storage, 'default/b', { app: 'web' });
    const left = await put(storage, 'default/a', { app: 'db' });
    const { value } = await watch.next();
    expect(value?.events.map((event) => `${event.type} ${event.key.slice(prefix.length)}`)).toEqual([
      'ADDED default/a',
      'ADDED default/b',
      'DELETED default/a',
    ]);
    expect(value?.events[2]?.bytes).toEqual(pod('default/a', { app: 'web' }));
    expect(value?.events[2]?.revision).toBe(left);
    expect(value?.revision).toBe(left);
  });

  test('wakes a waiting watcher once for all that a tick brought', async () => {
    const watch = pods.watch({ after: pods.revision });
    const next = watch.next();
    const last = await Promise.all(['a', 'b', 'c'].map((name) => put(storage, `default/${name}`, {})));
    const { value } = await next;
    expect(value?.events.map((event) => event.revision)).toEqual(last);
  });

  test('says how far an idle watcher is, for bookmarks', async () => {
    const selection = { fields: parseFieldSelector('spec.nodeName=n1') };
    const watch = pods.watch({ after: pods.revision, selection });
    const other = await put(storage, 'default/other', {}, 'n2');
    expect(watch.revision).toBe(other);
    const seen = await put(storage, 'default/mine', {}, 'n1');
    await put(storage, 'default/other', {}, 'n2');
    expect(watch.revision).toBe(seen - 1);
    await watch.next();
    expect(watch.revision).toBe(pods.revision);
  });

  test('keeps a watch from a future revision silent until that has passed', async () => {
    const watch = pods.watch({ after: pods.revision + 2 });
    for (const name of ['a', 'b', 'c']) await put(storage, `default/${name}`, {});
    const { value } = await watch.next();
    expect(value?.events.map((event) => event.key)).toEqual([`${prefix}default/c`]);
  });

  test('ends a watch by its signal, and a compacted one with Expired', async () => {
    const stop = new AbortController();
    const watch = pods.watch({ after: pods.revision, signal: stop.signal });
    const next = watch.next();
    stop.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    await put(storage, 'default/a', {});
    await put(storage, 'default/a', {});
    await storage.compact(pods.revision);
    const fresh = await openCache(storage);
    const reopened = fresh.resource(prefix, readHead);
    await reopened.ready;
    const tooOld = await reopened
      .watch({ after: 1 })
      .next()
      .catch((error: unknown) => error);
    expect(isGone(tooOld)).toBe(true);
    fresh.close();
  });

  test('closes a watcher that does not read', async () => {
    const watch = pods.watch({ after: pods.revision });
    const reading = pods.watch({ after: pods.revision });
    const big = 'x'.repeat(1 << 20);
    for (let i = 0; i < 40; i++) {
      await put(storage, 'default/big', { big });
      await reading.next();
    }
    expect(watch.overrun).toBe(true);
    expect(await watch.next()).toEqual({ done: true, value: undefined });
    expect(reading.closed).toBe(false);
  });

  test('waits for a revision, and not for ever', async () => {
    const reached = pods.waitFor(pods.revision + 1);
    await put(storage, 'default/a', {});
    await reached;
    await pods.waitFor(await storage.revision());
    vi.useFakeTimers();
    const never = pods.waitFor(pods.revision + 100).catch((error: unknown) => error);
    vi.advanceTimersByTime(3000);
    expect(await never).toMatchObject({
      code: 504,
      message: expect.stringContaining('Too large resource version'),
    });
    const stop = new AbortController();
    const stopped = pods.waitFor(pods.revision + 100, stop.signal);
    stop.abort(new Error('gone'));
    await expect(stopped).rejects.toThrow('gone');
  });

  test('ends its watches when the storage is closed', async () => {
    const watch = pods.watch({ after: pods.revision });
    await storage.close();
    expect((await watch.next()).done).toBe(true);
  });
});

test('a list and the watch from it always add up to what is there, wherever the watch starts', async () => {
  const write = fc.record({
    name: fc.constantFrom('a/x', 'a/y', 'a/z', 'b/x'),
    app: fc.option(fc.constantFrom('web', 'db')),
    node: fc.constantFrom('n1', 'n2'),
    watch: fc.boolean(),
  });
  const scope = fc.record({
    namespace: fc.constantFrom(undefined, 'a'),
    labels: fc.constantFrom('', 'app=web', 'app!=web'),
    fields: fc.constantFrom('', 'spec.nodeName=n1'),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(write, { maxLength: 40 }),
      scope,
      fc.boolean(),
      async (writes, scope, restart) => {
        const storage = new MemoryStorage();
        let cache = await openCache(storage);
        // So few that most watches begin in the store's history.
        let pods = cache.resource(prefix, readHead, { changes: 4 });
        await pods.ready;
        const selection = {
          labels: parseLabelSelector(scope.labels),
          fields: parseFieldSelector(scope.fields),
        };
        const query = { selection, ...(scope.namespace === undefined ? {} : { namespace: scope.namespace }) };
        const lists: CacheList[] = [];
        for (const { name, app, node, watch } of writes) {
          if (watch) lists.push(await pods.list(query));
          if (app === null) await remove(storage, name);
          else await put(storage, name, { app }, node);
        }
        if (restart) {
          cache.close();
          cache = await openCache(storage);
          pods = cache.resource(prefix, readHead, { changes: 4 });
          await pods.ready;
        }
        const watches = lists.map((list) => pods.watch({ ...query, after: list.revision }));
        await put(storage, 'a/last', { app: 'web' }, 'n1');
        await put(storage, 'a/last', { app: 'none' }, 'n2');
        const expected = content(await pods.list(query));
        for (const [i, watch] of watches.entries()) {
          const list = lists[i];
          if (list !== undefined) expect(await follow(list, watch, pods.revision)).toEqual(expected);
        }
        cache.close();
      },
    ),
    { numRuns: 100 },
  );
});

/** What a client has that listed and then applied the events of its watch up to a revision. */
async function follow(list: CacheList, watch: CacheWatch, until: number): Promise<Map<string, string>> {
  const objects = content(list);
  let known = list.revision;
  while (watch.revision < until) {
    const { value } = await watch.next();
    for (const { type, key, revision, bytes } of value?.events ?? []) {
      expect(revision).toBeGreaterThan(known);
      known = revision;
      expect(objects.has(key)).toBe(type !== 'ADDED');
      if (type === 'DELETED') {
        expect(objects.get(key)).toBe(bytes.toString());
        objects.delete(key);
      } else objects.set(key, bytes.toString());
    }
  }
  return new Map([...objects].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function content(list: CacheList): Map<string, string> {
  return new Map(list.entries.map(({ key, bytes }) => [key, bytes.toString()]));
}

/** The same store as an engine that needs a while. */
function answeringLater(storage: MemoryStorage): Storage {
  return {
    revision: () => storage.revision(),
    get: (key) => storage.get(key),
    list: (within, options) => storage.list(within, options),
    write: (key, decide) => storage.write(key, decide),
    watch: (after, watcher) => storage.watch(after, watcher),
    compact: (revision) => storage.compact(revision),
    close: () => storage.close(),
  };
}

function openCache(storage: Storage): Promise<WatchCache> {
  return WatchCache.open(storage, (error) => {
    throw error;
  });
}

function names(list: CacheList): string[] {
  return list.entries.map(({ key }) => key.slice(key.lastIndexOf('/') + 1));
}

function pod(name: string, labels: Record<string, string>, nodeName = ''): Buffer {
  return Buffer.from(
    JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels }, spec: { nodeName } }),
  );
}

function put(
  storage: MemoryStorage,
  name: string,
  labels: Record<string, string>,
  nodeName = '',
): Promise<number> {
  return storage.write(prefix + name, () => ({ put: pod(name, labels, nodeName) }));
}

function remove(storage: MemoryStorage, name: string): Promise<number> {
  return storage.write(prefix + name, () => ({ delete: true }));
}
