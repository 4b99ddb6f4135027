import { describe, expect, it } from 'vitest';
import { afterCheck, initialProbeState, type ProbeKind } from './probe-state.js';

/** The verdict after each check of a sequence: `+` is a success, `-` a failure. */
function verdicts(
  kind: ProbeKind,
  checks: string,
  thresholds: { success?: number; failure?: number } = {},
): string {
  let state = initialProbeState(kind);
  const words = { success: 's', failure: 'f', unknown: 'u' };
  return [...checks]
    .map((check) => {
      state = afterCheck(state, check === '+', {
        ...(thresholds.success === undefined ? {} : { successThreshold: thresholds.success }),
        ...(thresholds.failure === undefined ? {} : { failureThreshold: thresholds.failure }),
      });
      return words[state.verdict];
    })
    .join('');
}

describe('afterCheck', () => {
  it.each([
    ['readiness', '+', {}, 's'],
    ['readiness', '+--+---', {}, 'ssssssf'],
    ['readiness', '++-+', { success: 2, failure: 1 }, 'fsff'],
    ['liveness', '--+---', {}, 'sssssf'],
    ['startup', '--+', { failure: 3 }, 'uus'],
    ['startup', '---', { failure: 3 }, 'uuf'],
  ] as const)('%s %s', (kind, checks, thresholds, expected) => {
    expect(verdicts(kind, checks, thresholds)).toBe(expected);
  });
});
