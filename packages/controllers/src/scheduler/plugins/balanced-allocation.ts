import { maxNodeScore, type SchedulerPlugin } from '../plugin.js';

const scored = ['cpu', 'memory'] as const;

/** Prefers nodes on which CPU and memory would be used to the same degree. */
export const balancedAllocation: SchedulerPlugin = {
  name: 'NodeResourcesBalancedAllocation',
  score({ requests }, { allocatable, requested }) {
    // A pod that asks for nothing can't unbalance anything.
    if (scored.every((name) => !requests[name])) return 0;
    const fractions = scored
      .filter((name) => (allocatable[name] ?? 0) > 0)
      .map((name) =>
        Math.min(1, ((requested[name] ?? 0) + (requests[name] ?? 0)) / (allocatable[name] ?? 1)),
      );
    return Math.trunc((1 - deviation(fractions)) * maxNodeScore);
  },
};

/** The standard deviation. */
function deviation(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
