import { isApiError, isGone } from '@kubewright/api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { compareAndSwap, type Storage, type StorageEvent, type StorageWatch } from './storage.js';

/** What the suite runs on: an empty store, and what the engine lets a test do to it. */
export interface StorageUnderTest {
  readonly storage: Storage;
  /** Makes the flush of the writes that are accepted next fail, once. */
  failNextFlush?(): void;
  /** Closes the store and opens the same data again. */
  reopen?(): Promise<Storage>;
  /** Called after each test; the suite has closed the storage. */
  dispose?(): Promise<void>;
}

/** Which of the optional parts of {@link StorageUnderTest} an engine has; what needs the others is no test then. */
export interface StorageAbilities {
  readonly failNextFlush?: boolean;
  readonly reopen?: boolean;
}

/**
 * The contract of {@link Storage} as tests. Call it in a vitest file of your own with a function that opens an empty
 * store of your engine.
 */
export function storageConformance(
  name: string,
  open: () => Promise<StorageUnderTest>,
  abilities: StorageAbilities = {},
): void {
  describe(`the storage engine ${name}`, () => {
    let under: StorageUnderTest;
    let storage: Storage;
    beforeEach(async () => {
      under = await open();
      storage = under.storage;
    });
    afterEach(async () => {
      await storage.close();
      await under.dispose?.();
    });

    const create = (key: string, value: string) => put(storage, key, { value, revision: 0 });

    describe('writes', () => {
      test('a create, an update and a delete each take a revision above all before', async () => {
        const start = await storage.revision();
        const created = await create('/a', 'one');
        const updated = await put(storage, '/a', { value: 'two', revision: created });
        const deleted = await put(storage, '/a', { value: undefined, revision: updated });
        expect([start, created, updated, deleted]).toEqual(
          [...new Set([start, created, updated, deleted])].sort(numeric),
        );
        expect((await storage.get('/a')).entry).toBeUndefined();
        expect(await storage.revision()).toBeGreaterThanOrEqual(deleted);
        expect(Number.isSafeInteger(deleted)).toBe(true);
      });

      test('a written value is read back byte for byte, with the revision that wrote it', async () => {
        const value = Buffer.from([0, 1, 2, 255, 254, 0]);
        const revision = await storage.write('/bytes', () => ({ put: Uint8Array.from(value) }));
        const read = await storage.get('/bytes');
        expect(read.entry).toEqual({ key: '/bytes', value, revision });
        expect(read.revision).toBeGreaterThanOrEqual(revision);
      });

      test('a value of a megabyte is kept', async () => {
        const value = Buffer.alloc(1 << 20, 'x');
        await storage.write('/large', () => ({ put: value }));
        expect((await storage.get('/large')).entry?.value.equals(Buffer.alloc(1 << 20, 'x'))).toBe(true);
      });

      test('compare-and-swap refuses a revision that is not the newest, and says what is there', async () => {
        const first = await create('/a', 'one');
        const second = await put(storage, '/a', { value: 'two', revision: first });
        const stale = await compareAndSwap(storage, '/a', { revision: first, value: Buffer.from('three') });
        expect(stale).toMatchObject({ swapped: false, current: { revision: second } });
        const exists = await compareAndSwap(storage, '/a', { revision: 0, value: Buffer.from('three') });
        expect(exists).toMatchObject({ swapped: false, current: { revision: second } });
        const missing = await compareAndSwap(storage, '/b', { revision: first, value: Buffer.from('three') });
        expect(missing).toEqual({ swapped: false, current: undefined });
        expect(text((await storage.get('/a')).entry)).toBe('two');
      });

      test('keeping, and deleting what is not there, take no revision', async () => {
        const written = await create('/a', 'one');
        expect(await storage.write('/a', () => ({ keep: true }))).toBe(written);
        expect(await storage.write('/none', () => ({ delete: true }))).toBe(0);
        expect(await create('/b', 'two')).toBe(written + 1);
      });

      test('a created key that was deleted before is a new one', async () => {
        await create('/a', 'one');
        await storage.write('/a', () => ({ delete: true }));
        const again = await create('/a', 'two');
        expect((await storage.get('/a')).entry?.revision).toBe(again);
      });

      test('what decide throws is the rejection, and nothing changes', async () => {
        const written = await create('/a', 'one');
        const refusal = new Error('no');
        const sync = storage.write('/a', () => {
          throw refusal;
        });
        await expect(sync).rejects.toBe(refusal);
        await expect(storage.write('/a', () => Promise.reject(refusal))).rejects.toBe(refusal);
        expect((await storage.get('/a')).entry?.revision).toBe(written);
      });

      test('a write sees the one before it, acknowledged or not', async () => {
        const writes = [1, 2, 3].map(() => storage.write('/n', increment));
        const revisions = await Promise.all(writes);
        expect(revisions).toEqual([...revisions].sort(numeric));
        expect(text((await storage.get('/n')).entry)).toBe('3');
      });

      test('concurrent writers with asynchronous decisions lose no update', async () => {
        const writers = Array.from({ length: 20 }, async () => {
          for (let i = 0; i < 5; i++) await storage.write('/n', async (current) => increment(current));
        });
        await Promise.all(writers);
        expect(text((await storage.get('/n')).entry)).toBe('100');
      });

      test('a refusal leaves only when what it saw is durable', async () => {
        const log = watch(storage, await storage.revision());
        const written = create('/a', 'one');
        const refused = storage.write('/a', (current) => {
          throw new Error(`exists: ${text(current)}`);
        });
        const eventsAtRefusal = await refused.then(undefined, (error: Error) => {
          expect(error.message).toBe('exists: one');
          return log.events.length;
        });
        expect(eventsAtRefusal).toBe(1);
        expect(log.events[0]?.revision).toBe(await written);
      });
    });

    describe('lists', () => {
      test('are in the order of the bytes of their keys, within the prefix and no further', async () => {
        const keys = [
          '/p/a',
          '/p/a-b',
          '/p/a/b',
          '/p/ab',
          '/p/b',
          '/p/é',
          '/p/\uffee',
          '/p/😀',
          '/p',
          '/p0',
          '/o/z',
          '/q/a',
        ];
        for (const key of keys) await create(key, key);
        const { entries, more } = await storage.list('/p/');
        const within = keys.filter((key) => key.startsWith('/p/'));
        expect(entries.map((entry) => entry.key)).toEqual(
          within.sort((a, b) => Buffer.from(a).compare(Buffer.from(b))),
        );
        expect(entries.map((entry) => text(entry))).toEqual(within);
        expect(more).toBe(false);
        expect((await storage.list('')).entries.length).toBe(keys.length);
      });

      test('pages add up to the list at the revision of the first, whatever is written meanwhile', async () => {
        for (let i = 0; i < 10; i++) await create(`/p/${i}`, 'old');
        const first = await storage.list('/p/', { limit: 4 });
        expect(first.more).toBe(true);
        await storage.write('/p/7', () => ({ put: Buffer.from('new') }));
        await storage.write('/p/8', () => ({ delete: true }));
        await create('/p/85', 'new');
        await storage.write('/p/9', () => ({ delete: true }));
        await create('/p/9', 'again');
        const entries = [...first.entries];
        for (let more = true; more; ) {
          const startAfter = entries.at(-1)?.key ?? '';
          const page = await storage.list('/p/', { limit: 4, startAfter, revision: first.revision });
          expect(page.revision).toBe(first.revision);
          entries.push(...page.entries);
          more = page.more;
        }
        expect(entries.map((entry) => `${entry.key} ${text(entry)}`)).toEqual(
          Array.from({ length: 10 }, (_, i) => `/p/${i} old`),
        );
        const newest = (await storage.list('/p/')).entries.map((entry) => `${entry.key} ${text(entry)}`);
        expect(newest.slice(7)).toEqual(['/p/7 new', '/p/85 new', '/p/9 again']);
      });

      test('a limit that is met exactly leaves nothing more', async () => {
        for (let i = 0; i < 4; i++) await create(`/p/${i}`, 'x');
        expect((await storage.list('/p/', { limit: 4 })).more).toBe(false);
        expect((await storage.list('/p/', { limit: 3 })).more).toBe(true);
        expect((await storage.list('/p/', { startAfter: '/p/3' })).entries).toEqual([]);
      });

      test('a list longer than what is read at a time is whole', async () => {
        await Promise.all(
          Array.from({ length: 1500 }, (_, i) => create(`/p/${String(i).padStart(5, '0')}`, `${i}`)),
        );
        const { entries } = await storage.list('/p/');
        expect(entries.map((entry) => text(entry))).toEqual(Array.from({ length: 1500 }, (_, i) => `${i}`));
      });

      test('a revision of the future is refused as too large', async () => {
        const revision = (await storage.revision()) + 100;
        const refused = await storage.list('/', { revision }).then(undefined, (error: unknown) => error);
        expect(refused).toMatchObject({
          code: 504,
          details: { causes: [{ reason: 'ResourceVersionTooLarge' }] },
        });
      });
    });

    describe('watches', () => {
      test('carry every change in order, with what was there before', async () => {
        const log = watch(storage, await storage.revision());
        const created = await create('/a', 'one');
        const updated = await put(storage, '/a', { value: 'two', revision: created });
        const deleted = await put(storage, '/a', { value: undefined, revision: updated });
        const again = await create('/a', 'three');
        await log.reached(again);
        expect(log.events.map(describeEvent)).toEqual([
          `${created} /a: → one`,
          `${updated} /a: one@${created} → two`,
          `${deleted} /a: two@${updated} →`,
          `${again} /a: → three`,
        ]);
      });

      test('have the event before the write is acknowledged', async () => {
        const log = watch(storage, await storage.revision());
        for (let i = 0; i < 5; i++) {
          const revision = await create(`/${i}`, 'x');
          expect(log.events.at(-1)?.revision).toBe(revision);
        }
      });

      test('from an older revision replay the past exactly as it was seen live', async () => {
        const start = await storage.revision();
        const live = watch(storage, start);
        for (let i = 0; i < 40; i++) {
          await storage.write(`/${i % 7}`, (current) =>
            i % 5 === 4 && current !== undefined ? { delete: true } : { put: Buffer.from(`${i}`) },
          );
        }
        const middle = live.events[20]?.revision ?? 0;
        const end = await storage.revision();
        const all = watch(storage, start);
        const half = watch(storage, middle);
        await Promise.all([all.reached(end), half.reached(end)]);
        expect(all.events.map(describeEvent)).toEqual(live.events.map(describeEvent));
        expect(half.events.map(describeEvent)).toEqual(live.events.slice(21).map(describeEvent));
      });

      test('that replay while others write miss nothing and see nothing twice', async () => {
        const start = await storage.revision();
        await Promise.all(Array.from({ length: 700 }, (_, i) => create(`/past/${i}`, 'x')));
        const log = watch(storage, start);
        const writes = Promise.all(Array.from({ length: 300 }, (_, i) => create(`/live/${i}`, 'x')));
        await writes;
        await log.reached(await storage.revision());
        const revisions = log.events.map((event) => event.revision);
        expect(revisions).toEqual([...new Set(revisions)].sort(numeric));
        expect(new Set(log.events.map((event) => event.key)).size).toBe(1000);
        expect(log.events.length).toBe(1000);
      });

      test('from a future revision stay silent until it has passed', async () => {
        const log = watch(storage, (await storage.revision()) + 2);
        await create('/a', 'x');
        await create('/b', 'x');
        const third = await create('/c', 'x');
        await log.reached(third);
        expect(log.events.map((event) => event.key)).toEqual(['/c']);
      });

      test('get nothing after they are closed', async () => {
        const log = watch(storage, await storage.revision());
        await create('/a', 'x');
        log.close();
        await create('/b', 'x');
        expect(log.events.map((event) => event.key)).toEqual(['/a']);
        expect(log.ended).toBe(false);
      });

      test('end without an error when the storage is closed', async () => {
        const log = watch(storage, await storage.revision());
        await create('/a', 'x');
        await storage.close();
        expect(await log.end).toBeUndefined();
      });
    });

    describe('compaction', () => {
      test('makes older lists and watches expire, and keeps the revision itself and what follows', async () => {
        const start = await storage.revision();
        const created = await create('/a', 'one');
        await create('/b', 'kept');
        const updated = await put(storage, '/a', { value: 'two', revision: created });
        const deleted = await storage.write('/a', () => ({ delete: true }));
        const last = await create('/c', 'last');
        await storage.compact(updated);
        expect(
          isGone(await storage.list('/', { revision: created }).then(undefined, (e: unknown) => e)),
        ).toBe(true);
        expect(isGone(await watch(storage, start).end)).toBe(true);
        const exact = await storage.list('/', { revision: updated });
        expect(exact.entries.map((entry) => `${entry.key} ${text(entry)}`)).toEqual(['/a two', '/b kept']);
        const log = watch(storage, updated);
        await log.reached(last);
        expect(log.events.map(describeEvent)).toEqual([
          `${deleted} /a: two@${updated} →`,
          `${last} /c: → last`,
        ]);
        await storage.compact(last);
        const newest = await storage.list('/');
        expect(newest.entries.map((entry) => `${entry.key} ${text(entry)}`)).toEqual(['/b kept', '/c last']);
        expect(newest.revision).toBe(last);
      });

      test('while others write loses nothing', async () => {
        for (let round = 0; round < 5; round++) {
          const writes = Array.from({ length: 100 }, (_, i) =>
            storage.write(`/${i % 10}`, (current) =>
              i % 3 === 0 && current ? { delete: true } : increment(current),
            ),
          );
          await Promise.all([...writes, storage.compact(await storage.revision())]);
        }
        const before = await storage.list('/');
        await storage.compact(before.revision);
        expect(await storage.list('/')).toEqual(before);
        const revision = await create('/after', 'x');
        expect(revision).toBe(before.revision + 1);
      });
    });

    test('a closed storage refuses, and closing again is nothing', async () => {
      await create('/a', 'x');
      await storage.close();
      await storage.close();
      await expect(storage.get('/a')).rejects.toMatchObject({ code: 503 });
      await expect(storage.list('/')).rejects.toMatchObject({ code: 503 });
      await expect(create('/b', 'x')).rejects.toMatchObject({ code: 503 });
    });

    test('what was accepted before the close is written', async () => {
      const writes = Promise.all([create('/a', 'x'), create('/b', 'x')]);
      await storage.close();
      expect((await writes).length).toBe(2);
    });

    if (abilities.failNextFlush) {
      test('a failed flush fails all that was pending on it, and writing goes on', async () => {
        const first = await create('/a', 'one');
        const log = watch(storage, first);
        under.failNextFlush?.();
        const outcomes = await Promise.allSettled([
          put(storage, '/a', { value: 'lost', revision: first }),
          storage.write('/a', (current) => ({ put: Buffer.from(`${text(current)} and more`) })),
          create('/b', 'new'),
          storage.write('/b', (current) => {
            throw new Error(`a refusal that saw ${text(current)}`);
          }),
        ]);
        const [lost, more, created, refusal] = outcomes.map((outcome) =>
          outcome.status === 'fulfilled' ? outcome.value : failedFlush(outcome.reason),
        );
        expect(lost).toBe('failed');
        // What an engine accepts only after that flush did not depend on it, and saw nothing of it.
        const changes = [
          ...(more === 'failed' ? [] : [`${more} /a: one@${first} → one and more`]),
          ...(created === 'failed' ? [] : [`${created} /b: → new`]),
        ];
        if (refusal !== 'failed')
          expect(refusal).toBe(`a refusal that saw ${created === 'failed' ? '' : 'new'}`);
        expect(log.events.map(describeEvent)).toEqual(changes);
        expect(text((await storage.get('/a')).entry)).toBe(more === 'failed' ? 'one' : 'one and more');
        expect((await storage.list('/')).entries.length).toBe(created === 'failed' ? 1 : 2);
        const next = await create('/c', 'two');
        expect(next).toBeGreaterThan(first);
        expect(log.events.map(describeEvent)).toEqual([...changes, `${next} /c: → two`]);
      });
    }

    if (abilities.reopen) {
      test('a reopened store has every object, the revision and the history', async () => {
        const { reopen } = under;
        if (reopen === undefined) throw new Error('the engine says it can be reopened');
        const start = await storage.revision();
        const created = await create('/a', 'one');
        await create('/b', 'two');
        await storage.write('/b', () => ({ delete: true }));
        const last = await put(storage, '/a', { value: 'three', revision: created });
        const before = await storage.list('');
        storage = await reopen();
        expect(await storage.list('')).toEqual(before);
        expect((await storage.list('', { revision: created })).entries.map((entry) => text(entry))).toEqual([
          'one',
        ]);
        const log = watch(storage, start);
        await log.reached(last);
        expect(log.events.length).toBe(4);
        expect(await create('/c', 'four')).toBeGreaterThan(last);
      });
    }
  });
}

