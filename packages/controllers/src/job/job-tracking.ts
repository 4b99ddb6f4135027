import { isConditionTrue } from '@kubewright/api';
import type { JobCondition, JobStatus } from '@kubewright/api/batch/v1';
import type { Pod } from '@kubewright/api/core/v1';
import { jobCondition, withJobCondition } from './job-conditions.js';
import { indexesOf, type JobObservation } from './job-observation.js';
import { completionIndex, isPodFailed, isPodSucceeded, isTracked } from './job-pod.js';
import { failureVerdict } from './pod-failure-policy.js';

/** The most ended pods that a status notes at once, which keeps it small. */
const mostNoted = 500;

/** What one look at a job writes: first the status, then the pods are let go, then the status with these counted. */
export interface TrackingPlan {
  /** To be written before any pod is let go: what has ended is noted by uid, and that the job is about to end. */
  readonly noted: JobStatus;
  /** Loses its finalizer after that. */
  readonly release: readonly Pod[];
  /** Whether there is more of the kind for the next look. */
  readonly isFull: boolean;
}

/**
 * Notes pods that have ended in the status before they lose the finalizer that keeps them, so that each is counted
 * once, whatever happens in between. Source: KEP-2307.
 * @param status as it is to be, but for the counts
 * @param ending why the job ends, if it does
 */
export function planTracking(
  seen: JobObservation,
  status: JobStatus,
  ending: JobCondition | undefined,
): TrackingPlan {
  const { job, pods, indexes } = seen;
  const counted = countReleased(status, pods);
  const succeeded = [...(counted.uncountedTerminatedPods?.succeeded ?? [])];
  const failed = [...(counted.uncountedTerminatedPods?.failed ?? [])];
  const release: Pod[] = [];
  const doneIndexes: Pod[] = [];
  let isFull = false;
  for (const pod of inIndexOrder(pods, seen)) {
    if (!isTracked(pod) || !mayRelease(pod, seen, ending)) continue;
    if (succeeded.length + failed.length + doneIndexes.length >= mostNoted) {
      isFull = true;
      break;
    }
    release.push(pod);
    const { uid = '' } = pod.metadata;
    const index = completionIndex(pod, job);
    const isCountable = indexes === undefined || index !== undefined;
    if (isPodSucceeded(pod) && !failed.includes(uid)) {
      if (indexes === undefined) {
        if (!succeeded.includes(uid)) succeeded.push(uid);
      } else if (index !== undefined && !indexes.counted.has(index)) doneIndexes.push(pod);
    } else if (isCountable && !failed.includes(uid) && countsAsFailed(pod, seen, ending)) failed.push(uid);
  }
  const completed = indexes?.counted.union(indexesOf(doneIndexes, job));
  const conditions = withEnding(counted.conditions, ending);
  return {
    noted: {
      ...counted,
      conditions: [...conditions],
      ...(completed === undefined
        ? {}
        : { succeeded: completed.size, completedIndexes: completed.toString() }),
      ...(indexes?.failed === undefined ? {} : { failedIndexes: indexes.failed.toString() }),
      uncountedTerminatedPods: { succeeded, failed },
    },
    release,
    isFull,
  };
}

/** The status with noted pods counted that have lost their finalizer, or are gone. */
export function countReleased(status: JobStatus, pods: readonly Pod[]): JobStatus {
  const held = new Set(pods.filter(isTracked).map(({ metadata }) => metadata.uid));
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  const stays = (uid: string) => held.has(uid);
  const [notYet, notYetFailed] = [succeeded.filter(stays), failed.filter(stays)];
  return {
    ...status,
    succeeded: (status.succeeded ?? 0) + succeeded.length - notYet.length,
    failed: (status.failed ?? 0) + failed.length - notYetFailed.length,
    uncountedTerminatedPods: { succeeded: notYet, failed: notYetFailed },
  };
}

/**
 * The status of a job that has ended, once every pod is counted and none is still going away; undefined before.
 * @param now milliseconds since 1970
 */
export function finishedStatus(
  status: JobStatus,
  { reason = '', message = '' }: JobCondition,
  now: number,
): JobStatus | undefined {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  if (succeeded.length + failed.length > 0 || (status.terminating ?? 0) > 0) return undefined;
  const type = isConditionTrue(status.conditions, 'SuccessCriteriaMet') ? 'Complete' : 'Failed';
  const condition = jobCondition(type, { reason, message }, now);
  return {
    ...status,
    conditions: [...withJobCondition(status.conditions ?? [], condition)],
    ...(type === 'Complete' ? { completionTime: condition.lastTransitionTime } : {}),
  };
}

/** The status as it is stored: without zeros and empty texts and lists, where these mean the same as nothing. */
export function storedStatus(status: JobStatus): JobStatus {
  const { active, succeeded, failed, completedIndexes, conditions = [], ...rest } = status;
  const { succeeded: noted = [], failed: notedFailed = [] } = status.uncountedTerminatedPods ?? {};
  return {
    ...rest,
    active: active || undefined,
    succeeded: succeeded || undefined,
    failed: failed || undefined,
    completedIndexes: completedIndexes || undefined,
    conditions: conditions.length === 0 ? undefined : conditions,
    uncountedTerminatedPods: {
      ...(noted.length === 0 ? {} : { succeeded: noted }),
      ...(notedFailed.length === 0 ? {} : { failed: notedFailed }),
    },
  };
}

function withEnding(
  conditions: readonly JobCondition[] = [],
  ending: JobCondition | undefined,
): readonly JobCondition[] {
  if (ending === undefined || isConditionTrue(conditions, ending.type)) return conditions;
  return withJobCondition(conditions, ending);
}

function inIndexOrder(pods: readonly Pod[], { job, indexes }: JobObservation): readonly Pod[] {
  if (indexes === undefined) return pods;
  return [...pods].sort((a, b) => (completionIndex(a, job) ?? -1) - (completionIndex(b, job) ?? -1));
}

function mayRelease(pod: Pod, { job, indexes }: JobObservation, ending: JobCondition | undefined): boolean {
  if (job.metadata.deletionTimestamp !== undefined || ending !== undefined || isPodSucceeded(pod))
    return true;
  if (!isPodFailed(pod, job)) return false;
  const index = completionIndex(pod, job);
  // Its replacement gets the number of failures from it.
  return index === undefined || indexes?.replaced.get(index)?.metadata.uid !== pod.metadata.uid;
}

/** When a job fails, what has not ended has failed. */
function countsAsFailed(pod: Pod, { job }: JobObservation, ending: JobCondition | undefined): boolean {
  if (!isPodFailed(pod, job) && ending?.type !== 'FailureTarget') return false;
  return failureVerdict(job.spec?.podFailurePolicy, pod).counts;
}
