import { expect, test } from 'vitest';
import { humanDuration, timeSince } from './human-duration.js';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

test.each([
  [-2 * second, '<invalid>'],
  [-1 * second, '0s'],
  [0, '0s'],
  [999, '0s'],
  [second, '1s'],
  [70 * second, '70s'],
  [190 * second, '3m10s'],
  [5 * minute, '5m'],
  [20 * minute + 10 * second, '20m'],
  [179 * minute, '179m'],
  [3 * hour, '3h'],
  [3 * hour + 5 * minute, '3h5m'],
  [8 * hour + 5 * minute, '8h'],
  [47 * hour, '47h'],
  [48 * hour, '2d'],
  [49 * hour, '2d1h'],
  [8 * day + 2 * hour, '8d'],
  [729 * day, '729d'],
  [2 * 365 * day, '2y'],
  [2 * 365 * day + 4 * day, '2y4d'],
  [8 * 365 * day + 4 * day, '8y'],
])('%i ms read %s', (duration, text) => {
  expect(humanDuration(duration)).toBe(text);
});

test('an object without a time has an unknown age', () => {
  expect(timeSince(undefined, 0)).toBe('<unknown>');
  expect(timeSince('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:01:00Z'))).toBe('60s');
});
