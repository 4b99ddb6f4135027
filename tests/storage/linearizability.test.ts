import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LmdbStorage, MemoryStorage } from '@kubewright/apiserver';
import { EtcdStorage } from '@kubewright/apiserver/etcd';
import type { Storage } from '@kubewright/apiserver/storage';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { etcdPath, startEtcd } from '../etcd-process.js';
import { type Action, notLinearizable, type Operation, type Outcome } from './linearizability.js';
import { type Perform, recordHistory, xorshift } from './registers.js';

const seed = Number(process.env.SOAK_SEED ?? 1 + Math.floor(Math.random() * 0x7fffff));

const read = (value: string): [Action, Outcome] => [{ read: true }, { value }];
const set = (value: string): [Action, Outcome] => [{ set: value }, { done: true }];
const swap = (from: string, to: string, done: boolean): [Action, Outcome] => [
  { swap: { from, to } },
  { done },
];
const lost = ([action]: [Action, Outcome]): [Action, Outcome] => [action, 'unknown'];

/** Times, then what was done between them. */
function history(...rows: [calledAt: number, returnedAt: number, [Action, Outcome]][]): Operation[] {
  return rows.map(([calledAt, returnedAt, [action, outcome]]) => ({
    ...{ register: 'r', action, outcome, calledAt, returnedAt },
  }));
}

describe('the checker', () => {
  it.each<[string, Operation[]]>([
    [
      'one after the other',
      history([1, 2, set('a')], [3, 4, read('a')], [5, 6, swap('a', 'b', true)], [7, 8, read('b')]),
    ],
    ['a read of either value during a write', history([1, 9, set('a')], [2, 3, read('')], [4, 5, read('a')])],
    [
      'writes at the same time in either order',
      history([1, 9, set('a')], [1, 9, set('b')], [10, 11, read('a')]),
    ],
    [
      'a lost write that happened much later',
      history([1, 2, lost(set('a'))], [3, 4, read('')], [5, 6, read('a')]),
    ],
    ['a lost write that never happened', history([1, 2, lost(set('a'))], [3, 4, read('')], [5, 6, read('')])],
    [
      'a lost swap that found another value',
      history([1, 2, set('a')], [3, 4, lost(swap('x', 'b', true))], [5, 6, read('a')]),
    ],
    [
      'of two swaps from one value, one',
      history([1, 9, swap('', 'a', true)], [1, 9, swap('', 'b', false)], [10, 11, read('a')]),
    ],
  ])('takes %s', (_, operations) => {
    expect(notLinearizable(operations)).toEqual([]);
  });

  it.each<[string, Operation[]]>([
    ['a stale read', history([1, 2, set('a')], [3, 4, read('')])],
    ['a lost update', history([1, 2, set('a')], [3, 4, set('b')], [5, 6, read('a')])],
    ['a value that goes back', history([1, 9, set('a')], [2, 3, read('a')], [4, 5, read('')])],
    ['two swaps from one value', history([1, 9, swap('', 'a', true)], [1, 9, swap('', 'b', true)])],
    ['a swap that should have been done', history([1, 2, set('a')], [3, 4, swap('a', 'b', false)])],
    ['a value that nobody wrote', history([1, 2, read('x')])],
    [
      'a lost write that is seen, and then not',
      history([1, 2, lost(set('a'))], [3, 4, read('a')], [5, 6, read('')]),
    ],
    ['a lost write that is seen before its call', history([1, 2, read('a')], [3, 4, lost(set('a'))])],
    [
      'reads that disagree on the order of two writes',
      history([1, 20, set('a')], [1, 20, set('b')], [2, 3, read('a')], [4, 5, read('b')], [6, 7, read('a')]),
    ],
  ])('refuses %s', (_, operations) => {
    expect(notLinearizable(operations)).toEqual(['r']);
  });

  // As many as a member that is stopped for a minute may leave.
  const manyLost = (): Operation[] =>
    Array.from({ length: 1_000 }, (_, i) => {
      const at = i * 10;
      return history(
        [at, at + 3, set(`${i}`)],
        [at + 1, at + 20, i % 20 === 0 ? lost(set(`lost ${i}`)) : read(`${i}`)],
        [at + 4, at + 5, read(i % 40 === 20 ? `lost ${i - 20}` : `${i}`)],
      );
    }).flat();

  it('takes a long history with hundreds of lost writes, some of which are seen', () => {
    expect(notLinearizable(manyLost())).toEqual([]);
  });

  it('refuses it where a single read is stale', () => {
    const at = 800 * 10 + 5.5;
    expect(notLinearizable([...manyLost(), ...history([at, at + 0.1, read('799')])])).toEqual(['r']);
  });

  it.each<[string, boolean, Operation[]]>([
    [
      'a lost write that a failed swap tells of',
      true,
      history([1, 2, set('a')], [3, 4, lost(set('b'))], [5, 6, swap('a', 'c', false)]),
    ],
    [
      'a lost write that a failed swap tells of, and a read does not',
      false,
      history([1, 2, set('a')], [3, 4, lost(set('b'))], [5, 6, swap('a', 'c', false)], [7, 8, read('a')]),
    ],
    [
      'a value that is written twice',
      true,
      history([1, 2, set('a')], [3, 4, set('b')], [5, 6, set('a')], [7, 8, read('a')]),
    ],
  ])('decides %s', (_, right, operations) => {
    expect(notLinearizable(operations)).toEqual(right ? [] : ['r']);
  });

  it('finds the one register that is wrong among many', () => {
    const right = history([1, 2, set('a')], [3, 4, read('a')]).map((one) => ({ ...one, register: 'other' }));
    expect(notLinearizable([...right, ...history([1, 2, set('a')], [3, 4, read('')])])).toEqual(['r']);
  });
});

