import { expect, test } from 'vitest';
import { jsonEqual } from './json-object.js';

test.each<[boolean, unknown, unknown]>([
  [true, { a: [1, { b: null }], c: 'x' }, { c: 'x', a: [1, { b: null }] }],
  [true, { n: 1n }, { n: 1 }],
  [true, 9007199254740993n, 9007199254740993n],
  [false, 9007199254740993n, 9007199254740992],
  [false, 1n, '1'],
  [false, 1n, true],
  [false, { a: 1 }, { a: 1, b: 2 }],
  [false, { a: undefined }, { b: 1 }],
  [false, JSON.parse('{"__proto__":1}'), {}],
  [false, [1, 2], [2, 1]],
  [false, [], {}],
  [false, null, {}],
])('equal: %s', (equal, a, b) => {
  expect(jsonEqual(a, b)).toBe(equal);
  expect(jsonEqual(b, a)).toBe(equal);
});
