import type { Schema } from '@kubewright/api';
import { describe, expect, it } from 'vitest';
import { compile } from '../compile.js';
import { extendEnvironment } from '../environment.js';
import { kubernetesEnvironment } from '../kubernetes-environment.js';
import { declareType } from '../schema/declare-type.js';

type Limited = (limit: number | undefined) => Schema;

const typed = (type: string): Schema => {
  if (type === 'int-or-string') return { 'x-kubernetes-int-or-string': true };
  if (type === 'duration' || type === 'date' || type === 'date-time') return { type: 'string', format: type };
  return { type } as Schema;
};
const maxItems = (limit: number | undefined) => (limit === undefined ? {} : { maxItems: limit });
const maxLength = (limit: number | undefined) => (limit === undefined ? {} : { maxLength: limit });
const maxProperties = (limit: number | undefined) => (limit === undefined ? {} : { maxProperties: limit });

const string: Schema = { type: 'string' };
const pair: Schema = {
  type: 'object',
  required: ['required'],
  properties: { required: string, optional: string },
};
const numbers: Schema = { type: 'array', items: { type: 'number' } };
const numberMap: Schema = { type: 'object', additionalProperties: { type: 'number' } };

const listOf = (items: Schema | string): Limited => {
  const item = typeof items === 'string' ? typed(items) : items;
  return (limit) => ({ type: 'array', items: item, ...maxItems(limit) });
};
const mapOf = (values: Schema | string): Limited => {
  const additionalProperties = typeof values === 'string' ? typed(values) : values;
  return (limit) => ({ type: 'object', additionalProperties, ...maxProperties(limit) });
};
const text: Limited = (limit) => ({ type: 'string', ...maxLength(limit) });
const texts: Limited = (limit) => ({ type: 'array', items: text(limit), ...maxItems(limit) });
const textMap: Limited = (limit) => ({
  type: 'object',
  additionalProperties: text(limit),
  ...maxProperties(limit),
});
const limitedPairs: Limited = (limit) => ({
  type: 'array',
  items: {
    type: 'object',
    additionalProperties: { ...pair, ...maxProperties(limit) },
    ...maxProperties(limit),
  },
  ...maxItems(limit),
});
const pairsOfLimitedMaps: Limited = (limit) => ({
  type: 'array',
  items: { type: 'object', additionalProperties: pair, ...maxProperties(limit) },
});

/** The expression; what it may cost without a limit of the schema; a limit; what it may cost with that. */
type Fact = readonly [Limited, expression: string, cost: number, limit: number, limitedCost: number];

