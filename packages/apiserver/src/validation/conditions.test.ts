import { expect, it } from 'vitest';
import { validateConditions } from './conditions.js';
import { path } from './field-error.js';

const good = {
  type: 'Ready',
  status: 'True',
  reason: 'AllWell',
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00Z',
};
const reasonFormat = /conditions\[0\]\.reason: Invalid value: "a-b": a condition reason must start with/;

it.each([
  ['nothing of one that is right', [good], []],
  ['that a type comes twice', [good, good], ['conditions[1].type: Duplicate value: "Ready"']],
  [
    'what is not there',
    [{}],
    [
      /^conditions\[0\]\.type: Invalid value: "": name part must be non-empty$/,
      /^conditions\[0\]\.type: Invalid value: "": name part must consist of/,
      'conditions[0].status: Unsupported value: "": supported values: "False", "True", "Unknown"',
      'conditions[0].lastTransitionTime: Required value',
      'conditions[0].reason: Required value',
    ],
  ],
  ['a reason that is a sentence', [{ ...good, reason: 'a-b' }], [reasonFormat]],
  [
    'a generation below zero',
    [{ ...good, observedGeneration: -1 }],
    ['conditions[0].observedGeneration: Invalid value: -1: must be greater than or equal to zero'],
  ],
  [
    'what is too long, in bytes',
    [{ ...good, reason: 'a'.repeat(1025), message: 'ü'.repeat(16 * 1024 + 1) }],
    [
      'conditions[0].reason: Too long: may not be more than 1024 bytes',
      'conditions[0].message: Too long: may not be more than 32768 bytes',
    ],
  ],
])('conditions: says %s', (_, conditions, expected) => {
  const said = validateConditions(conditions as (typeof good)[], path('conditions'));
  expect(said.map(({ field, message }) => `${field}: ${message}`)).toEqual(
    expected.map((one) => (typeof one === 'string' ? one : expect.stringMatching(one))),
  );
});
