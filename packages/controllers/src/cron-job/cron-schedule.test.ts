import { describe, expect, it } from 'vitest';
import { parseSchedule } from './cron-schedule.js';

/** The next times after one, as UTC. */
function times(schedule: string, from: string, count: number, timeZone = 'UTC'): string[] {
  const { next } = parseSchedule(schedule, timeZone);
  const found: string[] = [];
  for (let time = next(Date.parse(from)); time !== undefined && found.length < count; time = next(time))
    found.push(new Date(time).toISOString().slice(0, 16));
  return found;
}

const from = '2026-01-01T00:00:00Z'; // A Thursday.

describe('a schedule', () => {
  it.each([
    ['*/20 * * * *', '2026-01-01T00:20', '2026-01-01T00:40', '2026-01-01T01:00'],
    ['5/15 * * * *', '2026-01-01T00:05', '2026-01-01T00:20', '2026-01-01T00:35'],
    ['30 6-16/4 * * 1-5', '2026-01-01T06:30', '2026-01-01T10:30', '2026-01-01T14:30'],
    ['0 0 * jan-mar MON', '2026-01-05T00:00', '2026-01-12T00:00', '2026-01-19T00:00'],
    ['0 0 29 2 *', '2028-02-29T00:00', '2032-02-29T00:00'],
    // Both days are said: either may match. One is all days: the other decides.
    ['0 0 13 * 5', '2026-01-02T00:00', '2026-01-09T00:00', '2026-01-13T00:00'],
    ['0 0 ? * 5', '2026-01-02T00:00', '2026-01-09T00:00', '2026-01-16T00:00'],
    ['0 0 1,* * 5', '2026-01-02T00:00', '2026-01-09T00:00', '2026-01-16T00:00'],
    ['0 0 */1 * 5', '2026-01-02T00:00', '2026-01-09T00:00', '2026-01-16T00:00'],
    ['@hourly', '2026-01-01T01:00', '2026-01-01T02:00'],
    ['@midnight', '2026-01-02T00:00', '2026-01-03T00:00'],
    ['@weekly', '2026-01-04T00:00', '2026-01-11T00:00'],
    ['@every 1h30m', '2026-01-01T01:30', '2026-01-01T03:00'],
    ['59 23 31 2 *'],
  ])('%s', (schedule, ...expected) => {
    expect(times(schedule, from, expected.length)).toEqual(expected);
  });

  it('is of its zone', () => {
    expect(times('0 9 * * *', from, 2, 'America/New_York')).toEqual(['2026-01-01T14:00', '2026-01-02T14:00']);
    expect(times('0 9 * * *', '2026-07-01T00:00:00Z', 1, 'America/New_York')).toEqual(['2026-07-01T13:00']);
    expect(times('15 12 * * *', from, 1, 'Asia/Kathmandu')).toEqual(['2026-01-01T06:30']);
  });

  it('leaves out what the zone leaves out in spring', () => {
    // Europe/Berlin goes from 02:00 to 03:00 on 29 March.
    expect(times('30 2 * * *', '2026-03-28T00:00:00Z', 3, 'Europe/Berlin')).toEqual([
      '2026-03-28T01:30',
      '2026-03-30T00:30',
      '2026-03-31T00:30',
    ]);
    expect(times('0 * * * *', '2026-03-29T00:00:00Z', 3, 'Europe/Berlin')).toEqual([
      '2026-03-29T01:00',
      '2026-03-29T02:00',
      '2026-03-29T03:00',
    ]);
  });

  it('comes twice when the hour comes twice in autumn', () => {
    // Europe/Berlin goes from 03:00 back to 02:00 on 25 October.
    expect(times('30 2 * * *', '2026-10-24T12:00:00Z', 3, 'Europe/Berlin')).toEqual([
      '2026-10-25T00:30',
      '2026-10-25T01:30',
      '2026-10-26T01:30',
    ]);
    // Also for one that comes once a year, seen from another season.
    expect(times('30 2 25 10 *', from, 2, 'Europe/Berlin')).toEqual(['2026-10-25T00:30', '2026-10-25T01:30']);
  });

  it('is refused where it says nothing', () => {
    expect(() => parseSchedule('every day', 'UTC')).toThrow(TypeError);
    expect(() => parseSchedule('@every soon', 'UTC')).toThrow(TypeError);
    expect(() => parseSchedule('* * * * *', 'Mars/Olympus')).toThrow(RangeError);
  });
});
