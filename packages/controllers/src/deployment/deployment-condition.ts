import { findCondition, formatTime, removeCondition } from '@kubewright/api';
import type { DeploymentCondition } from '@kubewright/api/apps/v1';

export type Conditions = readonly DeploymentCondition[];

/** The reasons that a Deployment's conditions give, which kubectl and others read. */
export const reasons = {
  minimumAvailable: 'MinimumReplicasAvailable',
  minimumUnavailable: 'MinimumReplicasUnavailable',
  replicaSetUpdated: 'ReplicaSetUpdated',
  createFailed: 'ReplicaSetCreateError',
  created: 'NewReplicaSetCreated',
  found: 'FoundNewReplicaSet',
  complete: 'NewReplicaSetAvailable',
  timedOut: 'ProgressDeadlineExceeded',
  paused: 'DeploymentPaused',
  resumed: 'DeploymentResumed',
} as const;

export interface NewCondition {
  readonly type: 'Available' | 'Progressing' | 'ReplicaFailure';
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

/**
 * The conditions with this one, unless the one of its type has the same status and reason: then the old one stays,
 * with its message and times. Unlike other kinds', a changed condition moves to the end of the list.
 */
export function withCondition(conditions: Conditions, condition: NewCondition, now: number): Conditions {
  const before = findCondition(conditions, condition.type);
  if (before?.status === condition.status && before.reason === condition.reason) return conditions;
  return renewed(conditions, condition, now);
}

/** The same, but a condition that says the same again gets a new `lastUpdateTime`: there was progress. */
export function renewed(conditions: Conditions, condition: NewCondition, now: number): Conditions {
  const before = findCondition(conditions, condition.type);
  const time = formatTime(now);
  const isSameStatus = before?.status === condition.status;
  return [
    ...removeCondition(conditions, condition.type),
    {
      ...condition,
      lastUpdateTime: time,
      lastTransitionTime: isSameStatus ? (before.lastTransitionTime ?? time) : time,
    },
  ];
}
