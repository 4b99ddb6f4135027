/** A moment as fields of type Time hold it: RFC 3339 in UTC, whole seconds (`2026-01-02T03:04:05Z`). */
export function formatTime(milliseconds: number): string {
  const second = Math.floor(milliseconds / 1000);
  if (second !== lastSecond) {
    lastText = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;
    lastSecond = second;
  }
  return lastText;
}

/** A server writes the same second several times into each of thousands of objects. */
let lastSecond = Number.NaN;
let lastText = '';

/** A moment as fields of type MicroTime hold it: six digits behind the second (`2026-01-02T03:04:05.006000Z`). */
export function formatMicroTime(milliseconds: number): string {
  const whole = Math.floor(milliseconds);
  const micros = Math.floor((milliseconds - whole) * 1000);
  return `${new Date(whole).toISOString().slice(0, 23)}${String(micros).padStart(3, '0')}Z`;
}

/**
 * Milliseconds since 1970 of an RFC 3339 time, with any zone and any number of digits behind the second; undefined
 * for a text that is none. Fractions of a millisecond are kept as far as a number holds them.
 */
export function parseTime(text: string): number | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (match === null) return undefined;
  const [, local = '', fraction = '', zone] = match;
  const seconds = Date.parse(`${local}Z`);
  if (Number.isNaN(seconds) || !new Date(seconds).toISOString().startsWith(local)) return undefined;
  const offset = zone === 'Z' ? 0 : Date.parse(`1970-01-01T00:00:00${zone}`);
  if (Number.isNaN(offset)) return undefined;
  return seconds + offset + (fraction === '' ? 0 : Number(`0.${fraction}`) * 1000);
}
