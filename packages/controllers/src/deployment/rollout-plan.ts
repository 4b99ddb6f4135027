import { findCondition } from '@kubewright/api';
import type { Deployment, ReplicaSet } from '@kubewright/api/apps/v1';
import { sameValue } from '../framework/same-value.js';
import { revisionOf, withReplicas, withRevision } from './annotations.js';
import { type Conditions, reasons, withCondition } from './deployment-condition.js';
import { hasDeadline, isComplete } from './deployment-status.js';
import { isRollingUpdate } from './fenceposts.js';
import { newReplicaSet } from './new-replica-set.js';
import { isScalingEvent, scaleProportionally } from './proportional-scaling.js';
import { activeOf, type Revisions, replicasOf } from './replica-sets.js';
import { nextSize, type Resize, scaleDown, scaleUp } from './rolling-update.js';

/** What a reconcile of a Deployment writes, besides its status. */
export interface RolloutPlan {
  readonly create?: ReplicaSet | undefined;
  /** Pairs of what is and what shall be. */
  readonly update: readonly { readonly before: ReplicaSet; readonly after: ReplicaSet }[];
  readonly remove: readonly ReplicaSet[];
  readonly conditions: Conditions;
  readonly judgesProgress: boolean;
}

/** What the plan is made from. */
export interface RolloutObservation {
  readonly deployment: Deployment;
  readonly revisions: Revisions;
  /** Whether pods of old ReplicaSets are still there, which the strategy Recreate waits for. */
  readonly oldPodsRun: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Decides the next step. Each step is small: the next one is decided from what the ReplicaSets say then. */
export function planRollout(observation: RolloutObservation): RolloutPlan {
  const { deployment, revisions } = observation;
  const conditions = deployment.status?.conditions ?? [];
  if (deployment.metadata.deletionTimestamp !== undefined)
    return { update: [], remove: [], conditions, judgesProgress: false };
  const paused = pausedConditions(observation, conditions);
  if (deployment.spec?.paused || isScalingEvent(deployment, revisions)) {
    const resizes = scaleProportionally(deployment, revisions);
    return {
      update: updatesOf(observation, resizes),
      remove: deployment.spec?.paused ? outdated(deployment, revisions.old) : [],
      conditions: foundConditions(observation, paused),
      judgesProgress: false,
    };
  }
  return isRollingUpdate(deployment.spec?.strategy?.type)
    ? planRolling(observation, paused)
    : planRecreate(observation, paused);
}

function planRolling(observation: RolloutObservation, conditions: Conditions): RolloutPlan {
  const { deployment, revisions } = observation;
  const { current, old } = revisions;
  if (current === undefined) {
    const create = newReplicaSet(deployment, {
      replicas: nextSize(deployment, old, 0),
      revision: nextRevision(revisions),
    });
    // Room that the new one leaves (maxSurge 0) is made in this same step.
    return created(observation, create, scaleDown(deployment, create, old), conditions);
  }
  const up = scaleUp(deployment, current, old);
  const resizes = up === undefined ? scaleDown(deployment, current, old) : [up];
  return {
    update: updatesOf(observation, resizes),
    remove: resizes.length === 0 ? outdatedWhenComplete(observation) : [],
    conditions: foundConditions(observation, conditions),
    judgesProgress: true,
  };
}

function planRecreate(observation: RolloutObservation, conditions: Conditions): RolloutPlan {
  const { deployment, revisions, oldPodsRun } = observation;
  const { current, old } = revisions;
  const downs = activeOf(old).map((replicaSet) => ({ replicaSet, replicas: 0 }));
  const wanted = deployment.spec?.replicas ?? 1;
  if (downs.length === 0 && !oldPodsRun && current === undefined) {
    const create = newReplicaSet(deployment, { replicas: wanted, revision: nextRevision(revisions) });
    return created(observation, create, [], conditions);
  }
  const ups =
    downs.length === 0 && !oldPodsRun && current !== undefined && replicasOf(current) !== wanted
      ? [{ replicaSet: current, replicas: wanted }]
      : [];
  const resizes = [...downs, ...ups];
  return {
    update: updatesOf(observation, resizes),
    remove: resizes.length === 0 ? outdatedWhenComplete(observation) : [],
    conditions: foundConditions(observation, conditions),
    judgesProgress: true,
  };
}

function created(
  observation: RolloutObservation,
  create: ReplicaSet,
  resizes: readonly Resize[],
  conditions: Conditions,
): RolloutPlan {
  const { deployment, now } = observation;
  return {
    create,
    update: updatesOf(observation, resizes),
    remove: [],
    conditions: hasDeadline(deployment)
      ? withCondition(
          conditions,
          {
            type: 'Progressing',
            status: 'True',
            reason: reasons.created,
            message: `Created new replica set "${create.metadata.name}"`,
          },
          now,
        )
      : conditions,
    judgesProgress: true,
  };
}

/** Sizes, and on the current ReplicaSet the revision and what it takes over from the Deployment. */
function updatesOf(
  { deployment, revisions }: RolloutObservation,
  resizes: readonly Resize[],
): RolloutPlan['update'] {
  const { current } = revisions;
  const afters = new Map<ReplicaSet, ReplicaSet>();
  if (current !== undefined) afters.set(current, synced(deployment, current, nextRevision(revisions)));
  for (const { replicaSet, replicas } of resizes) {
    const { metadata, spec } = afters.get(replicaSet) ?? replicaSet;
    afters.set(replicaSet, {
      ...replicaSet,
      metadata: { ...metadata, annotations: withReplicas(metadata.annotations, deployment) },
      spec: { selector: {}, ...spec, replicas },
    });
  }
  return [...afters]
    .filter(([before, after]) => !sameValue(before, after))
    .map(([before, after]) => ({ before, after }));
}

function synced(deployment: Deployment, current: ReplicaSet, revision: number): ReplicaSet {
  const { metadata, spec } = current;
  const minReadySeconds = deployment.spec?.minReadySeconds;
  return {
    ...current,
    metadata: { ...metadata, annotations: withRevision(metadata.annotations, deployment, revision) },
    spec:
      (spec?.minReadySeconds ?? 0) === (minReadySeconds ?? 0)
        ? spec
        : { selector: {}, ...spec, minReadySeconds },
  };
}

/** One more than any old ReplicaSet has. */
function nextRevision({ old }: Revisions): number {
  return Math.max(0, ...old.map(revisionOf)) + 1;
}

/** While paused the progress is not judged, and the time spent so doesn't count afterwards. */
function pausedConditions({ deployment, now }: RolloutObservation, conditions: Conditions): Conditions {
  const progressing = findCondition(conditions, 'Progressing');
  // A lack of progress that was reported stays reported.
  if (!hasDeadline(deployment) || progressing?.reason === reasons.timedOut) return conditions;
  const wasPaused = progressing?.reason === reasons.paused;
  const isPaused = deployment.spec?.paused === true;
  if (isPaused === wasPaused) return conditions;
  return withCondition(
    conditions,
    {
      type: 'Progressing',
      status: 'Unknown',
      reason: isPaused ? reasons.paused : reasons.resumed,
      message: isPaused ? 'Deployment is paused' : 'Deployment is resumed',
    },
    now,
  );
}

/** A Deployment that finds its ReplicaSet there begins to count its progress from now. */
function foundConditions(
  { deployment, revisions, now }: RolloutObservation,
  conditions: Conditions,
): Conditions {
  if (!hasDeadline(deployment) || revisions.current === undefined) return conditions;
  if (findCondition(conditions, 'Progressing') !== undefined) return conditions;
  return withCondition(
    conditions,
    {
      type: 'Progressing',
      status: 'True',
      reason: reasons.found,
      message: `Found new replica set "${revisions.current.metadata.name}"`,
    },
    now,
  );
}

function outdatedWhenComplete({ deployment, revisions }: RolloutObservation): ReplicaSet[] {
  return isComplete(deployment, deployment.status ?? {}) ? outdated(deployment, revisions.old) : [];
}

/** The old ReplicaSets beyond the number that is kept for going back, those with the lowest revisions. */
function outdated({ spec }: Deployment, old: readonly ReplicaSet[]): ReplicaSet[] {
  const limit = spec?.revisionHistoryLimit;
  if (limit === undefined) return [];
  const alive = old.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  return alive
    .sort((a, b) => revisionOf(a) - revisionOf(b))
    .slice(0, Math.max(0, alive.length - limit))
    .filter(
      (replicaSet) =>
        replicasOf(replicaSet) === 0 &&
        (replicaSet.status?.replicas ?? 0) === 0 &&
        (replicaSet.metadata.generation ?? 0) <= (replicaSet.status?.observedGeneration ?? 0),
    );
}
