import { expect, test } from 'vitest';
import { goForm } from './go-form.js';
import { lineDifference } from './line-difference.js';

const claim = {
  accessModes: ['ReadWriteOnce'],
  selector: { matchLabels: { b: '1', a: '2' } },
  resources: { requests: { storage: '1Gi' } },
};

test.each<[string, unknown, unknown, readonly string[]]>([
  ['nothing', { a: 1 }, { a: 1 }, []],
  [
    'one member',
    { a: 1, b: 2 },
    { a: 1, b: 3 },
    ['@@ -1,4 +1,4 @@', ' {', '  "a": 1,', '- "b": 2', '+ "b": 3', ' }'],
  ],
  ['a whole value', 1, 2, ['@@ -1 +1 @@', '-1', '+2']],
  [
    'members that are far from each other',
    { a: 1, ...numbered(9), z: 1 },
    { a: 2, ...numbered(9), z: 2 },
    [
      '@@ -1,5 +1,5 @@',
      ' {',
      '- "a": 1,',
      '+ "a": 2,',
      '  "m0": 0,',
      '  "m1": 1,',
      '  "m2": 2,',
      '@@ -9,5 +9,5 @@',
      '  "m6": 6,',
      '  "m7": 7,',
      '  "m8": 8,',
      '- "z": 1',
      '+ "z": 2',
      ' }',
    ],
  ],
  // What kube-apiserver 1.36.3 says of it.
  [
    'a claim without its modes',
    goForm(claim, 'PersistentVolumeClaimSpec'),
    goForm({ ...claim, accessModes: undefined }, 'PersistentVolumeClaimSpec'),
    [
      '@@ -1,7 +1,5 @@',
      ' {',
      '- "AccessModes": [',
      '-  "ReadWriteOnce"',
      '- ],',
      '+ "AccessModes": null,',
      '  "Selector": {',
      '   "matchLabels": {',
      '    "a": "2",',
    ],
  ],
])('%s', (_, before, after, expected) => {
  expect(lineDifference(before, after)).toBe(expected.map((line) => `${line}\n`).join(''));
});

function numbered(count: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`m${index}`, index]));
}
