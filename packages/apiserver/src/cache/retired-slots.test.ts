import { expect, test } from 'vitest';
import { RetiredSlots } from './retired-slots.js';

test('a slot waits for those who began before it was retired, and for nobody else', () => {
  const free: number[] = [];
  const slots = new RetiredSlots((slot) => free.push(slot));
  slots.add(1);
  expect(free).toEqual([1]);
  const first = slots.hold();
  slots.add(2);
  const second = slots.hold();
  slots.add(3);
  first();
  expect(free).toEqual([1, 2]);
  first();
  second();
  expect(free).toEqual([1, 2, 3]);
});
