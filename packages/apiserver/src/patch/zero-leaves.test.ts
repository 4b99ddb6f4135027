import { expect, it } from 'vitest';
import { withoutZeros, zeroLeaves } from './zero-leaves.js';

const zeros = zeroLeaves({ metadata: {}, revision: 0, spec: { rules: null } });

it('are the leaves of an object that nobody has set anything of', () => {
  expect(zeros).toEqual([
    { path: ['revision'], value: 0 },
    { path: ['spec', 'rules'], value: null },
  ]);
});

it.each([
  [{ revision: 0, data: 1 }, { 'f:data': {} }],
  [
    { revision: 2, data: 1 },
    { 'f:data': {}, 'f:revision': {} },
  ],
  [{ revision: 0, spec: { rules: null } }, {}],
  [{ revision: 0, spec: { rules: [1] } }, { 'f:spec': { 'f:rules': {} } }],
])('who creates %o owns what is more than that', (object, left) => {
  const all = {
    ...('data' in object ? { 'f:data': {} } : {}),
    'f:revision': {},
    ...('spec' in object ? { 'f:spec': { 'f:rules': {} } } : {}),
  };
  expect(withoutZeros(all, object, zeros)).toEqual(left);
});
