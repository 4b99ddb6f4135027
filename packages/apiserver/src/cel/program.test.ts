import type { Schema } from '@kubewright/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile } from './compile.js';
import { extendEnvironment } from './environment.js';
import { kubernetesEnvironment } from './kubernetes-environment.js';
import { declareType } from './schema/declare-type.js';
import { DYN } from './types.js';
import { equal } from './values/equality.js';
import { EvaluationError, EvaluationStopped } from './values/evaluation-error.js';
import type { Value } from './values/value.js';

const string: Schema = { type: 'string' };
const root: Schema = {
  type: 'object',
  properties: {
    replicas: { type: 'integer' },
    maxReplicas: { type: 'integer' },
    weight: { type: 'number' },
    name: string,
    'a-b': string,
    'c.d/e__f': string,
    namespace: string,
    percent: { 'x-kubernetes-int-or-string': true },
    data: { type: 'string', format: 'byte' },
    at: { type: 'string', format: 'date-time' },
    on: { type: 'string', format: 'date' },
    every: { type: 'string', format: 'duration' },
    set: { type: 'array', items: string, 'x-kubernetes-list-type': 'set' },
    ports: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['port'],
      items: { type: 'object', properties: { port: { type: 'integer' }, name: string } },
    },
    labels: { type: 'object', additionalProperties: string },
    weights: { type: 'object', additionalProperties: { type: 'number' } },
    nested: { type: 'object', nullable: true, properties: { constructor: string } },
    any: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
};
const self = declareType(
  {
    root,
    resolve: () => {
      throw new Error('there are no references');
    },
  },
  { resourceRoot: true },
)!;
const environment = extendEnvironment(kubernetesEnvironment, {
  variables: { self, oldSelf: self, any: DYN },
});

const object = {
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name: 'web', namespace: 'default' },
  replicas: 3,
  maxReplicas: 9007199254740993n,
  weight: 2,
  name: 'w👑b',
  'a-b': 'ab',
  'c.d/e__f': 'cdef',
  namespace: 'ns',
  percent: '25%',
  data: 'QUI=',
  at: '2011-08-18T19:03:37.010+01:00',
  on: '1997-07-16',
  every: '1h2m3s4ms',
  set: ['a', 'b'],
  ports: [
    { port: 80, name: 'http' },
    { port: 443, name: 'https' },
  ],
  labels: { app: 'web', constructor: 'x' },
  weights: { a: 1, b: 1.5 },
  nested: null,
  any: { x: [1, 2.5, { y: null }] },
};

function evaluate(expression: string): Value {
  return compile(expression, environment).evaluate({ self: object, oldSelf: object, any: object }).value;
}

describe('an expression over an object with a schema', () => {
  it.each([
    'self.replicas <= self.maxReplicas && self.maxReplicas == 9007199254740993',
    'self.maxReplicas + 1 == 9007199254740994',
    'self.weight == 2.0 && type(self.weight) == double',
    "self.name.size() == 3 && self.name.charAt(1) == '👑'",
    "self.a__dash__b == 'ab' && self.c__dot__d__slash__e__underscores__f == 'cdef'",
    "self.namespace == 'ns' && self.__namespace__ == 'ns'",
    "type(self.percent) == string && self.percent == '25%'",
    "self.data == b'AB' && string(self.data) == 'AB'",
    "self.at == timestamp('2011-08-18T18:03:37.010Z') && self.at.getHours('+01:00') == 19",
    "self.at.getFullYear() == 2011 && self.at.getDayOfWeek('America/New_York') == 4",
    "self.on == timestamp('1997-07-16T00:00:00Z')",
    "self.every == duration('1h2m3.004s') && self.every.getMinutes() == 62",
    "self.set == ['b', 'a'] && self.set + ['a', 'c'] == ['c', 'b', 'a']",
    'self.ports == [self.ports[1], self.ports[0]]',
    '(self.ports + [self.ports[0]]).size() == 2',
    'self.ports.all(p, p.port in [80, 443]) && self.ports.exists_one(p, p.port == 80)',
    "self.labels.app == 'web' && self.labels['constructor'] == 'x' && !('toString' in self.labels)",
    "!has(self.labels.toString) && self.labels[?'none'].orValue('x') == 'x'",
    'self.weights.a == 1.0 && self.weights.all(k, type(self.weights[k]) == double)',
    'self.weights.exists(k, v, v > 1.2)',
    '!has(self.nested) && self.?nested.?constructor == optional.none()',
    "has(self.metadata.name) && self.metadata.name == 'web'",
    'self == oldSelf',
    'any.any.x[0] == 1 && type(any.any.x[1]) == double && any.any.x[2].y == null',
    "any.ports.map(p, p.name).join(',') == 'http,https'",
    '!has(any.nothing) && any.?nothing.orValue(5) == 5',
  ])('%s holds', (expression) => {
    expect(evaluate(expression)).toBe(true);
  });

  it.each([
    ['any.nothing', 'no such key: nothing'],
    ["self.labels['none']", 'no such key: none'],
    ['self.nested.constructor', 'no such key: nested'],
    ['self.ports[2]', 'index out of bounds: 2'],
    ['self.ports[-1]', 'index out of bounds: -1'],
    ['1 / (self.replicas - 3)', 'division by zero'],
    ['1 % (self.replicas - 3)', 'modulus by zero'],
    ['9223372036854775807 + self.replicas', 'integer overflow'],
    ['-9223372036854775807 - self.replicas', 'integer overflow'],
    ['1u - 2u', 'unsigned integer overflow'],
    ["any.name + any.replicas == ''", 'no such overload'],
    ['int(self.name)', "type conversion error from 'string' to 'int'"],
    ['optional.none().value()', 'optional.none() dereference'],
    ["self.name.matches(self.labels.app + '(')", 'error parsing regexp: missing closing ): `web(`'],
  ])('%s has no value: %s', (expression, message) => {
    expect(() => evaluate(expression)).toThrow(new EvaluationError(message));
  });

  it('absorbs errors where the other operand decides', () => {
    expect(evaluate('self.ports[9].port == 1 || true')).toBe(true);
    expect(evaluate('true || self.ports[9].port == 1')).toBe(true);
    expect(evaluate('self.ports[9].port == 1 && false')).toBe(false);
    expect(evaluate('[1, 0, 2].exists(x, 2 / x == 1)')).toBe(true);
    expect(() => evaluate('[1, 0].exists(x, 2 / x == 1)')).toThrow('division by zero');
    expect(evaluate('[0, 1].all(x, 2 / x == 1)')).toBe(false);
    expect(() => evaluate('self.ports[9].port == 1 || false')).toThrow('index out of bounds: 9');
  });

  it('says which variables it uses', () => {
    const program = compile('self.replicas >= oldSelf.replicas', environment);
    expect([program.uses('self'), program.uses('oldSelf'), program.uses('any')]).toEqual([true, true, false]);
    expect(program.resultType.kind).toBe('bool');
  });
});

