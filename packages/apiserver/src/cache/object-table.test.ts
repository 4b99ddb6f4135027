import { parseFieldSelector, parseLabelSelector } from '@kubewright/api';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareKeys } from '../storage/storage.js';
import type { Head, StoredReader } from './head.js';
import { objectNameOf } from './object-name.js';
import { ObjectTable, type TableQuery } from './object-table.js';
import { selects } from './selection.js';

const prefix = '/registry/pods/';
const key = fc
  .tuple(fc.constantFrom('a', 'a-b', 'b'), fc.constantFrom('web', 'web-1', 'web-2', 'db', 'é'))
  .map(([namespace, name]) => `${prefix}${namespace}/${name}`);
const head = fc.record({
  labels: fc.dictionary(fc.constantFrom('app', 'tier'), fc.constantFrom('x', 'y')),
  fields: fc.record({ 'spec.nodeName': fc.constantFrom('', 'n1', 'n2') }),
});
const loaded = fc.uniqueArray(fc.record({ key, head }), { selector: (each) => each.key });
/** Without a head it is a delete. */
const write = fc.record({ key, head: fc.option(head) });
const labels = fc.constantFrom(
  '',
  'app=x',
  'app=x,tier=y',
  'app in (x,y)',
  'app!=x',
  'tier',
  '!tier',
  'app=z',
);
const fields = fc.constantFrom(
  '',
  'spec.nodeName=n1',
  'spec.nodeName=',
  'spec.nodeName!=n1',
  'metadata.name=web',
);
const query = fc.record(
  {
    namespace: fc.constantFrom('a', 'a-b', 'none'),
    selection: fc.record({ labels: labels.map(parseLabelSelector), fields: fields.map(parseFieldSelector) }),
    startAfter: key,
    limit: fc.integer({ min: 1, max: 6 }),
  },
  { requiredKeys: [] },
);
const step = fc.oneof({ weight: 3, arbitrary: write }, { weight: 1, arbitrary: fc.record({ query }) });

const unread: StoredReader = {
  head: () => {
    throw new Error('nothing is looked at here');
  },
};

test('lists equal a naive filter over the same objects, whatever was written and asked before', () => {
  fc.assert(
    fc.property(loaded, fc.array(step, { maxLength: 60 }), (first, steps) => {
      const model = new Map<string, { head: Head; revision: number }>();
      const seen = new Map<string, Head>();
      const table = new ObjectTable(prefix, { head: (bytes) => seen.get(bytes.toString()) as Head });
      for (const each of first) {
        seen.set(`${each.key} 0`, each.head);
        model.set(each.key, { head: each.head, revision: 0 });
      }
      const entryOf = (each: { key: string }) => ({
        key: each.key,
        revision: 0,
        value: Buffer.from(`${each.key} 0`),
      });
      table.load(first.map(entryOf).sort((a, b) => compareKeys(a.key, b.key)));
      table.loaded();
      for (const [index, each] of steps.entries()) {
        const revision = index + 1;
        if ('query' in each) {
          const listed = table.list(each.query);
          const expected = naive(model, each.query);
          expect(listed.entries.map((entry) => `${entry.key} ${entry.revision} ${entry.bytes}`)).toEqual(
            expected.keys.map((found) => {
              const at = model.get(found)?.revision;
              return `${found} ${at} ${found} ${at}`;
            }),
          );
          expect(listed.more).toBe(expected.more);
        } else if (each.head === null) {
          table.delete(each.key);
          model.delete(each.key);
        } else {
          const bytes = Buffer.from(`${each.key} ${revision}`);
          table.set(each.key, revision, { bytes, head: each.head });
          model.set(each.key, { head: each.head, revision });
        }
        expect(table.size).toBe(model.size);
      }
      for (const [found, { head }] of model) expect(table.head(found)).toEqual(head);
    }),
    { numRuns: 300 },
  );
});

function naive(
  objects: ReadonlyMap<string, { readonly head: Head }>,
  { namespace, selection = {}, startAfter, limit = Number.POSITIVE_INFINITY }: TableQuery,
): { keys: string[]; more: boolean } {
  const keys = [...objects]
    .filter(([each, { head }]) => {
      const name = objectNameOf(prefix, each);
      return (namespace === undefined || name.namespace === namespace) && selects(selection, name, head);
    })
    .map(([each]) => each)
    .filter((each) => startAfter === undefined || compareKeys(each, startAfter) > 0)
    .sort(compareKeys);
  return { keys: keys.slice(0, limit), more: keys.length > limit };
}

