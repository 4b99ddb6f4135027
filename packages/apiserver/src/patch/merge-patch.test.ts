import { describe, expect, it } from 'vitest';
import { applyMergePatch } from './merge-patch.js';

// The cases of RFC 7386, appendix A, whose documents and patches are objects.
const cases: [document: object, patch: object, result: object][] = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
];

describe('applyMergePatch', () => {
  it.each(cases)('%j patched with %j is %j', (document, patch, result) => {
    const before = structuredClone([document, patch]);
    expect(applyMergePatch({ ...document }, patch)).toEqual(result);
    expect([document, patch]).toEqual(before);
  });

  it('keeps a member named __proto__ a member', () => {
    const patch = JSON.parse('{"a":{"__proto__":{"admin":true}}}');
    const result = applyMergePatch({ a: {} }, patch) as { a: { admin?: boolean } };
    expect(result.a.admin).toBeUndefined();
    expect(JSON.stringify(result)).toBe('{"a":{"__proto__":{"admin":true}}}');
  });

  it.each([
    [[1], 'array'],
    ['x', 'string'],
  ])('refuses %j, which is no object', (patch, name) => {
    expect(() => applyMergePatch({}, patch)).toThrow(
      `error decoding patch: json: cannot unmarshal ${name} into Go value of type map[string]interface {}`,
    );
  });

  it('refuses null', () => {
    expect(() => applyMergePatch({}, null)).toThrow('Invalid JSON Patch');
  });
});
