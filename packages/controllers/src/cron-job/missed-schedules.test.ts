import type { CronJob } from '@kubewright/api/batch/v1';
import { describe, expect, it } from 'vitest';
import { parseSchedule } from './cron-schedule.js';
import { missedSchedules, startableSince, untilNext } from './missed-schedules.js';

const at = (time: string) => Date.parse(`2026-01-${time}:00Z`);
const hourly = parseSchedule('0 * * * *', 'UTC');
const cronJob = (spec: Partial<CronJob['spec']> = {}, lastScheduleTime?: string): CronJob => ({
  metadata: { name: 'c', creationTimestamp: '2026-01-01T10:30:00Z' },
  spec: { schedule: '0 * * * *', jobTemplate: {}, ...spec },
  ...(lastScheduleTime === undefined ? {} : { status: { lastScheduleTime } }),
});

describe('what was missed', () => {
  it.each([
    ['nothing before the first time', '01T10:59', undefined, false, false],
    ['the first time, when it has come', '01T11:00', '01T11:00', true, false],
    ['the latest of several', '01T15:20', '01T15:00', true, false],
    ['the latest of many', '11T15:20', '11T15:00', true, true],
  ] as const)('is %s', (_title, now, latest, isAny, isMany) => {
    expect(missedSchedules(hourly, at('01T10:30'), at(now))).toEqual({
      latest: latest && at(latest),
      isAny,
      isMany,
    });
  });

  it('is the latest where the steps are not equal', () => {
    const odd = parseSchedule('30 6-16/4 * * 1-5', 'UTC');
    // From Thursday noon to the Monday after.
    expect(missedSchedules(odd, at('01T12:00'), at('05T11:00')).latest).toBe(at('05T10:30'));
  });

  it('is a fault of a schedule that never comes', () => {
    const never = parseSchedule('59 23 31 2 *', 'UTC');
    expect(() => missedSchedules(never, at('01T12:00'), at('02T12:00'))).toThrow('less than 1 second');
  });
});

it('starts only what its deadline allows', () => {
  expect(startableSince(cronJob(), at('01T15:20'))).toBe(at('01T10:30'));
  expect(startableSince(cronJob({}, '2026-01-01T14:00:00Z'), at('01T15:20'))).toBe(at('01T14:00'));
  expect(startableSince(cronJob({ startingDeadlineSeconds: 600 }), at('01T15:20'))).toBe(at('01T15:10'));
});

it('looks again a little after the next time', () => {
  expect(untilNext(cronJob(), hourly, at('01T10:45'))).toBe(15 * 60_000 + 100);
  expect(untilNext(cronJob({}, '2026-01-01T14:00:00Z'), hourly, at('01T14:10'))).toBe(50 * 60_000 + 100);
  expect(untilNext(cronJob(), hourly, at('01T15:20'))).toBe(40 * 60_000 + 100);
});
