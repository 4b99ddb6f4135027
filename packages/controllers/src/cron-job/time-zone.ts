const formats = new Map<string, Intl.DateTimeFormat>();

/** The zone that this process lives in. */
export function localTimeZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/**
 * By how many milliseconds the clocks of a zone are ahead of UTC at a time.
 * @throws RangeError for a zone that is not known
 */
export function zoneOffset(timeZone: string, time: number): number {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
    formats.set(timeZone, format);
  }
  const name = format.formatToParts(time).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign, hours, minutes, seconds = '0'] = /^GMT([+-])(\d+):(\d+)(?::(\d+))?$/.exec(name) ?? [];
  const ahead = (Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds)) * 1000;
  return sign === '-' ? -ahead : ahead;
}

/** No zone keeps an offset for less. */
const probeMs = 7 * 24 * 3_600_000;

/** The first moment after `from`, up to and with `to`, at which the zone's offset is another than at `from`. */
export function offsetChangeWithin(timeZone: string, from: number, to: number): number | undefined {
  const offset = zoneOffset(timeZone, from);
  for (let before = from; before < to; before += probeMs) {
    const probe = Math.min(before + probeMs, to);
    if (zoneOffset(timeZone, probe) !== offset) return firstOther(timeZone, before, probe);
  }
  return undefined;
}

/** By halves, to the second: offsets change at full ones. */
function firstOther(timeZone: string, same: number, other: number): number {
  const offset = zoneOffset(timeZone, same);
  let [low, high] = [Math.floor(same / 1000), Math.floor(other / 1000)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (zoneOffset(timeZone, middle * 1000) === offset) low = middle;
    else high = middle;
  }
  return high * 1000;
}

/** The time as RFC 3339 writes it in a zone: `2026-03-29T03:30:00+02:00`, with `Z` where the zone is at UTC. */
export function formatInZone(time: number, timeZone: string): string {
  const offset = zoneOffset(timeZone, time);
  const wall = new Date(time + offset).toISOString().slice(0, 19);
  if (offset === 0) return `${wall}Z`;
  const minutes = Math.abs(offset) / 60_000;
  const two = (number: number) => String(Math.trunc(number)).padStart(2, '0');
  return `${wall}${offset < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`;
}
