import { ApiError } from '@kubewright/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyJsonPatch } from './json-patch.js';

type Case = [name: string, document: object, patch: object[], result: unknown];

// Appendix A of RFC 6902, and what upstream allows besides.
const cases: Case[] = [
  ['adds a member', { foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux' }], { foo: 'bar', baz: 'qux' }],
  ['adds an item', { a: [1, 3] }, [{ op: 'add', path: '/a/1', value: 2 }], { a: [1, 2, 3] }],
  ['appends with -', { a: [1] }, [{ op: 'add', path: '/a/-', value: [2] }], { a: [1, [2]] }],
  ['appends with -1', { a: [1] }, [{ op: 'add', path: '/a/-1', value: 2 }], { a: [1, 2] }],
  ['removes a member', { a: 1, b: 2 }, [{ op: 'remove', path: '/a' }], { b: 2 }],
  ['removes an item', { a: [1, 2, 3] }, [{ op: 'remove', path: '/a/1' }], { a: [1, 3] }],
  ['removes the last item with -1', { a: [1, 2, 3] }, [{ op: 'remove', path: '/a/-1' }], { a: [1, 2] }],
  ['replaces a value', { a: 1 }, [{ op: 'replace', path: '/a', value: { b: 2 } }], { a: { b: 2 } }],
  ['replaces the document', { a: 1 }, [{ op: 'replace', path: '', value: { b: 2 } }], { b: 2 }],
  [
    'moves a value',
    { a: { b: 1 }, c: {} },
    [{ op: 'move', from: '/a/b', path: '/c/d' }],
    { a: {}, c: { d: 1 } },
  ],
  ['moves an item', { a: [1, 2, 3, 4] }, [{ op: 'move', from: '/a/1', path: '/a/3' }], { a: [1, 3, 4, 2] }],
  [
    'copies a value',
    { a: { b: [1] } },
    [
      { op: 'copy', from: '/a/b', path: '/c' },
      { op: 'add', path: '/c/-', value: 2 },
    ],
    { a: { b: [1] }, c: [1, 2] },
  ],
  [
    'tests values',
    { a: { b: [1, { c: null }] } },
    [{ op: 'test', path: '/a', value: { b: [1, { c: null }] } }],
    { a: { b: [1, { c: null }] } },
  ],
  [
    'takes an absent member for null in a test',
    { a: 1 },
    [{ op: 'test', path: '/b', value: null }],
    { a: 1 },
  ],
  [
    'unescapes ~1 and ~0',
    { 'a/b': { '~1': 1 } },
    [{ op: 'replace', path: '/a~1b/~01', value: 2 }],
    { 'a/b': { '~1': 2 } },
  ],
  [
    'leaves members that it does not know alone',
    { a: 1 },
    [{ op: 'add', path: '/b', value: 2, xyz: 1 }],
    { a: 1, b: 2 },
  ],
];

const failing: [name: string, document: object, operation: object][] = [
  ['a test of another value', { a: 1 }, { op: 'test', path: '/a', value: '1' }],
  ['a missing parent', { a: 1 }, { op: 'add', path: '/b/c', value: 1 }],
  ['removal of what is not there', { a: 1 }, { op: 'remove', path: '/b' }],
  ['an index behind the end', { a: [1] }, { op: 'add', path: '/a/2', value: 1 }],
  ['an index that is no number', { a: [1] }, { op: 'replace', path: '/a/x', value: 1 }],
  ['an index before the start', { a: [1] }, { op: 'remove', path: '/a/-2' }],
  ['an unknown operation', { a: 1 }, { op: 'increment', path: '/a' }],
  ['a missing from', { a: 1 }, { op: 'move', path: '/a' }],
  ['a missing path', { a: 1 }, { op: 'remove' }],
  ['the prototype', { a: 1 }, { op: 'add', path: '/__proto__/polluted', value: 1 }],
  ['an inherited member', { a: 1 }, { op: 'copy', from: '/toString', path: '/b' }],
];

describe('applyJsonPatch', () => {
  it.each(cases)('%s', (_name, document, patch, result) => {
    const before = structuredClone([document, patch]);
    expect(applyJsonPatch(document as Record<string, unknown>, patch)).toEqual(result);
    expect([document, patch]).toEqual(before);
  });

  it.each(failing)('answers %s with Invalid', (_name, document, operation) => {
    const error = catchError(() => applyJsonPatch(document as Record<string, unknown>, [operation]));
    expect(error.toStatus()).toMatchObject({
      code: 422,
      reason: 'Invalid',
      message: 'the server rejected our request due to an error in our request',
    });
  });

  it('refuses what is no list of operations', () => {
    expect(catchError(() => applyJsonPatch({}, { op: 'add' }))).toMatchObject({
      reason: 'BadRequest',
      message:
        'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
    });
    expect(catchError(() => applyJsonPatch({}, [{ op: 1 }]))).toMatchObject({ reason: 'BadRequest' });
    expect(catchError(() => applyJsonPatch({}, [{ op: 'add' }, { op: 1 }])).code).toBe(400);
    expect(catchError(() => applyJsonPatch({}, [null, 1])).code).toBe(400);
  });

  it('takes null for an operation that says nothing, and so does not apply', () => {
    expect(catchError(() => applyJsonPatch({}, [null])).code).toBe(422);
  });

  it('bounds the number of operations and what copies add', () => {
    const operation = { op: 'test', path: '/a', value: 1 };
    expect(catchError(() => applyJsonPatch({ a: 1 }, new Array(10_001).fill(operation)))).toMatchObject({
      code: 413,
      message: 'Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
    });
    const doubling = new Array(64).fill({ op: 'copy', from: '/a', path: '/a/-' });
    expect(catchError(() => applyJsonPatch({ a: ['x'] }, doubling)).reason).toBe('Invalid');
  });

  it('keeps a member named __proto__ a member', () => {
    const result = applyJsonPatch({}, [{ op: 'add', path: '/__proto__', value: { polluted: true } }]);
    expect(JSON.stringify(result)).toBe('{"__proto__":{"polluted":true}}');
    expect((result as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('undoes an add with a remove, and never changes its arguments', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.string(),
        fc.jsonValue(),
        (object, key, value) => {
          fc.pre(!Object.hasOwn(object, key));
          const document = JSON.parse(JSON.stringify(object));
          const text = JSON.stringify(document);
          const path = `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
          const added = applyJsonPatch(document, [{ op: 'add', path, value }]) as Record<string, unknown>;
          expect(Object.hasOwn(added, key)).toBe(true);
          expect(applyJsonPatch(added, [{ op: 'remove', path }])).toEqual(document);
          expect(JSON.stringify(document)).toBe(text);
        },
      ),
    );
  });
});

function catchError(run: () => unknown): ApiError {
  try {
    run();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
