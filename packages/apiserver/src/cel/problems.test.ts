import type { Schema } from '@kubewright/api';
import { describe, expect, it } from 'vitest';
import { CompileError, compile } from './compile.js';
import { extendEnvironment } from './environment.js';
import { kubernetesEnvironment } from './kubernetes-environment.js';
import { declareType } from './schema/declare-type.js';

const root: Schema = {
  type: 'object',
  properties: {
    replicas: { type: 'integer' },
    'first-name': { type: 'string' },
    namespace: { type: 'string' },
    tags: { type: 'array', items: { type: 'string' } },
  },
};
const self = declareType({
  root,
  resolve: () => {
    throw new Error('there are no references');
  },
});
const environment = extendEnvironment(kubernetesEnvironment, { variables: { self: self! } });

function problemsOf(expression: string): string {
  try {
    compile(expression, environment);
    return '';
  } catch (error) {
    if (error instanceof CompileError) return error.message;
    throw error;
  }
}

const anyExpression =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

describe('what is wrong with an expression', () => {
  it('is shown with the line and a caret, as cel-go shows it', () => {
    expect(problemsOf('self.x == 1')).toBe(
      "ERROR: <input>:1:5: undefined field 'x'\n | self.x == 1\n | ....^",
    );
    expect(problemsOf('self.replicas > 1 &&\n  self.y')).toBe(
      "ERROR: <input>:2:7: undefined field 'y'\n |   self.y\n | ......^",
    );
    expect(problemsOf("'👑' + 1")).toBe(
      "ERROR: <input>:1:5: found no matching overload for '_+_' applied to '(string, int)'\n | '👑' + 1\n | .．..^",
    );
  });

  it('is shown all at once, in the order of the places', () => {
    expect(problemsOf('b + self.x + a').match(/<input>:1:\d+: [^\n]*/g)).toEqual([
      "<input>:1:1: undeclared reference to 'b' (in container '')",
      "<input>:1:9: undefined field 'x'",
      "<input>:1:14: undeclared reference to 'a' (in container '')",
    ]);
  });

  it('of an operator without operands is told of both', () => {
    const missing = (place: string, input: string) =>
      `${place}: Syntax error: mismatched input '${input}' expecting ${anyExpression}`;
    const problems = (text: string) => problemsOf(text).match(/1:\d+: [^\n]*/g);
    expect(problems('*')).toEqual([missing('1:1', '*'), missing('1:2', '<EOF>')]);
    expect(problems('1 + * *')).toEqual([missing('1:5', '*'), missing('1:7', '*'), missing('1:8', '<EOF>')]);
    expect(problems('-')).toEqual([
      "1:2: Syntax error: no viable alternative at input '-'",
      missing('1:2', '<EOF>'),
    ]);
  });

  it.each([
    ['1 +', `1:4: Syntax error: mismatched input '<EOF>' expecting ${anyExpression}`],
    ['1 + + 2', `1:5: Syntax error: extraneous input '+' expecting ${anyExpression}`],
    ['1 2', "1:3: Syntax error: extraneous input '2' expecting <EOF>"],
    ['1 + $', "1:5: Syntax error: token recognition error at: '$'"],
    ['self.true', "1:6: Syntax error: mismatched input 'true' expecting IDENTIFIER"],
    ['(1', "1:3: Syntax error: missing ')' at '<EOF>'"],
    ['{a}', "1:3: Syntax error: mismatched input '}' expecting ':'"],
    ['{1:2', "1:5: Syntax error: mismatched input '<EOF>' expecting {'}', ','}"],
    ['{1:2,', "1:6: Syntax error: missing '}' at '<EOF>'"],
    ['[1,', "1:4: Syntax error: missing ']' at '<EOF>'"],
    ['a.', "1:3: Syntax error: no viable alternative at input '.'"],
    ['.', "1:2: Syntax error: no viable alternative at input '.'"],
    ['...', "1:2: Syntax error: no viable alternative at input '..'"],
    ['!', `1:2: Syntax error: extraneous input '<EOF>' expecting ${anyExpression}`],
    ['a =b', "1:3: Syntax error: token recognition error at: '=b'"],
    [
      'foo(',
      `1:5: Syntax error: mismatched input '<EOF>' expecting ${anyExpression.replace("'(',", "'(', ')',")}`,
    ],
    [
      'foo(*)',
      `1:5: Syntax error: extraneous input '*' expecting ${anyExpression.replace("'(',", "'(', ')',")}`,
    ],
    [
      'a[]',
      `1:3: Syntax error: mismatched input ']' expecting ${anyExpression.replace("'!',", "'!', '?',")}`,
    ],
    ['as', '1:1: reserved identifier: as'],
    ['99999999999999999999', '1:1: invalid int literal'],
    ['1e999', '1:1: invalid double literal'],
    ['has(self)', '1:5: invalid argument to has() macro'],
    [
      '"%d".format(["x"])',
      '1:14: error during formatting: decimal clause can only be used on integers, was given string',
    ],
    ['"%d %s".format([1])', '1:15: index 1 out of range'],
    ['"%d".format([1, 2])', '1:12: too many arguments supplied to string.format (expected 1, got 2)'],
    ['"%q".format([1])', '1:12: could not parse formatting clause: unrecognized formatting clause "q"'],
    [
      '"%s".format([[quantity("1")]])',
      '1:23: error during formatting: string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given kubernetes.Quantity',
    ],
    ['[].map(a.b, true)', '1:9: argument is not an identifier'],
    ['[].all(x, x, true)', '1:11: duplicate variable name: x'],
    [
      'self.replicas.all(x, x)',
      "1:5: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)",
    ],
    ['self.replicas()', "1:14: undeclared reference to 'replicas' (in container '')"],
    [
      "self.replicas.startsWith('a')",
      "1:25: found no matching overload for 'startsWith' applied to 'int.(string)'",
    ],
    ['self.tags && true', "1:5: expected type 'bool' but found 'list(string)'"],
    ["[1, 'a'].size() == 2", "1:5: expected type 'int' but found 'string'"],
    ["{'a': 1, 'b': true}.size() == 2", "1:15: expected type 'int' but found 'bool'"],
    ["duration('1x') > duration('1s')", '1:10: invalid duration argument'],
    ["timestamp('now') > timestamp('2020-01-01T00:00:00Z')", '1:11: invalid timestamp argument'],
    ["'a'.matches('(')", '1:13: invalid matches argument'],
    ['self.replicas.x', "1:14: type 'int' does not support field selection"],
    ['Foo{a: 1}', "1:4: undeclared reference to 'Foo' (in container '')"],
  ])('of %s is named', (expression, problem) => {
    expect(problemsOf(expression).split('\n')[0]).toBe(`ERROR: <input>:${problem}`);
  });

  it('is nothing where properties are named by their escapes, or by a word of the grammar', () => {
    expect(problemsOf('self.first__dash__name == self.namespace && self.__namespace__ != ""')).toBe('');
    expect(problemsOf('"%s and %d".format(["a", 1]) != ""')).toBe('');
  });

  it('is told of expressions that are too long or too deep, before time is spent on them', () => {
    expect(problemsOf(`'${'a'.repeat(100_000)}'`)).toContain('expression code point size exceeds limit');
    expect(problemsOf('('.repeat(20_000))).toContain('expression recursion limit exceeded: 250');
    expect(problemsOf(`1${'+1'.repeat(5_000)}`)).toContain('recursion');
    expect(problemsOf('!'.repeat(10_000))).not.toBe('');
    expect(problemsOf('"""'.repeat(30_000))).not.toBe('');
    expect(problemsOf('`'.repeat(50_000))).not.toBe('');
  });
});
