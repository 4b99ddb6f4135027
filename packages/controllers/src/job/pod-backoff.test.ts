import type { Pod } from '@kubewright/api/core/v1';
import { expect, it } from 'vitest';
import { backoffMs, withEnded } from './pod-backoff.js';

const start = Date.UTC(2026, 0, 1);
/** A pod that ended so many seconds after the start. */
const ended = (seconds: number): Pod => ({
  metadata: { creationTimestamp: new Date(start + seconds * 1000).toISOString() },
});

it('doubles the wait with each failure, from 10 s to 10 min', () => {
  const waits = [0, 1, 2, 3, 6, 7, 30].map((failures) => backoffMs({ failures, lastFailure: start }, start));
  expect(waits).toEqual([0, 10_000, 20_000, 40_000, 320_000, 600_000, 600_000]);
});

it('counts the wait from the last failure', () => {
  expect(backoffMs({ failures: 1, lastFailure: start }, start + 4000)).toBe(6000);
  expect(backoffMs({ failures: 1, lastFailure: start }, start + 40_000)).toBe(0);
});

it('counts failures until a pod succeeds', () => {
  const one = withEnded(undefined, [], [ended(1), ended(2)]);
  expect(one).toEqual({ failures: 2, lastFailure: start + 2000 });
  expect(withEnded(one, [], [ended(9)])).toEqual({ failures: 3, lastFailure: start + 9000 });
  expect(withEnded(one, [], [])).toBe(one);
  expect(withEnded(one, [ended(5)], [])).toEqual({ failures: 0, lastFailure: undefined });
  expect(withEnded(one, [ended(5)], [ended(4), ended(7)])).toEqual({
    failures: 1,
    lastFailure: start + 7000,
  });
});
