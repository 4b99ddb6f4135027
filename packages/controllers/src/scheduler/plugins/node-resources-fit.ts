import { maxNodeScore, type SchedulerPlugin } from '../plugin.js';

const scored = ['cpu', 'memory'] as const;

/** A node must have what the pod asks for; nodes with more to spare are preferred (LeastAllocated). */
export const nodeResourcesFit: SchedulerPlugin = {
  name: 'NodeResourcesFit',
  filter({ requests }, { allocatable, requested, podCount }) {
    const lacking = Object.entries(requests)
      .filter(([name, amount]) => amount > 0 && amount > (allocatable[name] ?? 0) - (requested[name] ?? 0))
      .map(([name]) => `Insufficient ${name}`);
    const isFull = podCount + 1 > (allocatable.pods ?? 0);
    const refusal = [...(isFull ? ['Too many pods'] : []), ...lacking];
    return refusal.length === 0 ? undefined : refusal;
  },
  score({ requestsAssumed }, { allocatable, requestedAssumed }) {
    const scores = scored
      .filter((name) => (allocatable[name] ?? 0) > 0)
      .map((name) => {
        const capacity = allocatable[name] ?? 0;
        const used = (requestedAssumed[name] ?? 0) + (requestsAssumed[name] ?? 0);
        return used > capacity ? 0 : Math.trunc(((capacity - used) * maxNodeScore) / capacity);
      });
    return scores.length === 0
      ? 0
      : Math.trunc(scores.reduce((sum, score) => sum + score, 0) / scores.length);
  },
};