/** Source: the estimates that apiextensions-apiserver's TestCostEstimation expects. */
const facts: Record<string, Fact> = {
  'numbers, all': [listOf('number'), 'self.all(x, true)', 4_718_591, 10, 32],
  'strings, all': [listOf('string'), 'self.all(x, true)', 3_145_727, 20, 62],
  'booleans, all': [listOf('boolean'), 'self.all(x, true)', 1_887_437, 5, 17],
  'lists of numbers, all': [listOf(numbers), 'self.all(x, true)', 3_145_727, 100, 302],
  'objects, all': [listOf(pair), 'self.all(x, true)', 555_128, 50, 152],
  'map of numbers, all': [mapOf('number'), 'self.all(x, true)', 1_348_169, 10, 32],
  'map of strings, all': [mapOf('string'), 'self.all(x, true)', 1_179_647, 3, 11],
  'map of booleans, all': [mapOf('boolean'), 'self.all(x, true)', 943_718, 100, 302],
  contains: [text, "self.contains('test')", 314_574, 10, 5],
  startsWith: [text, "self.startsWith('test')", 2, 15, 2],
  endsWith: [text, "self.endsWith('test')", 2, 30, 2],
  'a concatenation of strings': [text, 'size(self + "hello") > size("hello")', 314_578, 4, 7],
  'an index of numbers': [listOf('number'), 'self[1] == 0.0', 2, 5000, 2],
  'an index of strings': [listOf('string'), 'self[1] == self[1]', 314_577, 8, 314_577],
  'a loop in a loop': [listOf('number'), 'self.all(x, self.all(y, true))', Infinity, 10, 352],
  'a loop in a loop in a loop': [
    listOf('number'),
    'self.all(x, self.all(y, self.all(z, true)))',
    Infinity,
    10,
    3552,
  ],
  matches: [text, 'self.matches("x")', 314_574, 50, 22],
  'matches, an empty string': [text, '"".matches("(((((((((())))))))))[0-9]")', 7, 10, 7],
  'matches, an empty expression': [text, 'self.matches("")', 1, 100, 1],
  'map of strings, its values': [textMap, 'self.all(x, x.contains(self[x]))', 2_752_507, 10, 72],
  'a list of no elements': [listOf('number'), 'self[3] == 0.0', 2, 0, 2],
  'a map of no elements': [mapOf('number'), 'self["x"] == 0.0', 2, 0, 2],
  'an empty string': [text, 'self == "x"', 2, 0, 1],
  'no bytes': [(limit) => ({ type: 'string', format: 'byte', ...maxLength(limit) }), 'self == b"x"', 2, 0, 1],
  'a limit beyond any request': [
    listOf('number'),
    'self.all(x, x == 0.0)',
    6_291_454,
    3 * 1024 * 2048,
    25_165_826,
  ],
  'nested types with limits': [limitedPairs, 'self.all(x, x["y"].required == "z")', 7_340_027, 10, 72],
  'nested types, an inner one with a limit': [
    pairsOfLimitedMaps,
    'self.all(x, x["y"].required == "z")',
    7_340_027,
    10,
    7_340_027,
  ],
  'int-or-strings, all': [listOf('int-or-string'), 'self.all(x, true)', 4_718_591, 10, 32],
  'an index of int-or-strings': [listOf('int-or-string'), 'self[0] == 5', 3, 10, 3],
  'an index of booleans': [listOf('boolean'), 'self[0] == false', 2, 25, 2],
  'an index of objects': [listOf(pair), 'self[0] == null', 2, 422, 2],
  'an index of lists': [listOf(numbers), 'self[0][0] == -1.0', 3, 51, 3],
  'maps of numbers, all': [listOf(numberMap), 'self.all(x, x.y == 25.2)', 6_291_452, 12, 74],
  'an index of maps': [listOf(numberMap), 'self[0].x > 2.0', 4, 3000, 4],
  'durations, all': [listOf('duration'), 'self.all(x, true)', 2_359_295, 5, 17],
  'an index of durations': [listOf('duration'), 'self[0].getHours() == 2', 4, 525, 4],
  'dates, all': [listOf('date'), 'self.all(x, true)', 725_936, 15, 47],
  'an index of dates': [listOf('date'), 'self[2].getDayOfMonth() == 13', 4, 42, 4],
  'times, all': [listOf('date-time'), 'self.all(x, true)', 428_963, 25, 77],
  'an index of times': [listOf('date-time'), 'self[2].getMinutes() == 45', 4, 99, 4],
  'map of int-or-strings, all': [mapOf('int-or-string'), 'self.all(x, true)', 1_348_169, 15, 47],
  'map of objects, all': [mapOf(pair), 'self.all(x, true)', 428_963, 20, 62],
  'map of maps, all': [mapOf(numberMap), 'self.all(x, true)', 1_179_647, 10, 32],
  'map of lists, all': [mapOf(numbers), 'self.all(x, true)', 1_179_647, 25, 77],
  'map of durations, all': [mapOf('duration'), 'self.all(x, true)', 1_048_577, 5, 17],
  'map of dates, all': [mapOf('date'), 'self.all(x, true)', 524_288, 10, 32],
  'map of times, all': [mapOf('date-time'), 'self.all(x, true)', 349_526, 25, 77],
  find: [text, "self.find('[0-9]+') == ''", 629_147, 10, 11],
  join: [texts, "self.join(' ') == 'aa bb'", 329_853_068_905, 10, 43],
  isSorted: [texts, 'self.isSorted() == true', 329_854_432_052, 10, 52],
  replace: [
    (limit) => ({
      type: 'object',
      properties: { str: text(limit), before: text(2), after: text(4) },
    }),
    "self.str.replace(self.before, self.after) == 'does not matter'",
    629_154,
    4,
    12,
  ],
  split: [
    (limit) => ({ type: 'object', properties: { str: text(limit), separator: text(limit) } }),
    'self.str.split(self.separator) == []',
    629_160,
    10,
    22,
  ],
  lowerAscii: [text, "self.lowerAscii() == 'lower!'", 314_575, 10, 6],
  size: [mapOf('integer'), 'oldSelf.size() == self.size()', 5, 10, 5],
  'times compared': [mapOf('date-time'), 'self["a"] == self["b"]', 8, 7, 8],
  'durations compared': [mapOf('duration'), 'self["c"] == self["d"]', 8, 42, 8],
  'the longest value of an enum': [
    (limit) => ({ ...text(limit), enum: ['A', 'B', 'C', 'LongValue'] }),
    "self.contains('A')",
    2,
    1000,
    401,
  ],
  isQuantity: [
    (limit) => ({ 'x-kubernetes-int-or-string': true, ...maxLength(limit) }),
    'isQuantity(self)',
    314_574,
    20,
    9,
  ],
};

/** What a rule of a CustomResourceDefinition may not exceed. */
const limitOfRules = 100_000_000;

describe('the estimate of costs', () => {
  for (const [name, [schema, expression, cost, limit, limitedCost]] of Object.entries(facts)) {
    it(`is upstream's: ${name}`, () => {
      const free = estimate(schema(undefined), expression);
      if (cost === Infinity) expect(free).toBeGreaterThan(limitOfRules);
      else expect(free).toBe(cost);
      expect(estimate(schema(limit), expression)).toBe(limitedCost);
    });
  }
});

function estimate(root: Schema, expression: string): number {
  const resolve = (): Schema => {
    throw new Error('there are no references');
  };
  const self = declareType({ root, resolve });
  if (self === undefined) throw new Error('the schema has no type');
  const environment = extendEnvironment(kubernetesEnvironment, {
    variables: { self, oldSelf: self },
  });
  return compile(expression, environment).cost.max;
}
