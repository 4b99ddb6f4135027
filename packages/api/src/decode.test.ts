import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeJson, decodeJsonText, maxJsonDepth } from './decode.js';
import { encodeJson } from './encode.js';
import { NumberLiteral, parseJson } from './parse-json.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('decodeJson', () => {
  it('equals JSON.parse where nothing is special', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const text = JSON.stringify(value);
        expect(decodeJson(bytes(text)).value).toEqual(JSON.parse(text));
        expect(parseJson(text, 100).value).toEqual(JSON.parse(text));
      }),
    );
  });

  it('finds no duplicates in what JSON.stringify made', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.dictionary(fc.string(), fc.integer())), (value) => {
        expect(decodeJson(bytes(JSON.stringify(value))).duplicates).toEqual([]);
      }),
    );
  });

  it.each([
    ['{"a":1,"a":2}', ['a'], { a: 2 }],
    ['{"a":1,"\\u0061":2}', ['a'], { a: 2 }],
    [
      '{"spec":{"template":{"spec":{"containers":[{"name":"x","name":"y"}]}}}}',
      ['spec.template.spec.containers[0].name'],
      { spec: { template: { spec: { containers: [{ name: 'y' }] } } } },
    ],
    ['{"a":{"x":1},"b":{"x":1}}', [], { a: { x: 1 }, b: { x: 1 } }],
    ['[{"x":1},{"x":1,"y":{"x":2},"x":3}]', ['[1].x'], [{ x: 1 }, { x: 3, y: { x: 2 } }]],
    ['{"a":[{"b":1}],"c":"d,\\"a\\":1","a":0}', ['a'], { a: 0, c: 'd,"a":1' }],
  ])('reports the duplicates of %s', (text, duplicates, value) => {
    expect(decodeJsonText(text)).toEqual({ value, duplicates });
  });

  it('reports duplicates of large objects, and each path once', () => {
    const keys = Array.from({ length: 3000 }, (_, i) => `"k${i}":${i}`);
    expect(decodeJsonText(`{${keys.join(',')}}`).duplicates).toEqual([]);
    expect(decodeJsonText(`{${keys.join(',')},"k7":0,"k7":1}`).duplicates).toEqual(['k7']);
    expect(decodeJsonText(`{${[...keys, ...keys].join(',')}}`).duplicates).toHaveLength(100);
  });

  it.each([
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', 9007199254740993n],
    ['-9223372036854775808', -9223372036854775808n],
    ['1234567890123456', 1234567890123456],
    ['0.1234567890123456', 0.1234567890123456],
    ['1e3', 1000],
    ['1.0', 1],
  ])('keeps the number %s', (text, value) => {
    expect(decodeJsonText(`{"a":${text}}`).value).toEqual({ a: value });
  });

  it('gives integers of any size back exactly', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), (number) => {
        const text = `{"a":[${number}],"b":"x"}`;
        expect(encodeJson(decodeJsonText(text).value)).toBe(text);
      }),
    );
  });

  it.each(['{"__proto__":{"polluted":true}}', '{"__proto__":{"polluted":9007199254740993}}'])(
    'keeps __proto__ as a plain property of %s',
    (text) => {
      const { value } = decodeJsonText(text);
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect((value as { polluted?: boolean }).polluted).toBeUndefined();
      expect(encodeJson(value)).toBe(text);
    },
  );

  it.each([
    ['', 'unexpected end of JSON input'],
    ['  ', 'unexpected end of JSON input'],
    ['{', 'unexpected end of JSON input'],
    ['{"a":"b', 'unexpected end of JSON input'],
    ['[1,', 'unexpected end of JSON input'],
    ['x', "invalid character 'x' looking for beginning of value"],
    ['<html>', "invalid character '<' looking for beginning of value"],
    ['[1,]', "invalid character ']' looking for beginning of value"],
    ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b"}', `invalid character '"' after object key:value pair`],
    ['[1 2]', "invalid character '2' after array element"],
    ['{} {}', "invalid character '{' after top-level value"],
    ['{"a":01}', "invalid character '1' after object key:value pair"],
    ['-x', "invalid character 'x' in numeric literal"],
    ['1.x', "invalid character 'x' after decimal point in numeric literal"],
    ['1ex', "invalid character 'x' in exponent of numeric literal"],
    ['nul1', "invalid character '1' in literal null (expecting 'l')"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['"\\u00g0"', "invalid character 'g' in \\u hexadecimal character escape"],
    ['"a\nb"', "invalid character '\\n' in string literal"],
    ["'a'", "invalid character '\\'' looking for beginning of value"],
    ['\ufeff{}', "invalid character 'ï' looking for beginning of value"],
    ['{"a":1e999}', 'json: cannot unmarshal number 1e999 into Go value of type float64'],
  ])('says of %j: %s', (text, message) => {
    expect(() => decodeJsonText(text)).toThrow(message);
  });

  it('bounds the depth of nesting', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(() => decodeJsonText(nested(maxJsonDepth))).not.toThrow();
    expect(() => decodeJsonText(nested(maxJsonDepth + 1))).toThrow('exceeded max depth');
    expect(() => decodeJsonText('{"a":'.repeat(500_000))).toThrow('exceeded max depth');
  });

  it('replaces bytes that are no UTF-8', () => {
    expect(decodeJson(Uint8Array.of(0x22, 0xff, 0x22)).value).toBe('\ufffd');
  });

  it('ends on any bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:\\u1-.e ta'), maxLength: 30 }), (text) => {
        let expected: unknown;
        try {
          expected = JSON.parse(text);
        } catch {
          expect(() => decodeJsonText(text)).toThrow(SyntaxError);
          return;
        }
        expect(JSON.parse(encodeJson(decodeJsonText(text).value))).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('encodeJson', () => {
  it('leaves out what JSON.stringify leaves out, beside bigints too', () => {
    expect(encodeJson({ a: undefined, b: 2n ** 60n, c: [undefined, null], d: new Date(0) })).toBe(
      '{"b":1152921504606846976,"c":[null,null],"d":"1970-01-01T00:00:00.000Z"}',
    );
  });

  it('refuses cycles', () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    expect(() => encodeJson(cycle)).toThrow(TypeError);
  });
});