function onStorage(storage: Storage): Perform {
  return async (register, action) => {
    const key = `/${register}`;
    if ('read' in action) return { value: (await storage.get(key)).entry?.value.toString() ?? '' };
    if ('set' in action) {
      await storage.write(key, () => ({ put: Buffer.from(action.set) }));
      return { done: true };
    }
    let done = false;
    await storage.write(key, (current) => {
      done = (current?.value.toString() ?? '') === action.swap.from;
      return done ? { put: Buffer.from(action.swap.to) } : { keep: true };
    });
    return { done };
  };
}

interface CheckOptions {
  readonly operations: number;
  /** Whether writes may fail, so that nobody knows whether they happened. @default false */
  readonly faults?: boolean;
}

async function check(
  storages: readonly Storage[],
  { operations, faults = false }: CheckOptions,
): Promise<void> {
  const clients = Array.from({ length: 8 }, (_, i) => onStorage(storages[i % storages.length] as Storage));
  const recorded = await recordHistory({ clients, registers: 3, seed, goesOn: (done) => done < operations });
  expect(recorded.some(({ outcome }) => outcome === 'unknown')).toBe(faults);
  expect(notLinearizable(recorded)).toEqual([]);
}

describe(`histories of clients (SOAK_SEED=${seed}) are linearizable`, () => {
  it('over memory', async () => {
    const storage = new MemoryStorage();
    await check([storage], { operations: 1000 });
    await storage.close();
  });

  it('over LMDB', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'kubewright-linear-'));
    const storage = await LmdbStorage.open(directory);
    await check([storage], { operations: 1000 });
    await storage.close();
    rmSync(directory, { recursive: true });
  });

  it('over LMDB whose flushes fail now and then, before or after they reached the disk', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'kubewright-linear-'));
    const random = xorshift(seed);
    // Seldom: what nobody knows makes the search long.
    const period = 20;
    let untilFailure = random(period);
    const aroundFlush = async (flush: () => Promise<unknown>) => {
      const fails = untilFailure-- === 0;
      if (fails) untilFailure = period;
      const isBefore = random(2) === 0;
      if (fails && isBefore) throw new Error('injected before');
      await flush();
      if (fails) throw new Error('injected after');
    };
    const storage = await LmdbStorage.open(directory, { aroundFlush });
    await check([storage], { operations: 600, faults: true });
    await storage.close();
    rmSync(directory, { recursive: true });
  });

  it.skipIf(etcdPath === undefined)('over etcd, from two servers', async () => {
    const etcd = await startEtcd();
    const options = { endpoints: etcd.endpoints, logger: pino({ level: 'silent' }), compactionIntervalMs: 0 };
    const storages = await Promise.all([EtcdStorage.open(options), EtcdStorage.open(options)]);
    await check(storages, { operations: 600 });
    await Promise.all(storages.map((storage) => storage.close()));
    await etcd.close();
  });
});
