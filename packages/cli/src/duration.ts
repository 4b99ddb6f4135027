const secondsOf: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001 };
const part = /(\d+(?:\.\d+)?)(h|ms|m|s)/g;

/** Seconds of a duration as Kubernetes' flags have it (`1h30m`, `90s`, `500ms`); undefined where it is none. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  const parts = [...text.matchAll(part)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text) return undefined;
  return parts.reduce((seconds, [, count, unit = '']) => seconds + Number(count) * (secondsOf[unit] ?? 0), 0);
}
