import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  difference,
  differenceWithChildren,
  equalSets,
  type FieldSet,
  intersection,
  isEmptySet,
  pathsOf,
  readFieldSet,
  sortedSet,
  union,
} from './field-set.js';

// Nodes with children may belong to the set themselves, as `.` says.
const sets: fc.Arbitrary<FieldSet> = fc
  .letrec<{ set: FieldSet }>((tie) => ({
    set: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.constant({}),
      fc
        .tuple(
          fc.boolean(),
          fc.dictionary(fc.constantFrom('f:a', 'f:b', 'k:{"n":"x"}', 'v:1'), tie('set'), { minKeys: 1 }),
        )
        .map(([self, children]) => ({ ...(self ? { '.': {} } : {}), ...children })),
    ),
  }))
  .set.map(({ '.': _, ...root }) => root as FieldSet);
const paths = (set: FieldSet) => new Set(pathsOf(set));

describe('operations on sets of fields', () => {
  it('are those of the sets of their paths', () => {
    fc.assert(
      fc.property(sets, sets, (a, b) => {
        const [left, right] = [paths(a), paths(b)];
        expect(paths(union(a, b))).toEqual(new Set([...left, ...right]));
        expect(paths(intersection(a, b))).toEqual(new Set([...left].filter((path) => right.has(path))));
        expect(paths(difference(a, b))).toEqual(new Set([...left].filter((path) => !right.has(path))));
        expect(isEmptySet(difference(a, a))).toBe(true);
      }),
    );
  });

  it('keep the form of the wire', () => {
    fc.assert(
      fc.property(sets, sets, (a, b) => {
        for (const set of [union(a, b), intersection(a, b), difference(a, b), differenceWithChildren(a, b)]) {
          expect(equalSets(readFieldSet(set), set)).toBe(true);
          expect(JSON.stringify(set)).not.toContain('{".":{}}');
        }
      }),
    );
  });

  it('leave out what stands below, where asked to', () => {
    const set: FieldSet = { 'f:status': { 'f:a': {} }, 'f:spec': { 'f:b': {} } };
    expect(differenceWithChildren(set, { 'f:status': {} })).toEqual({ 'f:spec': { 'f:b': {} } });
    expect(difference(set, { 'f:status': {} })).toEqual(set);
  });
});

it('sorts elements: fields, then keys with numbers as such, then values', () => {
  const set = {
    'v:"b"': {},
    'v:2': {},
    'k:{"port":8080}': {},
    'k:{"port":80}': {},
    'f:b': {},
    'f:a': {},
    '.': {},
  };
  expect(Object.keys(sortedSet(set))).toEqual([
    '.',
    'f:a',
    'f:b',
    'k:{"port":80}',
    'k:{"port":8080}',
    'v:2',
    'v:"b"',
  ]);
});

it('prints paths as conflicts show them', () => {
  const set = {
    'f:spec': {
      'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:name': {} } },
      'f:x': { 'v:"a"': {} },
    },
  };
  expect(pathsOf(set)).toEqual([
    '.spec.ports[port=80,protocol="TCP"]',
    '.spec.ports[port=80,protocol="TCP"].name',
    '.spec.x[="a"]',
  ]);
});

it('refuses what is no set', () => {
  expect(() => readFieldSet({ fspec: {} })).toThrow('missing colon');
  expect(() => readFieldSet({ 'f:a': 1 })).toThrow('must be an object');
  expect(() => readFieldSet({ 'k:{': {} })).toThrow();
  expect(readFieldSet({ 'x:new': {}, 'f:a': {} })).toEqual({ 'f:a': {} });
});
