const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/**
 * A duration as kubectl's columns show it: two units at most, the finer one only while it says something.
 * Source: apimachinery's `duration.HumanDuration`, whose steps users know from `kubectl get`.
 * @param duration milliseconds
 */
export function humanDuration(duration: number): string {
  const seconds = Math.trunc(duration / second);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(duration / minute);
  if (minutes < 10) return both(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(duration / hour);
  if (hours < 8) return both(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(duration / day);
  if (hours < 24 * 8) return both(days, 'd', hours % 24, 'h');
  if (days < 365 * 2) return `${days}d`;
  const years = Math.floor(days / 365);
  return days < 365 * 8 ? both(years, 'y', days % 365, 'd') : `${years}y`;
}

/** How long ago an RFC 3339 time is, `<unknown>` where there is none. */
export function timeSince(time: string | undefined, now: number): string {
  return time === undefined || time === '' ? '<unknown>' : humanDuration(now - Date.parse(time));
}

function both(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}
