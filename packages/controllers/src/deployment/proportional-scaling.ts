import type { Deployment, ReplicaSet } from '@kubewright/api/apps/v1';
import { desiredReplicasOf, maxReplicasOf } from './annotations.js';
import { fencepostsOf, isRollingUpdate } from './fenceposts.js';
import { activeOf, byCreation, type Revisions, replicasOf, totalReplicas } from './replica-sets.js';
import type { Resize } from './rolling-update.js';

/** Whether the Deployment's size was changed since its ReplicaSets were last scaled. */
export function isScalingEvent(deployment: Deployment, { current, old }: Revisions): boolean {
  return activeOf([...old, ...(current === undefined ? [] : [current])]).some((replicaSet) => {
    const desired = desiredReplicasOf(replicaSet);
    return desired !== undefined && desired !== (deployment.spec?.replicas ?? 1);
  });
}

/**
 * How a change of the Deployment's size is spread: a single ReplicaSet takes it all; in the midst of a rolling update
 * each takes a part that suits its size, so that the risk of the update stays what it was. The result also names
 * ReplicaSets whose size stays, since they note the new total. Source: "Proportional scaling" of the Kubernetes page
 * on Deployments.
 */
export function scaleProportionally(deployment: Deployment, revisions: Revisions): readonly Resize[] {
  const wanted = deployment.spec?.replicas ?? 1;
  const { current, old } = revisions;
  const single = activeOrLatest(revisions);
  if (single !== undefined) return [{ replicaSet: single, replicas: wanted }];
  if (current !== undefined && isSaturated(deployment, current))
    return activeOf(old).map((replicaSet) => ({ replicaSet, replicas: 0 }));
  if (!isRollingUpdate(deployment.spec?.strategy?.type)) return [];
  const active = activeOf([...old, ...(current === undefined ? [] : [current])]);
  const allowed = wanted > 0 ? wanted + fencepostsOf(deployment).maxSurge : 0;
  return distribute(deployment, active, allowed - totalReplicas(active));
}

/** The only active ReplicaSet, or the newest where none is; undefined where several are. */
function activeOrLatest({ current, old }: Revisions): ReplicaSet | undefined {
  const active = activeOf([...old, ...(current === undefined ? [] : [current])]);
  if (active.length === 0) return current ?? [...old].sort(byCreation).at(-1);
  return active.length === 1 ? active[0] : undefined;
}

/** Whether the new ReplicaSet has all the pods that the Deployment wants, and all are available. */
function isSaturated(deployment: Deployment, current: ReplicaSet): boolean {
  const wanted = deployment.spec?.replicas ?? 1;
  return (
    desiredReplicasOf(current) === wanted &&
    replicasOf(current) === wanted &&
    (current.status?.availableReplicas ?? 0) === wanted
  );
}

/** Larger ones first; of equal ones the newer grow and the older shrink first. The largest takes what is left over. */
function distribute(deployment: Deployment, active: readonly ReplicaSet[], change: number): Resize[] {
  const newerFirst = change > 0;
  const sorted = [...active].sort(
    (a, b) => replicasOf(b) - replicasOf(a) || (newerFirst ? byCreation(b, a) : byCreation(a, b)),
  );
  let spread = 0;
  const resizes = sorted.map((replicaSet) => {
    const part = proportionOf(deployment, replicaSet, change, spread);
    spread += part;
    return { replicaSet, replicas: replicasOf(replicaSet) + part };
  });
  const [largest, ...others] = resizes;
  if (largest === undefined) return [];
  return [{ ...largest, replicas: Math.max(0, largest.replicas + change - spread) }, ...others];
}

function proportionOf(
  deployment: Deployment,
  replicaSet: ReplicaSet,
  change: number,
  spread: number,
): number {
  const left = change - spread;
  if (change === 0 || left === 0) return 0;
  const fraction = fractionOf(deployment, replicaSet);
  return change > 0 ? Math.min(fraction, left) : Math.max(fraction, left);
}

/** By how much the ReplicaSet would change if it kept its share of the whole. */
function fractionOf(deployment: Deployment, replicaSet: ReplicaSet): number {
  const wanted = deployment.spec?.replicas ?? 1;
  const size = replicasOf(replicaSet);
  if (wanted === 0) return -size;
  const before = maxReplicasOf(replicaSet) || deployment.status?.replicas || 0;
  if (before === 0) return 0;
  const max = wanted + fencepostsOf(deployment).maxSurge;
  return Math.trunc((size * max) / before + 0.5) - size;
}
