import { expect, it } from 'vitest';
import { address, boolean, duration, port, wholeNumber } from './option-values.js';

it.each([
  [port, '0', 0],
  [port, '6443', 6443],
  [wholeNumber, '100', 100],
  [duration, '1m30s', 90],
  [address, '::1', '::1'],
  [boolean, 'false', false],
])('%o takes %s', (parse, text, value) => {
  expect(parse(text)).toBe(value);
});

it.each([
  [port, '65536'],
  [port, '-1'],
  [port, ''],
  [wholeNumber, 'ten'],
  [wholeNumber, '1.5'],
  [duration, '90'],
  [address, 'localhost'],
  [address, '10.0.0'],
  [boolean, 'yes'],
])('%o refuses %j', (parse, text) => {
  expect(() => parse(text)).toThrow(/^It must be /);
});
