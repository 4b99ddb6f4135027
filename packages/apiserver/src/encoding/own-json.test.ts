import { encodeJson } from '@kubewright/api';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseOwnJson } from './own-json.js';

const parse = (value: unknown) => parseOwnJson(Buffer.from(encodeJson(value)));

it('gives back what was written', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      expect(encodeJson(parse(value))).toBe(encodeJson(value));
    }),
  );
});

it('keeps integers beyond 2^53, and keys named __proto__', () => {
  expect(parse({ n: 9007199254740993n, m: -9223372036854775808n })).toEqual({
    n: 9007199254740993n,
    m: -9223372036854775808n,
  });
  const labels = JSON.parse('{"__proto__":"x"}');
  expect(encodeJson(parse(labels))).toBe('{"__proto__":"x"}');
});
