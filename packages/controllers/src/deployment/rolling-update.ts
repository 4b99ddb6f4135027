import type { Deployment, ReplicaSet } from '@kubewright/api/apps/v1';
import { fencepostsOf, isRollingUpdate, maxUnavailableOf } from './fenceposts.js';
import { activeOf, countedReplicas, replicasOf, totalReplicas } from './replica-sets.js';

/** A ReplicaSet and how many replicas it shall have. */
export interface Resize {
  readonly replicaSet: ReplicaSet;
  readonly replicas: number;
}

/**
 * How many replicas the ReplicaSet with the Deployment's template shall have next: as many as the surge leaves room
 * for. @param all every ReplicaSet, that one included
 */
export function nextSize(deployment: Deployment, all: readonly ReplicaSet[], current: number): number {
  const replicas = deployment.spec?.replicas ?? 1;
  if (!isRollingUpdate(deployment.spec?.strategy?.type)) return replicas;
  const room = replicas + fencepostsOf(deployment).maxSurge - totalReplicas(all);
  return room <= 0 ? current : current + Math.min(room, replicas - current);
}

/** The next step upwards of a rolling update; undefined when the new ReplicaSet stays as it is. */
export function scaleUp(
  deployment: Deployment,
  current: ReplicaSet,
  old: readonly ReplicaSet[],
): Resize | undefined {
  const wanted = deployment.spec?.replicas ?? 1;
  const has = replicasOf(current);
  const replicas = has > wanted ? wanted : nextSize(deployment, [...old, current], has);
  return replicas === has ? undefined : { replicaSet: current, replicas };
}

/**
 * The next step downwards: first old pods that are not available, which takes nothing from anybody; then as many
 * old ones as may be missing. New pods that are not available yet count as missing.
 */
export function scaleDown(
  deployment: Deployment,
  current: ReplicaSet,
  old: readonly ReplicaSet[],
): readonly Resize[] {
  const active = activeOf(old);
  const minAvailable = (deployment.spec?.replicas ?? 1) - maxUnavailableOf(deployment);
  const newUnavailable = replicasOf(current) - (current.status?.availableReplicas ?? 0);
  const room = totalReplicas([...active, current]) - minAvailable - newUnavailable;
  if (active.length === 0 || room <= 0) return [];
  const sizes = new Map(active.map((replicaSet) => [replicaSet, replicasOf(replicaSet)]));
  takeUnhealthy(sizes, room);
  takeAvailable(sizes, countedReplicas([...active, current], 'availableReplicas') - minAvailable);
  return [...sizes]
    .filter(([replicaSet, replicas]) => replicas !== replicasOf(replicaSet))
    .map(([replicaSet, replicas]) => ({ replicaSet, replicas }));
}

/** Oldest first, as long as there is room. */
function takeUnhealthy(sizes: Map<ReplicaSet, number>, room: number): void {
  let left = room;
  for (const [replicaSet, size] of sizes) {
    const taken = Math.min(left, Math.max(0, size - (replicaSet.status?.availableReplicas ?? 0)));
    sizes.set(replicaSet, size - taken);
    left -= taken;
  }
}

function takeAvailable(sizes: Map<ReplicaSet, number>, room: number): void {
  let left = room;
  for (const [replicaSet, size] of sizes) {
    const taken = Math.max(0, Math.min(left, size));
    sizes.set(replicaSet, size - taken);
    left -= taken;
  }
}
