import type { Comparison } from './compare.js';

/** A ratio that is worse by more than this part is a regression: runs of one program differ by nearly as much. */
const tolerance = 0.15;

/**
 * What two runs say of the same comparisons, a line for each: figures of different runs differ, but each is next to its
 * peer, so their ratios can be compared. Those that got worse are marked.
 */
export function regressionReport(
  before: readonly Comparison[],
  after: readonly Comparison[],
): { readonly lines: readonly string[]; readonly regressions: number } {
  const known = new Map(before.map((comparison) => [comparison.name, comparison]));
  let regressions = 0;
  const lines = after.map((now) => {
    const then = known.get(now.name);
    if (then === undefined) return `new: ${now.name}: ${now.ratio.toFixed(2)}`;
    // Against a budget less is better, against a peer more.
    const lessIsBetter = now.limit?.startsWith('at most') ?? false;
    const change = now.ratio / then.ratio - 1;
    const worse = (lessIsBetter ? change : -change) > tolerance;
    if (worse) regressions++;
    const sign = change < 0 ? '' : '+';
    return `${worse ? 'WORSE' : 'as before'}: ${now.name}: ${then.ratio.toFixed(2)} → ${now.ratio.toFixed(2)} (${sign}${Math.round(change * 100)} %)`;
  });
  return { lines, regressions };
}
