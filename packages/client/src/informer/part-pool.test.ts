import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PartPool } from './part-pool.js';

const pod = (name: string) => ({
  metadata: { name, managedFields: [{ fieldsV1: { 'f:spec': { 'f:a': {}, 'f:b': { '.': {} } } } }] },
  spec: { tolerations: [{ key: 'a', operator: 'Exists' }], empty: [] },
});

describe('PartPool', () => {
  it('makes equal parts of several objects the same, and leaves those that differ', () => {
    const pool = new PartPool();
    const one = pool.share(pod('one'));
    const two = pool.share(pod('two'));
    expect(two).toEqual(pod('two'));
    expect(two.metadata).not.toBe(one.metadata);
    expect(two.spec).toBe(one.spec);
    expect(two.metadata.managedFields).toBe(one.metadata.managedFields);
  });

  it('does not keep long texts', () => {
    const pool = new PartPool();
    const text = 'x'.repeat(1000);
    const one = pool.share({ data: { text } });
    expect(pool.share({ data: { text } }).data).not.toBe(one.data);
  });

  it('never changes what an object says', () => {
    const pool = new PartPool();
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const before = JSON.stringify(value);
        expect(JSON.stringify(pool.share(value))).toBe(before);
      }),
    );
  });

  it('leaves a frozen object as it is', () => {
    const pool = new PartPool();
    const frozen = Object.freeze({ empty: {} });
    expect(pool.share(frozen)).toBe(frozen);
    const inside = { part: Object.freeze({ empty: {} }) };
    expect(pool.share(inside)).toEqual({ part: { empty: {} } });
  });
});
