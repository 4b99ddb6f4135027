import { expect, it } from 'vitest';
import { Warnings } from './warnings.js';

const after = (...texts: string[]) => {
  const warnings = new Warnings();
  for (const text of texts) warnings.add(text);
  return warnings.sent;
};

it('tells each once, in order', () => {
  expect(after('b', 'a', '', 'b')).toEqual(['b', 'a']);
});

it('cuts all short where they would be too much together', () => {
  const long = 'ä'.repeat(3000);
  expect(after(long)).toEqual([long]);
  expect(after(long, 'x', `y${long}`)).toEqual(['ä'.repeat(256), 'x', `y${'ä'.repeat(255)}`]);
});

it('sends no more than clients take, however many there are', () => {
  const sent = after(...Array.from({ length: 20_000 }, (_, i) => `unknown field "spec.u${i}"`));
  const characters = sent.join('').length;
  expect(characters).toBeGreaterThanOrEqual(4096);
  expect(characters).toBeLessThan(4096 + 256);
});
