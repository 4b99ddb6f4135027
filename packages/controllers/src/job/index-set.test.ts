import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IndexSet } from './index-set.js';

const indexes = fc.uniqueArray(fc.nat(40));

describe('a set of indexes', () => {
  it.each([
    ['', ''],
    ['0', '0'],
    ['0,1', '0,1'],
    ['0-2', '0-2'],
    ['1,3-5,7', '1,3-5,7'],
    ['0,1,2,4,5', '0-2,4,5'],
    ['3,1', '1,3'],
    ['7-20', '7-9'],
    ['9,10,11-12', '9'],
    ['1,x,3-y,-4,5', '1,5'],
  ])('reads %j below 10 as %j', (text, written) => {
    expect(String(IndexSet.parse(text, 10))).toBe(written);
  });

  it('reads what it writes', () => {
    fc.assert(
      fc.property(indexes, (some) => {
        const set = IndexSet.of(some);
        expect(String(IndexSet.parse(String(set), 41))).toBe(String(set));
        expect(set.size).toBe(some.length);
      }),
    );
  });

  it('is a set as any other', () => {
    fc.assert(
      fc.property(indexes, indexes, fc.nat(45), fc.nat(10), (some, others, completions, count) => {
        const [a, b] = [new Set(some), new Set(others)];
        const [one, two] = [IndexSet.of(some), IndexSet.of(others)];
        const union = one.union(two);
        for (let index = 0; index <= 45; index++) expect(union.has(index)).toBe(a.has(index) || b.has(index));
        expect(one.shared(two)).toBe([...a].filter((index) => b.has(index)).length);
        const missing = Array.from({ length: completions }, (_, index) => index).filter(
          (index) => !a.has(index),
        );
        expect(one.firstMissing(count, completions)).toEqual(missing.slice(0, count));
      }),
    );
  });
});
