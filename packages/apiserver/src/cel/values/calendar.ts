import { EvaluationError } from './evaluation-error.js';
import type { Timestamp } from './timestamp.js';

/** A moment as a clock and a calendar at a place show it. */
export interface CalendarTime {
  readonly fullYear: number;
  /** From 0. */
  readonly month: number;
  /** From 1. */
  readonly date: number;
  /** 0 is Sunday. */
  readonly dayOfWeek: number;
  /** From 0. */
  readonly dayOfYear: number;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
}

const fixedOffset = /^([+-]?)(\d\d):(\d\d)$/;
const formats = new Map<string, Intl.DateTimeFormat>();
const mostFormats = 1_000;

/**
 * @param zone a name of the time zone database, or an offset `-08:00`; UTC without one
 * @throws EvaluationError unknown time zone
 */
export function calendarTime(moment: Timestamp, zone: string | undefined): CalendarTime {
  return calendarOf(moment.seconds + (zone === undefined || zone === '' ? 0 : offsetSeconds(moment, zone)));
}

function calendarOf(localSeconds: number): CalendarTime {
  const date = new Date(localSeconds * 1000);
  const startOfYear = new Date(0);
  startOfYear.setUTCFullYear(date.getUTCFullYear(), 0, 1);
  return {
    fullYear: date.getUTCFullYear(),
    month: date.getUTCMonth(),
    date: date.getUTCDate(),
    dayOfWeek: date.getUTCDay(),
    dayOfYear: Math.floor((date.getTime() - startOfYear.getTime()) / 86_400_000),
    hours: date.getUTCHours(),
    minutes: date.getUTCMinutes(),
    seconds: date.getUTCSeconds(),
  };
}

function offsetSeconds(moment: Timestamp, zone: string): number {
  const fixed = fixedOffset.exec(zone);
  if (fixed !== null) {
    const [, sign, hours, minutes] = fixed;
    if (Number(minutes) > 59) throw unknownZone(zone);
    return (Number(hours) * 3600 + Number(minutes) * 60) * (sign === '-' ? -1 : 1);
  }
  const at = new Date(moment.seconds * 1000);
  const parts = new Map(
    formatFor(zone)
      .formatToParts(at)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const local = new Date(0);
  const year = parts.get('year') ?? 0;
  local.setUTCFullYear(year, (parts.get('month') ?? 1) - 1, parts.get('day') ?? 1);
  local.setUTCHours((parts.get('hour') ?? 0) % 24, parts.get('minute') ?? 0, parts.get('second') ?? 0);
  return (local.getTime() - at.getTime()) / 1000;
}

function formatFor(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch (error) {
    if (error instanceof RangeError) throw unknownZone(zone);
    throw error;
  }
  if (formats.size >= mostFormats) formats.clear();
  formats.set(zone, format);
  return format;
}

function unknownZone(zone: string): EvaluationError {
  return new EvaluationError(`unknown time zone ${zone}`);
}
