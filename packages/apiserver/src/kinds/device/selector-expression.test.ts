import { expect, it } from 'vitest';
import { path } from '../../validation/field-error.js';
import { validateSelectorExpression } from './selector-expression.js';

const errorsOf = (expression: string) =>
  validateSelectorExpression(expression, path('expression')).map(({ message }) =>
    message.split('\n')[0]?.replace(/^(Invalid value: ".*?"|Forbidden): /, ''),
  );

it.each([
  'device.driver == "dra.example.com"',
  'device.attributes["dra.example.com"].model == "x"',
  'device.attributes["dra.example.com"].ready',
  'device.capacity["dra.example.com"].memory.compareTo(quantity("40Gi")) >= 0',
  'cel.bind(dra, device.attributes["dra.example.com"], dra.a && dra.b)',
  'device.attributes["dra.example.com"].services.matches("example")',
  'device.attributes["dra.example.com"].version.isGreaterThan(semver("1.0.0"))',
  '"dra.example.com" in device.attributes && device.attributes.all(d, device.attributes[d].size() < 5)',
])('%s selects devices', (expression) => {
  expect(errorsOf(expression)).toEqual([]);
});

it.each([
  ['device.none', "compilation failed: ERROR: <input>:1:7: undefined field 'none'"],
  ['device.driver', 'must evaluate to bool or the unknown type, not string'],
  [
    'device.attributes.map(s, s.lowerAscii().map(s, s.size()))',
    "compilation failed: ERROR: <input>:1:38: expression of type 'string' cannot be range of a comprehension (must be list, map, or dynamic)",
  ],
  [
    '[1, 2, 3, 4].all(a, device.attributes.all(b, device.attributes.all(c, device.attributes.all(d, device.attributes.all(e, true)))))',
    'too complex, exceeds cost limit',
  ],
])('%s is refused', (expression, problem) => {
  expect(errorsOf(expression)).toEqual([problem]);
});
