import { expect, it } from 'vitest';
import { parseDuration } from './duration.js';

it.each([
  ['1h0m0s', 3600],
  ['1h30m', 5400],
  ['90s', 90],
  ['1.5h', 5400],
  ['500ms', 0.5],
  ['0', 0],
  ['', undefined],
  ['90', undefined],
  ['1d', undefined],
  ['1h x', undefined],
  ['-1h', undefined],
])('reads %j as %s seconds', (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});