it.each([
  ['{"a\\"b":1,"a\\"b":2}', ['a"b']],
  ['{"a\\"b":1,"a\\\\b":2}', []],
  ['{"a\\/b":1,"a/b":2}', ['a/b']],
  ['{"a\\u0022b":1,"a\\"b":2}', ['a"b']],
  ['{"k:{\\"name\\":\\"x\\"}":{".":{}},"k:{\\"name\\":\\"y\\"}":{}}', []],
])('keys with escapes are told apart: %s', (text, duplicates) => {
  expect(decodeJsonText(text).duplicates.map((path) => path.replace(/\\/g, ''))).toEqual(duplicates);
});

describe('as Go decodes into its structs', () => {
  const typed = (text: string) => decodeJson(new TextEncoder().encode(text), 'struct').value;

  it.each(['1.0', '1e3', '1.50', '-0.0', '1E30'])('%s stays as it was written', (text) => {
    expect(typed(`[${text}]`)).toEqual([new NumberLiteral(text)]);
    expect(encodeJson(typed(`[${text}]`))).toBe(JSON.stringify([Number(text)]));
  });

  it('numbers that print as they were written are numbers', () => {
    expect(typed('[1,1.5,-2,0,1e3]')).toEqual([1, 1.5, -2, 0, new NumberLiteral('1e3')]);
  });

  it.each([
    ['{"a":{"b":1},"a":{"c":2}}', { a: { b: 1, c: 2 } }],
    ['{"a":{"b":{"x":1}},"a":{"b":{"y":2}}}', { a: { b: { x: 1, y: 2 } } }],
    ['{"a":{"b":1},"a":null}', { a: null }],
    ['{"a":[1,2],"a":[3]}', { a: [3] }],
    ['{"a":1,"a":{"b":2}}', { a: { b: 2 } }],
    ['{"a":{"__proto__":1},"a":{"b":1}}', JSON.parse('{"a":{"__proto__":1,"b":1}}')],
  ])('objects under one key are joined: %s', (text, value) => {
    expect(typed(text)).toEqual(value);
  });
});
