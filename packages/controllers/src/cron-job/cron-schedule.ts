import { Cron } from 'croner';
import { offsetChangeWithin, zoneOffset } from './time-zone.js';

/** The times at which something is due. */
export interface Schedule {
  /** The first time after this one, both in milliseconds since 1970; undefined where none comes any more. */
  next(after: number): number | undefined;
}

const secondMs = 1000;

/**
 * Reads the schedule of a CronJob: five fields, `@hourly` and the like, or `@every 1h30m`. As in upstream's parser
 * (robfig/cron v3) a time that a zone leaves out when its clocks go forward is no time, and one that comes twice when
 * they go back counts twice.
 * @param timeZone a name of the IANA database
 * @throws TypeError for a schedule that can't be read, RangeError for a zone that is not known
 */
export function parseSchedule(schedule: string, timeZone: string): Schedule {
  if (schedule.startsWith('@every ')) return everySchedule(durationMs(schedule.slice('@every '.length)));
  zoneOffset(timeZone, 0); // Throws where there is no such zone.
  // The library works on the numbers of a clock on the wall; which moments these are is the zone's matter.
  const wallClock = new Cron(spelledOut(schedule), { timezone: 'UTC', mode: '5-part', paused: true });
  const nextOnWall = (wall: number) => wallClock.nextRun(new Date(wall))?.getTime();
  return { next: (after) => nextInZone(after, timeZone, nextOnWall) };
}

/** Goes from one change of the zone's offset to the next, since in between wall and time run in step. */
function nextInZone(
  after: number,
  timeZone: string,
  nextOnWall: (wall: number) => number | undefined,
): number | undefined {
  let from = after;
  let offset = zoneOffset(timeZone, from);
  let wallBefore = from + offset;
  for (;;) {
    const wall = nextOnWall(wallBefore);
    if (wall === undefined) return undefined;
    const time = wall - offset;
    const change = offsetChangeWithin(timeZone, from, time);
    if (change === undefined) return time;
    from = change;
    offset = zoneOffset(timeZone, from);
    // The moment of the change itself may be one of the schedule's.
    wallBefore = from + offset - secondMs;
  }
}

function everySchedule(delayMs: number): Schedule {
  return { next: (after) => Math.floor(after / secondMs) * secondMs + delayMs };
}

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: secondMs,
  m: 60 * secondMs,
  h: 3600 * secondMs,
};

/** A duration as Go writes it, in whole seconds and no less than one. */
function durationMs(text: string): number {
  if (!/^([0-9]*\.?[0-9]+(ns|us|µs|ms|s|m|h))+$/.test(text))
    throw new TypeError(`failed to parse duration @every ${text}`);
  let sum = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(/([0-9]*\.?[0-9]+)(ns|us|µs|ms|s|m|h)/g))
    sum += Number(amount) * (unitMs[unit] ?? 0);
  return Math.max(secondMs, Math.floor(sum / secondMs) * secondMs);
}

const lastOfField = [59, 23, 31, 12, 6];

/**
 * What upstream's parser takes and the library does not, in the library's words: `5/15` is `5-59/15`, and a field that
 * has all its values beside others is `*`, which decides whether both days of a schedule must match, or one.
 */
function spelledOut(schedule: string): string {
  if (schedule.startsWith('@')) return schedule === '@midnight' ? '@daily' : schedule;
  return schedule
    .trim()
    .split(/\s+/)
    .map((field, index) => {
      const parts = field.split(',').filter((part) => part !== '');
      if (parts.some((part) => /^[*?](\/1)?$/.test(part))) return '*';
      return parts
        .map((part) => part.replace('?', '*').replace(/^(\w+)\/(?=\d+$)/, `$1-${lastOfField[index] ?? 0}/`))
        .join(',');
    })
    .join(' ');
}
