import type { Schema } from '@kubewright/api';
import { describe, expect, it } from 'vitest';
import { compile } from '../compile.js';
import { type Environment, extendEnvironment } from '../environment.js';
import { kubernetesEnvironment } from '../kubernetes-environment.js';
import { declareType } from '../schema/declare-type.js';

const integer: Schema = { type: 'integer' };
const number: Schema = { type: 'number' };
const string: Schema = { type: 'string' };
const object = (properties: Record<string, Schema>): Schema => ({ type: 'object', properties });
const list = (items: Schema, listType?: 'set' | 'map', ...keys: string[]): Schema => ({
  type: 'array',
  items,
  ...(listType && { 'x-kubernetes-list-type': listType }),
  ...(listType === 'map' && { 'x-kubernetes-list-map-keys': keys }),
});
const map = (additionalProperties: Schema): Schema => ({ type: 'object', additionalProperties });
const intOrString: Schema = { 'x-kubernetes-int-or-string': true };

function environmentOf(root: Schema): Environment {
  const resolve = (): Schema => {
    throw new Error('there are no references');
  };
  const self = declareType({ root, resolve });
  if (self === undefined) throw new Error('the schema has no type');
  return extendEnvironment(kubernetesEnvironment, { variables: { self } });
}

/** What evaluations cost upstream. Source: the costs that apiextensions-apiserver's tests hold to be stable. */
const measured: readonly (readonly [name: string, Schema, object: unknown, Record<string, number>])[] = [
  [
    'numbers',
    object({ a: integer, b: integer, d: number, e: number }),
    { a: 5, b: 5, d: 10, e: 10.5 },
    {
      'self.a == self.b && self.a == 5 && self.b == 5': 11,
      'type(self.a) == int': 4,
      'self.a + 1 == 5 + 1': 5,
      'type(self.d) == double': 4,
      'self.d == 10.0': 3,
      'double(self.a) < self.e': 6,
      'self.a < int(self.e)': 6,
      'double(5) < 10.0': 1,
      '5 < int(10.0)': 1,
      'double(self.a) < 10.0': 4,
    },
  ],
  [
    'texts',
    object({ a: string, b: string }),
    { a: 'Rook takes 👑', b: 'Rook takes 👑' },
    {
      "self.a == self.b && self.a == 'Rook takes 👑' && self.b == 'Rook takes 👑'": 14,
      "self.a.startsWith('Rook')": 3 + 1,
      "!self.a.startsWith('knight')": 4 + 1,
      "self.a.matches('^[^0-9]*$')": 8,
      "!self.a.matches('^[0-9]*$')": 7,
      'type(self.a) == string': 4,
      'size(self.a) == 12': 4,
      "self.a.charAt(3) == 'k'": 4,
      "self.a.indexOf('o') == 1": 4,
      "self.a.indexOf('o', 2) == 2": 4,
      "self.a.replace(' ', 'x') == 'Rookxtakesx👑'": 7,
      "self.a.split(' ') == ['Rook', 'takes', '👑']": 6,
      "self.a.substring(5) == 'takes 👑'": 5,
      "self.a.substring(4, 10).trim() == 'takes'": 6,
      "self.a.upperAscii() == 'ROOK TAKES 👑'": 6,
      'self.a.lowerAscii() == self.a.lowerAscii()': 10,
      "'%d %s %f %s %s'.format([1, 'abc', 1.0, duration('1m'), timestamp('2000-01-01T00:00:00.000Z')]) == '1 abc 1.000000 60s 2000-01-01T00:00:00Z'": 6,
      "'%o %o %o'.format([7, 8, 9]) == '7 10 11'": 2,
      "'%b %b %b'.format([7, 8, 9]) == '111 1000 1001'": 3,
      "self.a in ['Pending', 'Available']": 2,
    },
  ],
  [
    'formats',
    object({
      bytes: { type: 'string', format: 'byte' },
      duration: { type: 'string', format: 'duration' },
      date: { type: 'string', format: 'date' },
      time: { type: 'string', format: 'date-time' },
    }),
    { bytes: 'QUI=', duration: '1h2m3s4ms', date: '1997-07-16', time: '2011-08-18T19:03:37.010000000+01:00' },
    {
      "self.bytes == b'AB'": 3,
      'size(self.bytes) == 2': 4,
      "self.duration == duration('1h2m') + duration('3s4ms')": 4,
      'self.duration.getHours() == 1': 4,
      'self.date.getDate() == 16': 4,
      "self.time == timestamp('2011-08-18T00:00:00.000+01:00') + duration('19h3m37s10ms')": 4,
      "self.time.getDate('01:00') == 18": 4,
    },
  ],
  [
    'lists',
    object({ a: list(integer), b: list(integer), long: list(integer) }),
    { a: [1, 2, 3], b: [1, 2, 3], long: [1, 1, 2, 2, 3, 3, 4, 5] },
    {
      '1 in self.a': 5,
      'self.b[0] in self.a': 8,
      '!(0 in self.a)': 6,
      'self.a + self.b == [1, 2, 3, 1, 2, 3]': 6,
      'self.a + [4, 5] == [1, 2, 3, 4, 5]': 4,
      'has(self.a)': 1,
      'has(self.a) && has(self.b)': 2,
      '2 in self.long': 10,
      'self.long.all(e, e > 0)': 43,
      'self.long.exists(e, e > 2)': 36,
      'self.long.exists_one(e, e > 4)': 22,
      '!self.long.all(e, e < 2)': 21,
      '!self.long.exists(e, e < 0)': 52,
      '!self.long.exists_one(e, e == 2)': 25,
      'size(self.long.filter(e, e%2 == 0)) == 3': 68,
      'self.long.map(e, e * 20).filter(e, e > 50).exists(e, e == 60)': 194,
      'size(self.long) == 8': 4,
      'self.long.all(i, e, e > 0)': 43,
      'self.long.exists(i, e, e > 2)': 36,
      'self.long.existsOne(i, e, e > 4)': 22,
      'self.long.transformList(i, e, e > 2, e * 2).size() > 0': 77,
      'self.long.transformList(i, e, e * 2).size() > 0': 117,
    },
  ],
  [
    'sets',
    object({ a: list(string, 'set'), b: list(string, 'set') }),
    { a: ['a', 'b', 'c'], b: ['a', 'c', 'b'] },
    {
      "self.a == ['c', 'b', 'a']": 3,
      'self.a == self.b': 5,
      "'a' in self.a": 5,
      'self.b[0] in self.a': 8,
      "self.a + self.b == ['a', 'b', 'c']": 6,
      "self.a + ['c', 'd'] == ['a', 'b', 'c', 'd']": 4,
      "sets.contains(self.a, ['a'])": 6,
      "sets.equivalent(self.a, ['a', 'b', 'c'])": 21,
      "sets.intersects(self.a, ['a'])": 6,
    },
  ],
  [
    'lists that are maps',
    object({ objs: list(list(object({ k: string, v: string }), 'map', 'k')) }),
    {
      objs: [
        [
          { k: 'a', v: '1' },
          { k: 'b', v: '2' },
        ],
        [
          { k: 'b', v: '2' },
          { k: 'a', v: '1' },
        ],
        [
          { k: 'b', v: '3' },
          { k: 'a', v: '1' },
        ],
        [{ k: 'c', v: '4' }],
      ],
    },
    {
      'self.objs[0] == self.objs[1]': 7,
      'self.objs[0] + self.objs[2] == self.objs[2]': 11,
      'self.objs[2] + self.objs[0] == self.objs[0]': 11,
      'self.objs[0] == [self.objs[0][0], self.objs[0][1]]': 22,
      'self.objs[2] + [self.objs[0][0], self.objs[0][1]] == self.objs[0]': 26,
      'size(self.objs[0] + [self.objs[3][0]]) == 3': 20,
    },
  ],
  [
    'maps',
    object({ val: map(integer), a: object({ b: integer, c: integer }) }),
    { val: { b: 1, d: 2 }, a: { b: 1 } },
    {
      'has(self.a.b)': 2,
      "!('a' in self.val)": 4,
      "'b' in self.val": 3,
      '!has(self.val.a)': 3,
      'has(self.val.b)': 2,
      'self.val.all(k, self.val[k] > 0)': 17,
      '!self.val.exists(k, self.val[k] == 3)': 20,
      'self.val.exists_one(k, self.val[k] == 2)': 14,
      '!self.val.exists_one(k, self.val[k] > 0)': 17,
      'size(self.val) == 2': 4,
      'size(self.val.filter(k, self.val[k] > 1)) == 1': 26,
      'self.val.all(k, v, v > 0)': 13,
      '!self.val.exists(k, v, v == 3)': 16,
      'self.val.existsOne(k, v, v == 2)': 10,
      'self.val.transformMap(k, v, v > 1, v + 1).size() == 1': 14,
      'self.val.transformMap(k, v, v + 1).size() == 2': 15,
      "self.val.transformMapEntry(k, v, v > 1, {k + '2': v + 1}).size() == 1": 45,
      "self.val.transformMapEntry(k, v, {k + '2': v + 1}).size() == 2": 77,
    },
  ],
  [
    'elements that are objects',
    object({ listMap: list(object({ k: string, v: string, v2: string }), 'map', 'k') }),
    {
      listMap: [
        { k: 'a1', v: 'b1' },
        { k: 'a2', v: 'b2' },
        { k: 'a3', v: 'b3', v2: 'z' },
      ],
    },
    {
      'has(self.listMap[0].v)': 3,
      "self.listMap.all(m, m.k.startsWith('a'))": 21,
      "self.listMap.all(m, !has(m.v2) || m.v2 == 'z')": 21,
      "self.listMap.exists(m, m.k.endsWith('1'))": 13,
      "self.listMap.exists_one(m, m.k == 'a3')": 15,
      "!self.listMap.all(m, m.k.endsWith('1'))": 18,
      "!self.listMap.exists(m, m.v == 'x')": 25,
      "!self.listMap.exists_one(m, m.k.startsWith('a'))": 20,
      "size(self.listMap.filter(m, m.k == 'a1')) == 1": 27,
      "self.listMap.exists(m, m.k == 'a1' && m.v == 'b1')": 16,
      "self.listMap.map(m, m.v).exists(v, v == 'b1')": 55,
      "self.listMap.exists(m, has(m.v2) && m.v2 == 'z')": 21,
      "!self.listMap.all(m, has(m.v2) && m.v2 != 'z')": 10,
      "self.listMap.exists_one(m, has(m.v2) && m.v2 == 'z')": 12,
      "self.listMap.filter(m, has(m.v2) && m.v2 == 'z').size() == 1": 24,
      "self.listMap.map(m, has(m.v2) && m.v2 == 'z', m.v2).size() == 1": 25,
    },
  ],
  [
    'ints or strings',
    object({ min: intOrString, current: integer, available: integer }),
    { min: '50%', current: 5, available: 10 },
    {
      "type(self.min) == int ? self.min == 1 : self.min == '25%'": 7,
      "type(self.min) == string && self.min == '50%'": 7,
      'self.min != 1': 3,
      "self.min == 1 || self.min == '50%'": 6,
      "self.min != ['anything']": 3,
      "type(self.min) == string && self.min.matches(r'(\\d+(\\.\\d+)?%)')": 10,
      "type(self.min) == int ? self.current <= self.min : double(self.current) / double(self.available) >= double(self.min.replace('%', '')) / 100.0": 17,
    },
  ],
];

describe('the cost of an evaluation', () => {
  for (const [name, schema, self, costs] of measured) {
    const environment = environmentOf(schema);
    it.each(Object.entries(costs))(`of ${name}: %s costs %i`, (expression, cost) => {
      expect(compile(expression, environment).evaluate({ self }).cost).toBe(cost);
    });
  }
});
