import type { Job } from '@kubewright/api/batch/v1';
import type { Pod } from '@kubewright/api/core/v1';
import { isPodActive, isPodReady, isPodTerminating } from '../pods/pod-state.js';
import { IndexSet } from './index-set.js';
import {
  completionIndex,
  indexFailures,
  isIndexed,
  isPodFailed,
  isPodSucceeded,
  isTracked,
} from './job-pod.js';
import { failureVerdict } from './pod-failure-policy.js';

/** What a job's pods say, beside what its status has counted already. */
export interface JobObservation {
  readonly job: Job;
  /** All that the job controls. */
  readonly pods: readonly Pod[];
  readonly active: readonly Pod[];
  readonly ready: number;
  readonly terminating: number;
  /** Ended, and neither counted in the status nor noted there to be counted. */
  readonly newSucceeded: readonly Pod[];
  readonly newFailed: readonly Pod[];
  /** Counted, noted and new ones together; of an Indexed job, indexes. */
  readonly succeeded: number;
  /** The same, without those that the policy ignores. */
  readonly failed: number;
  /** Of an Indexed job. */
  readonly indexes?: JobIndexes;
}

export interface JobIndexes {
  /** As the status had them. */
  readonly counted: IndexSet;
  readonly succeeded: IndexSet;
  /** Where failures are counted by index. */
  readonly failed: IndexSet | undefined;
  /**
   * The last failed pod of each index that needs another: it stays until its replacement is there, which gets the
   * number of failures from it.
   */
  readonly replaced: ReadonlyMap<number, Pod>;
}

export function observeJob(job: Job, pods: readonly Pod[]): JobObservation {
  const { status = {}, spec } = job;
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  const active = pods.filter(isPodActive);
  const counted = (pod: Pod) =>
    isTracked(pod) && (!isIndexed(job) || completionIndex(pod, job) !== undefined);
  const isNew = (noted: readonly string[]) => (pod: Pod) =>
    counted(pod) && !noted.includes(pod.metadata.uid ?? '');
  const newSucceeded = pods.filter(isPodSucceeded).filter(isNew(succeeded));
  const newFailed = pods.filter((pod) => isPodFailed(pod, job)).filter(isNew(failed));
  const counting = newFailed.filter((pod) => failureVerdict(spec?.podFailurePolicy, pod).counts);
  const indexes = isIndexed(job) ? observeIndexes(job, pods, active) : undefined;
  return {
    job,
    pods,
    active,
    ready: active.filter(isPodReady).length,
    terminating: pods.filter(isPodTerminating).length,
    newSucceeded,
    newFailed,
    succeeded: indexes?.succeeded.size ?? (status.succeeded ?? 0) + succeeded.length + newSucceeded.length,
    failed: (status.failed ?? 0) + failed.length + counting.length,
    ...(indexes === undefined ? {} : { indexes }),
  };
}

function observeIndexes(job: Job, pods: readonly Pod[], active: readonly Pod[]): JobIndexes {
  const completions = job.spec?.completions ?? 0;
  const tracked = pods.filter(isTracked);
  const counted = IndexSet.parse(job.status?.completedIndexes, completions);
  const succeeded = counted.union(indexesOf(tracked.filter(isPodSucceeded), job));
  if (job.spec?.backoffLimitPerIndex === undefined)
    return { counted, succeeded, failed: undefined, replaced: new Map() };
  const failedPods = tracked.filter((pod) => isPodFailed(pod, job));
  const failed = IndexSet.parse(job.status?.failedIndexes, completions).union(
    indexesOf(
      failedPods.filter((pod) => failsIndex(pod, job)),
      job,
    ),
  );
  const settled = succeeded.union(failed).union(indexesOf(active, job));
  const replaced = new Map<number, Pod>();
  for (const pod of failedPods) {
    const index = completionIndex(pod, job);
    if (index === undefined || settled.has(index)) continue;
    const other = replaced.get(index);
    if (other === undefined || allFailures(other) <= allFailures(pod)) replaced.set(index, pod);
  }
  return { counted, succeeded, failed, replaced };
}

/** The indexes that these pods have. */
export function indexesOf(pods: readonly Pod[], job: Job): IndexSet {
  return IndexSet.of(
    pods.flatMap((pod) => {
      const index = completionIndex(pod, job);
      return index === undefined ? [] : [index];
    }),
  );
}

/** Whether this failure is one too many for the pod's index. */
function failsIndex(pod: Pod, { spec }: Job): boolean {
  const { counts, action } = failureVerdict(spec?.podFailurePolicy, pod);
  if (action === 'FailIndex') return true;
  return counts && indexFailures(pod).counted >= (spec?.backoffLimitPerIndex ?? 0);
}

/** Failures of the pod's index before it, ignored ones too. */
export function allFailures(pod: Pod): number {
  const { counted, ignored } = indexFailures(pod);
  return counted + ignored;
}
