import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  QuantityError,
  quantityMilliValue,
  quantityValue,
  subtractQuantities,
} from './quantity.js';

describe('canonicalQuantity', () => {
  it.each([
    // The Kubernetes documentation: resource management for containers, and the Quantity reference.
    ['0.5', '500m'],
    ['0.1', '100m'],
    ['1.0', '1'],
    ['1.5', '1500m'],
    ['1.5Gi', '1536Mi'],
    ['1024Mi', '1Gi'],
    ['128974848', '128974848'],
    ['129e6', '129e6'],
    ['129M', '129M'],
    ['128974848000m', '128974848'],
    ['123Mi', '123Mi'],
    ['400m', '400m'],
    ['1000m', '1'],
    ['1000', '1k'],
    ['1000k', '1M'],
    ['1e3', '1e3'],
    ['1e4', '10e3'],
    ['1E3', '1E3'],
    ['1000E', '1e21'],
    ['0', '0'],
    ['-0', '0'],
    ['0Ki', '0'],
    ['0.0', '0'],
    ['1Ki', '1Ki'],
    ['1024', '1024'],
    ['0.5Ki', '512'],
    ['0.001Ki', '1024m'],
    ['1.1Ki', '1126400m'],
    ['1000Ki', '1000Ki'],
    ['8Ei', '9223372036854775807'],
    ['100n', '100n'],
    ['0.1n', '1n'],
    ['0.9n', '1n'],
    ['1.0001n', '2n'],
    ['-0.9n', '-1n'],
    ['-1.5', '-1500m'],
    ['18446744073709551616', '18446744073709551616'],
    // Go keeps the text where it looks canonical.
    ['1.500', '1.500'],
    ['+1', '+1'],
    ['010m', '010m'],
    ['.5', '500m'],
    ['5.', '5.'],
  ])('prints %s as %s', (text, canonical) => {
    expect(canonicalQuantity(text)).toBe(canonical);
  });

  it('takes JSON numbers', () => {
    expect([2, 0.5, 1e21, 0.001].map(canonicalQuantity)).toEqual(['2', '500m', '1e+21', '1m']);
  });

  it.each(['', ' 1', '1 ', '1.1.M', '1+1.0M', '0.1am', 'aoeu', '-3.01e-1x', '1\n'])('refuses %j', (text) => {
    expect(() => canonicalQuantity(text)).toThrow(
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    );
  });

  it.each(['.5i', '1i', '0.1mi', '1e', '-3.01e-', '1ki', '1e99999'])('refuses the suffix of %j', (text) => {
    expect(() => canonicalQuantity(text)).toThrow(new QuantityError("unable to parse quantity's suffix"));
  });

  it('refuses texts that are out of all proportion', () => {
    expect(() => canonicalQuantity('9'.repeat(1001))).toThrow('unable to parse numeric part of quantity');
  });
});

describe('quantities', () => {
  const texts = fc
    .tuple(
      fc.constantFrom('', '-'),
      fc.nat(10 ** 9),
      fc.option(fc.nat(999), { nil: undefined }),
      fc.constantFrom('', 'm', 'u', 'n', 'k', 'M', 'G', 'T', 'Ki', 'Mi', 'Gi', 'e3', 'e-3', 'E6'),
    )
    .map(
      ([sign, whole, fraction, suffix]) =>
        `${sign}${whole}${fraction === undefined ? '' : `.${fraction}`}${suffix}`,
    );

  it('keep their value through canonical form, which is stable', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const printed = formatQuantity(parseQuantity(text));
        expect(parseQuantity(printed).nanos).toBe(parseQuantity(text).nanos);
        expect(formatQuantity(parseQuantity(printed))).toBe(printed);
        expect(printed).not.toContain('.');
        expect(compareQuantities(canonicalQuantity(text), text)).toBe(0);
      }),
    );
  });

  it('come back when added and subtracted', () => {
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        expect(compareQuantities(subtractQuantities(addQuantities(a, b), b), a)).toBe(0);
        expect(compareQuantities(a, b)).toBe(-compareQuantities(b, a) + 0);
      }),
    );
  });

  it('add in the format of the first that is not zero', () => {
    expect(formatQuantity(addQuantities('512Mi', '512M'))).toBe('1024288Ki');
    expect(formatQuantity(addQuantities('512Mi', '0.5Gi'))).toBe('1Gi');
    expect(formatQuantity(addQuantities('0', '1Gi'))).toBe('1Gi');
    expect(formatQuantity(subtractQuantities('1', '100m'))).toBe('900m');
  });

  it('round away from zero', () => {
    expect([quantityValue('1.1'), quantityValue('100m'), quantityValue('-1.1')]).toEqual([2n, 1n, -2n]);
    expect([quantityMilliValue('100m'), quantityMilliValue('100u'), quantityMilliValue('2')]).toEqual([
      100n,
      1n,
      2000n,
    ]);
  });
});
