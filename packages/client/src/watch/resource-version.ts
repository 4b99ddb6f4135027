const digits = /^(0|[1-9][0-9]*)$/;

/**
 * Below zero when a is older than b, above when newer, 0 when equal; undefined when either is no number, as an
 * aggregated server may have them. Source: KEP-5504, which makes resource versions of one resource comparable as
 * decimal integers of any length.
 */
export function compareResourceVersions(a: string, b: string): number | undefined {
  if (!digits.test(a) || !digits.test(b)) return undefined;
  if (a.length !== b.length) return a.length - b.length;
  return a === b ? 0 : a < b ? -1 : 1;
}
