import { expect, it, test } from 'vitest';
import { unixDate, upTime } from './statusz.js';

it('writes dates as the command does', () => {
  expect(unixDate(Date.UTC(2026, 10, 29, 1, 49, 49))).toBe('Sun Nov 29 01:49:49 UTC 2026');
  expect(unixDate(Date.UTC(2026, 0, 5, 12))).toBe('Mon Jan  5 12:00:00 UTC 2026');
});

test.each([
  [0, '0 hr 00 min 00 sec'],
  [2598, '0 hr 43 min 18 sec'],
  [100 * 3600 + 61, '100 hr 01 min 01 sec'],
])('%i seconds are %s', (seconds, text) => {
  expect(upTime(seconds)).toBe(text);
});
