import { expect, test } from 'vitest';
import { querySwitch } from './query-switch.js';

test.each([
  ['', false],
  ['force', true],
  ['force=', true],
  ['force=1', true],
  ['force=true', true],
  ['force=True', true],
  ['force=yes', true],
  ['force=0', false],
  ['force=false', false],
  ['force=False', false],
])('?%s is %s', (query, expected) => {
  expect(querySwitch(new URLSearchParams(query), 'force')).toBe(expected);
});
