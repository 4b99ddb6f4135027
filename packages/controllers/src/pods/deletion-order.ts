import { parseTime } from '@kubewright/api';
import type { Pod } from '@kubewright/api/core/v1';
import { isPodActive, isPodReady, readySince } from './pod-state.js';

const deletionCostAnnotation = 'controller.kubernetes.io/pod-deletion-cost';

/**
 * The pods in the order in which they are given up: unassigned, pending, not ready, cheap by annotation, on nodes that
 * have many of them, ready for a short time, often restarted, young. Times are compared by their order of magnitude,
 * so that not always the youngest goes. Source: the Kubernetes page on ReplicaSets, and upstream's
 * `ActivePodsWithRanks`.
 * @param related all pods that count for how full a node is: those of every ReplicaSet of the same owner
 */
export function inDeletionOrder(pods: readonly Pod[], related: readonly Pod[], now: number): Pod[] {
  const perNode = new Map<string, number>();
  for (const pod of related)
    if (isPodActive(pod)) perNode.set(nodeOf(pod), (perNode.get(nodeOf(pod)) ?? 0) + 1);
  return [...pods].sort(
    (a, b) =>
      Number(nodeOf(a) !== '') - Number(nodeOf(b) !== '') ||
      phaseOrder(a) - phaseOrder(b) ||
      Number(isPodReady(a)) - Number(isPodReady(b)) ||
      deletionCost(a) - deletionCost(b) ||
      (perNode.get(nodeOf(b)) ?? 0) - (perNode.get(nodeOf(a)) ?? 0) ||
      (isPodReady(a) ? byAge(a, b, readySince(a), readySince(b), now) : 0) ||
      restarts(b) - restarts(a) ||
      byAge(a, b, created(a), created(b), now),
  );
}

function created({ metadata }: Pod): number | undefined {
  return parseTime(metadata.creationTimestamp ?? '');
}

function nodeOf(pod: Pod): string {
  return pod.spec?.nodeName ?? '';
}

function phaseOrder(pod: Pod): number {
  switch (pod.status?.phase) {
    case 'Unknown':
      return 1;
    case 'Running':
      return 2;
    default:
      return 0;
  }
}

function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.[deletionCostAnnotation];
  // Upstream takes no plus sign and no leading zero, and counts what it can't read as zero.
  return text !== undefined && /^(0|-?[1-9]\d*)$/.test(text) ? Number(text) : 0;
}

function restarts(pod: Pod): number {
  return Math.max(0, ...(pod.status?.containerStatuses ?? []).map(({ restartCount }) => restartCount));
}

/** Younger first, by the order of magnitude of the age; pods of the same order by uid, which is as good as chance. */
function byAge(a: Pod, b: Pod, timeA: number | undefined, timeB: number | undefined, now: number): number {
  if (timeA === timeB) return 0;
  if (timeA === undefined) return -1;
  if (timeB === undefined) return 1;
  return (
    magnitude(now - timeA) - magnitude(now - timeB) || compare(a.metadata.uid ?? '', b.metadata.uid ?? '')
  );
}

/** Of nanoseconds, as upstream counts; the base is two. */
function magnitude(ageMs: number): number {
  return ageMs > 0 ? Math.trunc(Math.log2(ageMs * 1e6)) : -1;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
