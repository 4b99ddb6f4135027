import { Pod } from '@kubewright/api/core/v1';
import { expect, test, vi } from 'vitest';
import { emptyFieldSet } from './field-set.js';
import { fieldTypeOf } from './field-types.js';
import { fieldsByShape, type KnownShapes } from './fields-by-shape.js';

const type = fieldTypeOf(Pod.schema);
const known: KnownShapes = new WeakMap();
const pod = (name: string, env: string, labels: Record<string, string> = {}) => ({
  metadata: { name, labels },
  spec: { containers: [{ name: 'a', env: [{ name: env, value: 'x' }] }] },
});

function isKnown(object: Record<string, unknown>): boolean {
  const compute = vi.fn(() => ({ 'f:spec': emptyFieldSet }));
  fieldsByShape(known, object, type, compute);
  return compute.mock.calls.length === 0;
}

test('objects of one shape share what was computed, whatever their values', () => {
  expect(isKnown(pod('first', 'A'))).toBe(false);
  expect(isKnown(pod('second', 'A'))).toBe(true);
});

test.each([
  ['another key of a list item', pod('a', 'B')],
  ['another member of a map', pod('a', 'A', { x: '1' })],
  ['an empty map is not one with members', { metadata: { name: 'a' }, spec: {} }],
  ['null is not a value', { metadata: { name: null }, spec: {} }],
  ['a name that looks like structure', { metadata: { labels: { 's}1:b': 'x' } } }],
  ['the structure itself', { metadata: { labels: { s: 'x' } }, b: 'y' }],
])('%s is another shape', (_what, object) => {
  expect(isKnown(object)).toBe(false);
});
