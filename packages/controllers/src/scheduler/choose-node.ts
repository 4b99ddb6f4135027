import type { Pod } from '@kubewright/api/core/v1';
import type { NodeInfo } from './node-info.js';
import type { Refusal, SchedulerPlugin, SchedulingCycle } from './plugin.js';
import { podRequests, podRequestsAssumed } from './resources.js';

/** Where a pod goes, or why nowhere. */
export type Choice =
  | { readonly type: 'node'; readonly cycle: SchedulingCycle; readonly node: NodeInfo }
  | { readonly type: 'none'; readonly message: string };

/**
 * Chooses the node with the best weighted score among those that no filter refuses.
 * @param random between 0 and 1: decides between equals
 */
export function chooseNode(
  pod: Pod,
  nodes: readonly NodeInfo[],
  { plugins, random }: { readonly plugins: readonly SchedulerPlugin[]; readonly random: () => number },
): Choice {
  if (nodes.length === 0) return { type: 'none', message: 'no nodes available to schedule pods' };
  const cycle: SchedulingCycle = {
    pod,
    requests: podRequests(pod),
    requestsAssumed: podRequestsAssumed(pod),
    state: new Map(),
  };
  for (const plugin of plugins) {
    const refusal = plugin.preFilter?.(cycle, nodes);
    if (refusal !== undefined)
      return { type: 'none', message: `0/${nodes.length} nodes are available: ${refusal.join(', ')}.` };
  }
  const refusals: Refusal[] = [];
  const feasible = nodes.filter((node) => {
    const refusal = firstRefusal(plugins, cycle, node);
    if (refusal !== undefined) refusals.push(refusal);
    return refusal === undefined;
  });
  const best = bestOf(feasible, cycle, plugins, random);
  return best === undefined
    ? { type: 'none', message: refusalMessage(nodes.length, refusals) }
    : { type: 'node', cycle, node: best };
}

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.` */
export function refusalMessage(nodeCount: number, refusals: readonly Refusal[]): string {
  const counts = new Map<string, number>();
  for (const reason of refusals.flat()) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const reasons = [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
  return `0/${nodeCount} nodes are available${reasons.length === 0 ? '' : `: ${reasons.join(', ')}`}.`;
}

function firstRefusal(
  plugins: readonly SchedulerPlugin[],
  cycle: SchedulingCycle,
  node: NodeInfo,
): Refusal | undefined {
  for (const plugin of plugins) {
    const refusal = plugin.filter?.(cycle, node);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function bestOf(
  nodes: readonly NodeInfo[],
  cycle: SchedulingCycle,
  plugins: readonly SchedulerPlugin[],
  random: () => number,
): NodeInfo | undefined {
  if (nodes.length <= 1) return nodes[0];
  const totals = nodes.map(() => 0);
  for (const plugin of plugins) {
    if (plugin.score === undefined) continue;
    const raw = nodes.map((node) => plugin.score?.(cycle, node) ?? 0);
    const scores = plugin.normalizeScore?.(raw) ?? raw;
    for (const [index, score] of scores.entries())
      totals[index] = (totals[index] ?? 0) + score * (plugin.weight ?? 1);
  }
  const highest = Math.max(...totals);
  const best = nodes.filter((_, index) => totals[index] === highest);
  return best[Math.min(best.length - 1, Math.floor(random() * best.length))];
}
