import { findCondition, isConditionTrue, parseTime } from '@kubewright/api';
import type { Job, JobCondition, JobStatus } from '@kubewright/api/batch/v1';
import type { Pod } from '@kubewright/api/core/v1';
import { isSuspended, jobCondition } from './job-conditions.js';
import type { JobObservation } from './job-observation.js';
import { isPodFailed } from './job-pod.js';
import { failureVerdict } from './pod-failure-policy.js';
import { fulfilledRule } from './success-policy.js';

/**
 * Why a job ends, whatever its pods do now: `SuccessCriteriaMet` or `FailureTarget`, as found before or new, or
 * undefined for one that goes on. Several reasons may hold at once; the first of these is the one that is told.
 * @param now milliseconds since 1970
 */
export function endingCondition(
  seen: JobObservation,
  status: JobStatus,
  now: number,
): JobCondition | undefined {
  const { job, pods, failed, indexes } = seen;
  const { spec } = job;
  for (const type of ['SuccessCriteriaMet', 'FailureTarget'])
    if (isConditionTrue(status.conditions, type)) return findCondition(status.conditions, type);
  const fail = (reason: string, message: string) => jobCondition('FailureTarget', { reason, message }, now);
  const verdict = failingVerdict(job, pods);
  if (verdict !== undefined) return fail('PodFailurePolicy', verdict);
  if (failed > (spec?.backoffLimit ?? 6) || restartsExceedLimit(job, pods))
    return fail('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  if (deadlineInMs(job, status, now) === 0)
    return fail('DeadlineExceeded', 'Job was active longer than specified deadline');
  if (indexes === undefined) return undefined;
  const completions = spec?.completions ?? 0;
  const failedIndexes = indexes.failed?.size ?? 0;
  if (spec?.maxFailedIndexes !== undefined && failedIndexes > spec.maxFailedIndexes)
    return fail(
      'MaxFailedIndexesExceeded',
      'Job has exceeded the specified maximal number of failed indexes',
    );
  if (failedIndexes > 0 && failedIndexes + indexes.succeeded.size >= completions)
    return fail('FailedIndexes', 'Job has failed indexes');
  const rule = fulfilledRule(spec?.successPolicy, completions, indexes.succeeded);
  return rule === undefined
    ? undefined
    : jobCondition('SuccessCriteriaMet', { reason: 'SuccessPolicy', message: rule }, now);
}

/** Whether all is done: so many completions, or, where no number is asked for, one and nothing that still runs. */
export function isComplete({ job, succeeded }: JobObservation, active: number): boolean {
  if (active > 0) return false;
  const { completions } = job.spec ?? {};
  return completions === undefined ? succeeded > 0 : succeeded >= completions;
}

/** In how many milliseconds the job's time is over: 0 when it is, undefined for one that has all the time. */
export function deadlineInMs(job: Job, { startTime }: JobStatus, now: number): number | undefined {
  const { activeDeadlineSeconds } = job.spec ?? {};
  const startedAt = parseTime(startTime ?? '');
  if (activeDeadlineSeconds === undefined || startedAt === undefined || isSuspended(job)) return undefined;
  return Math.max(0, startedAt + activeDeadlineSeconds * 1000 - now);
}

function failingVerdict(job: Job, pods: readonly Pod[]): string | undefined {
  const policy = job.spec?.podFailurePolicy;
  if (policy === undefined) return undefined;
  for (const pod of pods) {
    const message = isPodFailed(pod, job) ? failureVerdict(policy, pod).message : undefined;
    if (message !== undefined) return message;
  }
  return undefined;
}

/** Pods that start their containers again themselves count restarts in place of failed pods. */
function restartsExceedLimit({ spec }: Job, pods: readonly Pod[]): boolean {
  if (spec?.template.spec?.restartPolicy !== 'OnFailure') return false;
  const limit = spec.backoffLimit ?? 6;
  const restarts = pods
    .filter(({ status }) => status?.phase === 'Running' || status?.phase === 'Pending')
    .flatMap(({ status }) => [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])])
    .reduce((sum, { restartCount }) => sum + restartCount, 0);
  return limit === 0 ? restarts > 0 : restarts >= limit;
}
