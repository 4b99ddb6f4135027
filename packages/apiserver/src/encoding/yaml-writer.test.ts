import { encodeJson } from '@kubewright/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromYaml } from './yaml.js';
import { writeYaml } from './yaml-writer.js';

const words = (count: number, word: string) => Array.from({ length: count }, () => word).join(' ');

/** What kube-apiserver 1.36.3 wrote of each. */
const scalars: readonly [value: unknown, text: string][] = [
  ['', '""'],
  [' ', "' '"],
  ['a b', 'a b'],
  ["it's", "it's"],
  ["'", "''''"],
  ['"a"', `'"a"'`],
  ['*', "'*'"],
  ['-', "'-'"],
  ['--', '--'],
  ['---', "'---'"],
  ['- a', "'- a'"],
  ['?a', '?a'],
  ['a: b', "'a: b'"],
  ['a:b', 'a:b'],
  ['a #b', "'a #b'"],
  ['a# b', 'a# b'],
  ['{}', "'{}'"],
  ['y', '"y"'],
  ['yEs', 'yEs'],
  ['~', '"~"'],
  ['<<', '<<'],
  ['1', '"1"'],
  ['08', '"08"'],
  ['0o17', '"0o17"'],
  ['0xg', '0xg'],
  ['1_000', '"1_000"'],
  ['._5', '._5'],
  ['.0_01', '".0_01"'],
  ['1e999', '1e999'],
  ['0.1.2', '0.1.2'],
  ['1:30', '"1:30"'],
  ['1:60', '1:60'],
  ['2020-01-01', '"2020-01-01"'],
  ['2020-13-01', '2020-13-01'],
  ['2020-01-01T00:00:00Z', '"2020-01-01T00:00:00Z"'],
  ['a\tb', '"a\\tb"'],
  ['é', 'é'],
  ['😀', '"\\U0001F600"'],
  ['a\n', '|\n  a'],
  ['a\nb', '|-\n  a\n  b'],
  [' a\nb', '|2-\n   a\n  b'],
  ['a\n\nb', '|-\n  a\n\n  b'],
  ['a \nb', '"a \\nb"'],
  [0.5, '0.5'],
  [1234567.5, '1.2345675e+06'],
  [0.00001, '1e-05'],
  [[], '[]'],
  [{}, '{}'],
  [null, 'null'],
  [words(30, 'word'), `${words(16, 'word')}\n  ${words(14, 'word')}`],
  [`: ${words(30, 'word')}`, `': ${words(16, 'word')}\n  ${words(14, 'word')}'`],
  [`\t${words(30, 'word')}`, `"\\t${words(16, 'word')}\n  ${words(14, 'word')}"`],
];

describe('as Go writes it', () => {
  it.each(scalars)('%j', (value, text) => {
    expect(writeYaml({ k: value })).toBe(`k: ${text}\n`);
  });

  it('has keys in natural order', () => {
    const keys = ['a10', 'a2', 'a1', 'a.b', 'ab', 'aB', 'B', '10', '1', '2', 'a-1'];
    const text = writeYaml(Object.fromEntries(keys.map((key) => [key, true])));
    const written = text.split('\n').map((line) => line.replace(/: true$/, '').replace(/"/g, ''));
    expect(written).toEqual(['1', '2', '10', 'B', 'a-1', 'a.b', 'a1', 'a2', 'a10', 'aB', 'ab', '']);
  });

  it('nests lists without setting them in', () => {
    const value = { a: [[1, [2]], { b: [{ c: 'x\ny' }], d: {} }], [`k${'x'.repeat(128)}`]: { e: [1] } };
    expect(writeYaml(value)).toBe(
      `a:\n- - 1\n  - - 2\n- b:\n  - c: |-\n      x\n      y\n  d: {}\n? k${'x'.repeat(128)}\n: e:\n  - 1\n`,
    );
  });
});

it('is read back as what was written', () => {
  const text = fc.string({ unit: fc.constantFrom(...'ab  \n:#-\'"\\\t10._é😀{[,*?!%\r&|>~@`') });
  const value = fc.jsonValue({ stringUnit: 'binary' });
  fc.assert(
    fc.property(fc.dictionary(text, fc.oneof(text, value)), (object) => {
      const json = JSON.parse(JSON.stringify(object)) as unknown;
      expect(JSON.parse(encodeJson(fromYaml(writeYaml(json)).value))).toEqual(json);
    }),
  );
});
