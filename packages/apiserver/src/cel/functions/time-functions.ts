import { type CelType, DURATION, INT, STRING, TIMESTAMP } from '../types.js';
import { type CalendarTime, calendarTime } from '../values/calendar.js';
import type { Duration } from '../values/duration.js';
import { canonicalInt } from '../values/integers.js';
import type { Timestamp } from '../values/timestamp.js';
import type { Value } from '../values/value.js';
import type { FunctionDeclaration, Overload } from './declaration.js';

/** Parts of moments, in UTC or in a zone, and of durations in whole units. */
export const timeFunctions: readonly FunctionDeclaration[] = [
  { name: 'getFullYear', overloads: ofTimestamp('year', ({ fullYear }) => fullYear) },
  { name: 'getMonth', overloads: ofTimestamp('month', ({ month }) => month) },
  { name: 'getDayOfYear', overloads: ofTimestamp('day_of_year', ({ dayOfYear }) => dayOfYear) },
  { name: 'getDate', overloads: ofTimestamp('day_of_month_1_based', ({ date }) => date) },
  { name: 'getDayOfMonth', overloads: ofTimestamp('day_of_month', ({ date }) => date - 1) },
  { name: 'getDayOfWeek', overloads: ofTimestamp('day_of_week', ({ dayOfWeek }) => dayOfWeek) },
  {
    name: 'getHours',
    overloads: [...ofTimestamp('hours', ({ hours }) => hours), ofDuration('hours', 3_600_000_000_000n)],
  },
  {
    name: 'getMinutes',
    overloads: [...ofTimestamp('minutes', ({ minutes }) => minutes), ofDuration('minutes', 60_000_000_000n)],
  },
  {
    name: 'getSeconds',
    overloads: [...ofTimestamp('seconds', ({ seconds }) => seconds), ofDuration('seconds', 1_000_000_000n)],
  },
  {
    name: 'getMilliseconds',
    overloads: [
      timestampPart('timestamp_to_milliseconds', [TIMESTAMP], milliseconds),
      timestampPart('timestamp_to_milliseconds_with_tz', [TIMESTAMP, STRING], milliseconds),
      {
        id: 'duration_to_milliseconds',
        member: true,
        params: [DURATION],
        result: INT,
        call: (value) => canonicalInt(((value as Duration).nanos / 1_000_000n) % 1_000n),
      },
    ],
  },
];

function ofTimestamp(name: string, part: (time: CalendarTime) => number): Overload[] {
  const read = (moment: Timestamp, zone: string | undefined) => part(calendarTime(moment, zone));
  return [
    timestampPart(`timestamp_to_${name}`, [TIMESTAMP], read),
    timestampPart(`timestamp_to_${name}_with_tz`, [TIMESTAMP, STRING], read),
  ];
}

function timestampPart(
  id: string,
  params: readonly CelType[],
  read: (moment: Timestamp, zone: string | undefined) => number,
): Overload {
  const call = (moment?: Value, zone?: Value) => read(moment as Timestamp, zone as string | undefined);
  return { id, member: true, params, result: INT, call };
}

function milliseconds(moment: Timestamp, zone: string | undefined): number {
  // A zone that does not exist is an error here, too.
  calendarTime(moment, zone);
  return Math.floor(moment.nanos / 1_000_000);
}

function ofDuration(name: string, unit: bigint): Overload {
  return {
    id: `duration_to_${name}`,
    member: true,
    params: [DURATION],
    result: INT,
    call: (value) => canonicalInt((value as Duration).nanos / unit),
  };
}