describe.each([
  { by: 'a field', selection: { fields: parseFieldSelector('spec.nodeName=n1') } },
  { by: 'a label', selection: { labels: parseLabelSelector('node=n1') } },
])('a selection by $by of many objects that nobody looked at', (query) => {
  test('ends up with all of them, those that change meanwhile too', () => {
    const headOf = (name: string): Head => ({ labels: { node: name }, fields: { 'spec.nodeName': name } });
    const table = new ObjectTable(prefix, { head: (bytes) => headOf(bytes.toString().split(' ')[1] ?? '') });
    const keyOf = (i: number) => `${prefix}a/pod-${String(i).padStart(4, '0')}`;
    for (let i = 0; i < 5_000; i++) {
      const value = Buffer.from(`${i} ${i % 100 === 0 ? 'n1' : 'n2'}`);
      table.load([{ key: keyOf(i), revision: i + 1, value }]);
    }
    table.loaded();
    const put = (i: number, name: string) =>
      table.set(keyOf(i), i + 1, { bytes: Buffer.from(`${i} ${name}`), head: headOf(name) });
    const first = table.select(query);
    let step = 0;
    for (const _ of first.steps()) {
      put(4_900 + (step % 100), 'n1');
      put(step * 100, 'n2');
      if (step === 10) table.delete(`${prefix}a/pod-4800`);
      step++;
    }
    // The first list shows what was there when it began; later ones come out of the index.
    expect([...first.entries()]).toHaveLength(50);
    first.release();
    const scanned = table.list({}).entries.filter(({ bytes }) => bytes.toString().endsWith(' n1'));
    expect(table.list(query).entries.map(({ key: found }) => found)).toEqual(
      scanned.map(({ key: found }) => found),
    );
  });

  test('leaves what it had not looked at to the next one when it is given up', () => {
    let looks = 0;
    const table = new ObjectTable(prefix, {
      head: (bytes) => {
        looks++;
        const name = bytes.toString();
        return { labels: { node: name }, fields: { 'spec.nodeName': name } };
      },
    });
    for (let i = 10_000; i < 15_000; i++)
      table.load([{ key: `${prefix}a/pod-${i}`, revision: i, value: Buffer.from(`n${i % 100}`) }]);
    table.loaded();
    const first = table.select(query);
    for (const _ of first.steps()) break;
    first.release();
    expect(looks).toBeLessThan(5_000);
    expect(table.list(query).entries).toHaveLength(50);
    expect(looks).toBe(5_000);
    const third = table.select(query);
    for (const _ of third.steps());
    expect(third.looked).toBe(50);
    third.release();
  });
});

test('a reread looks at an object when it is needed, and at each once', () => {
  const looked: string[] = [];
  const table = new ObjectTable(prefix, unread);
  for (const name of ['a', 'b', 'c'])
    table.set(`${prefix}x/${name}`, 1, { bytes: Buffer.from(name), head: { labels: {}, fields: {} } });
  table.reread({
    head(bytes) {
      looked.push(bytes.toString());
      return { labels: {}, fields: { 'spec.n': `is ${bytes}` }, stale: bytes.toString() === 'b' };
    },
    current: (bytes) => Buffer.from(`${bytes} as of today`),
  });
  expect(looked).toEqual([]);
  expect(table.get(`${prefix}x/b`)?.bytes.toString()).toBe('b as of today');
  expect(looked).toEqual(['b']);
  const { entries } = table.list({ selection: { fields: parseFieldSelector('spec.n=is c') } });
  expect(entries.map(({ bytes }) => bytes.toString())).toEqual(['c']);
  expect(looked.sort()).toEqual(['a', 'b', 'c']);
  table.set(`${prefix}x/d`, 2, {
    bytes: Buffer.from('d'),
    head: { labels: {}, fields: { 'spec.n': 'is d' } },
  });
  expect(table.list({}).entries.map(({ bytes }) => bytes.toString())).toEqual([
    'a',
    'b as of today',
    'c',
    'd',
  ]);
  expect(looked).toHaveLength(3);
});
