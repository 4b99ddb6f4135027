import { parseTime } from '@kubewright/api';
import type { CronJob } from '@kubewright/api/batch/v1';
import type { Schedule } from './cron-schedule.js';

/** After so many missed times a person should look. */
const manyMissed = 100;

/** Added to each wait, so that clocks which differ a little do not make it end before its time. */
const clockSkewMs = 100;

/** What a CronJob has missed until now. */
export interface Missed {
  /** The latest time that is due and was not started; undefined where there is none. */
  readonly latest: number | undefined;
  readonly isAny: boolean;
  readonly isMany: boolean;
}

/**
 * Finds the latest time at which a job should have started and did not. How many there were in between is estimated
 * from the first two, so that a CronJob that rested for years costs no more than one that rested for a minute.
 * Source: upstream's `mostRecentScheduleTime`.
 * @param since times after this one count
 * @throws RangeError for a schedule that never comes, such as 31 February
 */
export function missedSchedules(schedule: Schedule, since: number, now: number): Missed {
  const first = schedule.next(since);
  const second = first === undefined ? undefined : schedule.next(first);
  if (first === undefined || second === undefined)
    throw new RangeError('time difference between two schedules is less than 1 second');
  if (now < first) return { latest: undefined, isAny: false, isMany: false };
  if (now < second) return { latest: first, isAny: true, isMany: false };
  const stepMs = second - first;
  const count = Math.floor((now - first) / stepMs) + 1;
  let latest: number | undefined;
  // One step earlier than estimated, as steps need not be equal.
  let time = schedule.next(first + (count - 2) * stepMs);
  while (time !== undefined && time <= now) {
    latest = time;
    time = schedule.next(time);
  }
  return { latest, isAny: true, isMany: count > manyMissed };
}

/** When the last job was due, or the CronJob was made. */
export function lastScheduled({ metadata, status }: CronJob): number {
  return parseTime(status?.lastScheduleTime ?? metadata.creationTimestamp ?? '') ?? 0;
}

/** From when on missed times may still be started. */
export function startableSince(cronJob: CronJob, now: number): number {
  const { startingDeadlineSeconds: deadline } = cronJob.spec;
  const last = lastScheduled(cronJob);
  return deadline === undefined ? last : Math.max(last, now - deadline * 1000);
}

/** In how many milliseconds to look again; undefined for never. */
export function untilNext(cronJob: CronJob, schedule: Schedule, now: number): number | undefined {
  const since = lastScheduled(cronJob);
  const { latest, isAny } = missedSchedules(schedule, since, now);
  const next = schedule.next(latest ?? (isAny ? now : since));
  return next === undefined ? undefined : Math.max(0, next + clockSkewMs - now);
}
