import { expect, it } from 'vitest';
import { jsonPatch } from './json-patch.js';

it.each([
  ['nothing', { a: 1, b: [1] }, { a: 1, b: [1] }, []],
  ['a member that is new', { a: {} }, { a: { 'x/y~z': 1 } }, [{ op: 'add', path: '/a/x~1y~0z', value: 1 }]],
  ['a member that is gone', { a: 1, b: 2 }, { b: 2 }, [{ op: 'remove', path: '/a' }]],
  ['a list', { a: { b: [1, 2] } }, { a: { b: [2] } }, [{ op: 'replace', path: '/a/b', value: [2] }]],
  ['another type', { a: 1 }, { a: { b: 1 } }, [{ op: 'replace', path: '/a', value: { b: 1 } }]],
])('a patch of %s', (_, before, after, operations) => {
  expect(jsonPatch(before, after)).toEqual(operations);
});
