import { findCondition, formatTime, isConditionTrue } from '@kubewright/api';
import type { Job, JobCondition } from '@kubewright/api/batch/v1';

/** `Complete` or `Failed` when the job has ended. */
export function finishedType({ status }: Job): 'Complete' | 'Failed' | undefined {
  if (isConditionTrue(status?.conditions, 'Complete')) return 'Complete';
  return isConditionTrue(status?.conditions, 'Failed') ? 'Failed' : undefined;
}

export function isSuspended({ spec }: Job): boolean {
  return spec?.suspend === true;
}

/** A condition that holds from now on. @param now milliseconds since 1970 */
export function jobCondition(
  type: 'Complete' | 'Failed' | 'FailureTarget' | 'SuccessCriteriaMet' | 'Suspended',
  why: { readonly reason: string; readonly message: string },
  now: number,
  status: 'True' | 'False' = 'True',
): JobCondition {
  const time = formatTime(now);
  const { reason, message } = why;
  return { type, status, lastProbeTime: time, lastTransitionTime: time, reason, message };
}

/**
 * The conditions with this one. One that does not hold is only written where it held before. The same array where
 * nothing changes.
 */
export function withJobCondition(
  conditions: readonly JobCondition[],
  condition: JobCondition,
): readonly JobCondition[] {
  const before = findCondition(conditions, condition.type);
  if (before === undefined) return condition.status === 'False' ? conditions : [...conditions, condition];
  const isSame =
    before.status === condition.status &&
    before.reason === condition.reason &&
    before.message === condition.message;
  return isSame ? conditions : conditions.map((each) => (each === before ? condition : each));
}