describe('a hostile expression', () => {
  it.each([
    '[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, [1,2,3,4,5,6,7,8,9,10].all(d, [1,2,3,4,5,6,7,8,9,10].all(e, [1,2,3,4,5,6,7,8,9,10].all(f, true))))))',
    'lists.range(9000000).size() > 0',
    'lists.range(100000).distinct().size() > 0',
    "lists.range(5000).map(x, 'aaaaaaaaaaaaaaaaaaaaaaaa').distinct().size() > 0 && lists.range(3000).map(x, string(x)).distinct().size() > 0",
  ])('is stopped: %s', (expression) => {
    const started = performance.now();
    expect(() => evaluate(expression)).toThrow(EvaluationStopped);
    expect(performance.now() - started).toBeLessThan(3_000);
  });

  it('matches in time linear to the text', () => {
    const started = performance.now();
    expect(evaluate(`'${'a'.repeat(2_000)}!'.matches('^(a+)+$')`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe('any expression', () => {
  const leaf = fc.constantFrom(
    ...[
      'self',
      'any',
      'self.replicas',
      'self.name',
      'self.set',
      'self.ports',
      'self.labels',
      'any.any.x',
      'x',
      '1',
    ],
    ...[
      '2u',
      '1.5',
      '"a"',
      "b'c'",
      'null',
      'true',
      '[]',
      '{}',
      '[1, 2]',
      '{"a": 1}',
      'int',
      'optional.none()',
    ],
    ...['duration("1s")', 'timestamp("2020-01-01T00:00:00Z")', 'quantity("1Gi")', 'ip("::1")', 'dyn(1)'],
  );
  const { expression } = fc.letrec<{ expression: string }>((tie) => ({
    expression: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc
        .tuple(
          tie('expression'),
          fc.constantFrom('+', '-', '*', '/', '%', '==', '<', '>=', 'in', '&&', '||'),
          tie('expression'),
        )
        .map(([a, operator, b]) => `(${a} ${operator} ${b})`),
      fc
        .tuple(
          tie('expression'),
          fc.constantFrom('all', 'exists', 'map', 'filter', 'exists_one', 'sortBy', 'optMap'),
          tie('expression'),
        )
        .map(([a, macro, b]) => `${a}.${macro}(x, ${b})`),
      fc
        .tuple(
          tie('expression'),
          fc.constantFrom('size', 'flatten', 'reverse', 'distinct', 'sum', 'max', 'value', 'trim'),
        )
        .map(([a, method]) => `${a}.${method}()`),
      fc
        .tuple(
          fc.constantFrom('size', 'string', 'int', 'type', 'dyn', 'optional.of', '!', '-'),
          tie('expression'),
        )
        .map(([name, a]) => `${name}(${a})`),
      fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `dyn(${a})[dyn(${b})]`),
      fc
        .tuple(tie('expression'), tie('expression'), tie('expression'))
        .map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
      tie('expression').map((a) => `dyn(${a}).name`),
    ),
  }));

  it('has a value, an error or problems, and the same value twice', () => {
    fc.assert(
      fc.property(expression, (text) => {
        const outcome = () => {
          try {
            return { value: evaluate(text) };
          } catch (error) {
            if (!(error instanceof Error)) throw error;
            expect(['CompileError', 'EvaluationError', 'EvaluationStopped']).toContain(error.name);
            return { message: error.message };
          }
        };
        const [first, second] = [outcome(), outcome()];
        expect(second.message).toBe(first.message);
        if (first.value !== undefined && second.value !== undefined && !hasNaN(first.value))
          expect(equal(first.value, second.value)).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  it('need not even be one', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            leaf,
            fc.string({ maxLength: 3, unit: 'grapheme' }),
            fc.constantFrom(...'()[]{}.,?:!-"\'`\\'),
          ),
        ),
        (parts) => {
          const text = parts.join('');
          try {
            compile(text, environment).evaluate({ self: object });
          } catch (error) {
            if (!(error instanceof Error)) throw error;
            expect(['CompileError', 'EvaluationError', 'EvaluationStopped']).toContain(error.name);
          }
        },
      ),
      { numRuns: 3_000 },
    );
  });
});

/** What holds one is not equal to itself. */
function hasNaN(value: Value): boolean {
  return !equal(value, value);
}
