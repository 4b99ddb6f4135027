import { expect, test } from 'vitest';
import { JoinedFrames } from './joined-frames.js';

test('the same frames are joined once, others on their own', () => {
  const joins = new JoinedFrames();
  const [a, b, c] = ['a', 'b', 'c'].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer];
  const first = joins.join([a, b, c]);
  expect(Buffer.from(first).toString()).toBe('abc');
  expect(joins.join([a, b, c])).toBe(first);
  expect(Buffer.from(joins.join([a, c, c])).toString()).toBe('acc');
  expect(joins.join([b])).toBe(b);
  for (let i = 0; i < 40; i++) joins.join([Buffer.from(`${i}`), b]);
  expect(Buffer.from(joins.join([a, b, c])).toString()).toBe('abc');
});
