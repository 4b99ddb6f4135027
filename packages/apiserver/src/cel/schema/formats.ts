import { Duration, parseDuration } from '../values/duration.js';
import { EvaluationError } from '../values/evaluation-error.js';
import { parseTimestamp, type Timestamp } from '../values/timestamp.js';

/** `format: byte`: base64. */
export function bytesFromJson(json: unknown): Uint8Array {
  return Buffer.from(asText(json), 'base64');
}

/** `format: date-time`. */
export function timestampFromJson(json: unknown): Timestamp {
  const text = asText(json);
  const found = parseTimestamp(text.toUpperCase().replace(' ', 'T'));
  if (found === undefined) throw new EvaluationError(`Invalid date-time formatted string ${text}`);
  return found;
}

/** `format: date`. */
export function dateFromJson(json: unknown): Timestamp {
  const text = asText(json);
  const found = parseTimestamp(`${text}T00:00:00Z`);
  if (found === undefined) throw new EvaluationError(`Invalid date formatted string ${text}`);
  return found;
}

const unitNanos: Readonly<Record<string, bigint>> = { d: 86_400_000_000_000n, w: 604_800_000_000_000n };

/** `format: duration`: Go's durations, and days and weeks as go-openapi takes them. */
export function durationFromJson(json: unknown): Duration {
  const text = asText(json);
  const found = parseDuration(text) ?? daysOrWeeks(text);
  if (found === undefined) throw new EvaluationError(`Invalid duration ${text}`);
  return found;
}

function daysOrWeeks(text: string): Duration | undefined {
  const parts = /^(\d{1,9})\s*(d|w|day|days|week|weeks)$/.exec(text);
  return parts === null ? undefined : new Duration(BigInt(parts[1]!) * unitNanos[parts[2]![0]!]!);
}

function asText(json: unknown): string {
  if (typeof json !== 'string')
    throw new EvaluationError(`invalid data, expected string, got ${typeof json}`);
  return json;
}
