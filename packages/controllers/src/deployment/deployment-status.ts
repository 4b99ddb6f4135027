import { findCondition, parseTime, removeCondition } from '@kubewright/api';
import type { Deployment, DeploymentStatus, ReplicaSet } from '@kubewright/api/apps/v1';
import {
  type Conditions,
  type NewCondition,
  reasons,
  renewed,
  withCondition,
} from './deployment-condition.js';
import { maxUnavailableOf } from './fenceposts.js';
import { countedReplicas, type Revisions, totalReplicas } from './replica-sets.js';

/** The value by which clients say that there is no deadline. */
const noDeadline = 2 ** 31 - 1;

/** What a Deployment's status is computed from. */
export interface DeploymentObservation {
  readonly deployment: Deployment;
  readonly revisions: Revisions;
  /** What this reconcile found to say of the progress. */
  readonly conditions: Conditions;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Whether progress is judged: while a rollout goes on, not while the Deployment is paused or only scaled. */
  readonly judgesProgress: boolean;
}

export function deploymentStatus(observation: DeploymentObservation): DeploymentStatus {
  const { deployment, revisions, now } = observation;
  const all = allOf(revisions);
  const available = countedReplicas(all, 'availableReplicas');
  const counts = {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: countedReplicas(all, 'replicas'),
    updatedReplicas: countedReplicas(allOf({ current: revisions.current, old: [] }), 'replicas'),
    readyReplicas: countedReplicas(all, 'readyReplicas'),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, totalReplicas(all) - available),
  };
  const knowsTerminating = all.every(({ status }) => status?.terminatingReplicas !== undefined);
  const collisionCount = deployment.status?.collisionCount;
  const withAvailable = withCondition(
    observation.conditions,
    availableCondition(available >= (deployment.spec?.replicas ?? 1) - maxUnavailableOf(deployment)),
    now,
  );
  const withProgress = observation.judgesProgress
    ? progressConditions(withAvailable, counts, observation)
    : withAvailable;
  const conditions = observation.judgesProgress
    ? failureConditions(withProgress, revisions, now)
    : withProgress;
  return {
    ...nonZero(counts),
    ...(knowsTerminating ? { terminatingReplicas: countedReplicas(all, 'terminatingReplicas') } : {}),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    ...(conditions.length === 0 ? {} : { conditions: [...conditions] }),
  };
}

/** Whether every pod that is wanted is of the newest template and available, and none other is there. */
export function isComplete({ metadata, spec }: Deployment, status: DeploymentStatus): boolean {
  const wanted = spec?.replicas ?? 1;
  return (
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted &&
    (status.observedGeneration ?? 0) >= (metadata.generation ?? 0)
  );
}

export function hasDeadline({ spec }: Deployment): boolean {
  return spec?.progressDeadlineSeconds !== undefined && spec.progressDeadlineSeconds !== noDeadline;
}

/** In how many milliseconds the progress has to be judged again though nothing happens; undefined when never. */
export function nextJudgementMs(
  deployment: Deployment,
  status: DeploymentStatus,
  now: number,
): number | undefined {
  const progressing = findCondition(status.conditions, 'Progressing');
  if (!hasDeadline(deployment) || progressing === undefined || isComplete(deployment, status))
    return undefined;
  if (progressing.reason === reasons.timedOut) return undefined;
  const updated = parseTime(progressing.lastUpdateTime ?? '') ?? now;
  // A second more, since times are kept in whole seconds.
  return Math.max(0, updated + (deployment.spec?.progressDeadlineSeconds ?? 0) * 1000 - now) + 1000;
}

function progressConditions(
  conditions: Conditions,
  status: DeploymentStatus,
  { deployment, revisions, now }: DeploymentObservation,
): Conditions {
  if (!hasDeadline(deployment)) return removeCondition(conditions, 'Progressing');
  const before = findCondition(conditions, 'Progressing');
  // Nothing is rolled out: this is a resync of a Deployment that was complete before.
  if (status.replicas === status.updatedReplicas && before?.reason === reasons.complete) return conditions;
  const subject =
    revisions.current === undefined
      ? `Deployment "${deployment.metadata.name}"`
      : `ReplicaSet "${revisions.current.metadata.name}"`;
  const condition = (reason: string, what: string, holds = true): NewCondition => ({
    type: 'Progressing',
    status: holds ? 'True' : 'False',
    reason,
    message: `${subject} ${what}`,
  });
  if (isComplete(deployment, status))
    return withCondition(conditions, condition(reasons.complete, 'has successfully progressed.'), now);
  if (isProgressing(deployment.status, status))
    return renewed(conditions, condition(reasons.replicaSetUpdated, 'is progressing.'), now);
  if (isTimedOut(deployment, conditions, now))
    return withCondition(conditions, condition(reasons.timedOut, 'has timed out progressing.', false), now);
  return conditions;
}

/** Whether there are more new, ready or available pods or fewer old ones than when the status was last written. */
function isProgressing(before: DeploymentStatus | undefined, after: DeploymentStatus): boolean {
  const old = (status: DeploymentStatus | undefined) =>
    (status?.replicas ?? 0) - (status?.updatedReplicas ?? 0);
  return (
    (after.updatedReplicas ?? 0) > (before?.updatedReplicas ?? 0) ||
    old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before?.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before?.availableReplicas ?? 0)
  );
}

function isTimedOut({ spec }: Deployment, conditions: Conditions, now: number): boolean {
  const progressing = findCondition(conditions, 'Progressing');
  if (progressing === undefined || progressing.reason === reasons.complete) return false;
  if (progressing.reason === reasons.timedOut) return true;
  const updated = parseTime(progressing.lastUpdateTime ?? '');
  return updated !== undefined && updated + (spec?.progressDeadlineSeconds ?? 0) * 1000 < now;
}

function availableCondition(holds: boolean): NewCondition {
  return holds
    ? {
        type: 'Available',
        status: 'True',
        reason: reasons.minimumAvailable,
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: reasons.minimumUnavailable,
        message: 'Deployment does not have minimum availability.',
      };
}

/** What keeps the newest ReplicaSet from creating pods, or another one. */
function failureConditions(conditions: Conditions, { current, old }: Revisions, now: number): Conditions {
  const type = 'ReplicaFailure';
  const failures = [current, ...old].map((replicaSet) => findCondition(replicaSet?.status?.conditions, type));
  const failure = failures.find((condition) => condition !== undefined);
  if (failure === undefined) return removeCondition(conditions, type);
  const { status, reason = '', message = '' } = failure;
  return withCondition(conditions, { type, status: status as NewCondition['status'], reason, message }, now);
}

function allOf({ current, old }: Revisions): readonly ReplicaSet[] {
  return current === undefined ? old : [...old, current];
}

/** Counts of zero are left out, as they are on the wire. */
function nonZero<C extends Record<string, number>>(counts: C): Partial<C> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0)) as Partial<C>;
}
