import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteSlabs } from './byte-slabs.js';

test('slots keep their bytes, and views their content, through any sets and deletes', () => {
  const step = fc.record({ slot: fc.nat(20), length: fc.option(fc.nat(9000)) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const slabs = new ByteSlabs();
      const model = new Map<number, { view: Buffer; fill: number; length: number }>();
      const views: { view: Buffer; fill: number; length: number }[] = [];
      for (const [i, { slot, length }] of steps.entries()) {
        if (length === null) {
          slabs.delete(slot);
          model.delete(slot);
          continue;
        }
        const fill = i % 251;
        const kept = { view: slabs.set(slot, Buffer.alloc(length, fill)), fill, length };
        model.set(slot, kept);
        views.push(kept);
      }
      for (const { view, fill, length } of views) expect(view.equals(Buffer.alloc(length, fill))).toBe(true);
      for (const [slot, { fill, length }] of model) {
        expect(slabs.get(slot).equals(Buffer.alloc(length, fill))).toBe(true);
      }
    }),
    { numRuns: 50 },
  );
});

test('what is reserved stays near what is alive when objects are written over and over', () => {
  const slabs = new ByteSlabs();
  const size = 3000;
  for (let i = 0; i < 40_000; i++) slabs.set((i * 7919) % 1000, Buffer.alloc(size, i));
  expect(slabs.reserved).toBeLessThan(1.3 * 1000 * size + (2 << 20));
});

test('a value larger than a slab is kept', () => {
  const slabs = new ByteSlabs();
  slabs.set(0, Buffer.alloc(3 << 20, 'x'));
  expect(slabs.get(0).length).toBe(3 << 20);
  slabs.delete(0);
  expect(() => slabs.get(0)).toThrow(RangeError);
});
