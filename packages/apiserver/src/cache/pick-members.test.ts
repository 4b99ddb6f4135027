import fc from 'fast-check';
import { expect, it } from 'vitest';
import { pickMembers, wantedOf } from './pick-members.js';

const wanted = wantedOf([
  ['metadata', 'labels'],
  ['spec', 'nodeName'],
  ['status', 'phase'],
  ['status', 'ips'],
  ['type'],
]);
const pick = (text: string) => pickMembers(Buffer.from(text), wanted);

it('takes what is wanted, at whatever depth it is also called so', () => {
  const object = {
    metadata: {
      annotations: { text: '{"labels":{"x":"\\"y\\""}},"labels":[\\' },
      labels: { 'a/b': 'ä "☃"\n' },
      managedFields: [{ 'f:labels': { nodeName: 1 } }],
    },
    spec: { volumes: [{ nodeName: 'no' }, []], nodeName: 'yes', nested: { nodeName: 'no' } },
    other: [1, -2.5e3, null, true, { type: 'no' }],
    status: { phase: 'Running', ips: [{ ip: '10.0.0.1' }] },
    type: null,
  };
  expect(pick(JSON.stringify(object))).toEqual({
    metadata: { labels: { 'a/b': 'ä "☃"\n' } },
    spec: { nodeName: 'yes' },
    status: { phase: 'Running', ips: [{ ip: '10.0.0.1' }] },
    type: null,
  });
});

it('of any object it takes what a parser would have found there', () => {
  const name = fc.constantFrom(
    'metadata',
    'labels',
    'spec',
    'nodeName',
    'status',
    'phase',
    'ips',
    'type',
    '"',
    '\\',
    'ü',
  );
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      fc.string({ unit: 'binary' }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(null, true, false),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(name, tie('any'), { maxKeys: 6 }),
    ),
  })).any;
  fc.assert(
    fc.property(fc.dictionary(name, value), (object) => {
      const text = JSON.stringify(object);
      const picked = pick(text) as Record<string, unknown>;
      const whole = JSON.parse(text) as Record<string, unknown>;
      const at = (from: unknown, path: readonly string[]): unknown =>
        path.reduce<unknown>((found, part) => {
          const is =
            typeof found === 'object' &&
            found !== null &&
            !Array.isArray(found) &&
            Object.hasOwn(found, part);
          return is ? (found as Record<string, unknown>)[part] : undefined;
        }, from);
      for (const path of [['metadata', 'labels'], ['spec', 'nodeName'], ['status', 'ips'], ['type']])
        expect(at(picked, path)).toEqual(at(whole, path));
    }),
    { numRuns: 50 },
  );
});

it.each([
  '',
  '[]',
  '{',
  '{"a"',
  '{"a":',
  '{"a":1',
  '{"a":"',
  '{"a":1,}',
  '{"type":x}',
  '{ "type": 1 }',
  '{"type":"\\',
  'null',
])('what is not as the store has it is left to a parser: %s', (text) => {
  expect(pick(text)).toBeUndefined();
});