async function put(
  storage: Storage,
  key: string,
  { value, revision }: { value: string | undefined; revision: number },
): Promise<number> {
  const bytes = value === undefined ? undefined : Buffer.from(value);
  const result = await compareAndSwap(storage, key, { revision, value: bytes });
  if (!result.swapped) throw new Error(`${key} is not at revision ${revision}`);
  return result.revision;
}

function increment(current: { readonly value: Buffer } | undefined): { put: Buffer } {
  return { put: Buffer.from(String(Number(text(current)) + 1)) };
}

function text(entry: { readonly value: Buffer } | undefined): string {
  return entry?.value.toString() ?? '';
}

function describeEvent({ revision, key, previous, value }: StorageEvent): string {
  const before = previous === undefined ? '' : ` ${text(previous)}@${previous.revision}`;
  return `${revision} ${key}:${before} →${value === undefined ? '' : ` ${value}`}`;
}

function numeric(a: number, b: number): number {
  return a - b;
}

interface WatchLog extends StorageWatch {
  readonly events: StorageEvent[];
  readonly end: Promise<Error | undefined>;
  ended: boolean;
  reached(revision: number): Promise<void>;
}

/** Records a watch, and checks what holds for every batch. */
function watch(storage: Storage, after: number): WatchLog {
  let known = after;
  let waiting: { revision: number; resolve: () => void }[] = [];
  let over: (error: Error | undefined) => void;
  const end = new Promise<Error | undefined>((resolve) => {
    over = resolve;
  });
  const events: StorageEvent[] = [];
  const handle = storage.watch(after, {
    onEvents(batch, revision) {
      for (const event of batch) {
        expect(event.revision).toBeGreaterThan(known);
        known = event.revision;
        events.push(event);
      }
      expect(revision).toBeGreaterThanOrEqual(known);
      known = revision;
      waiting = waiting.filter((each) => each.revision > known || each.resolve());
    },
    onEnd(error) {
      log.ended = true;
      over(error);
    },
  });
  const log: WatchLog = {
    events,
    end,
    ended: false,
    close: () => handle.close(),
    reached: (revision) =>
      known >= revision
        ? Promise.resolve()
        : new Promise((resolve) => waiting.push({ revision, resolve: () => resolve() })),
  };
  return log;
}

/** `failed` for what a failed flush took with it, else the words of a refusal. */
function failedFlush(error: unknown): string {
  if (isApiError(error)) {
    expect(error.code).toBe(500);
    return 'failed';
  }
  return error instanceof Error ? error.message : String(error);
}
