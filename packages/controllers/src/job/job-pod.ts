import { findCondition, parseTime } from '@kubewright/api';
import type { Job } from '@kubewright/api/batch/v1';
import type { ContainerStatus, Pod } from '@kubewright/api/core/v1';
import { hasFinalizer } from '../framework/finalizer.js';

/** Keeps a pod until its end is counted in its job's status. */
export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';
export const indexAnnotation = 'batch.kubernetes.io/job-completion-index';
export const failureCountAnnotation = 'batch.kubernetes.io/job-index-failure-count';
export const ignoredCountAnnotation = 'batch.kubernetes.io/job-index-ignored-failure-count';

export function isTracked(pod: Pod): boolean {
  return hasFinalizer(pod, trackingFinalizer);
}

/** Whether the pod is one of the two that a job waits for: a pod that goes away may still succeed. */
export function replacesOnlyFailed({ spec }: Job): boolean {
  return spec?.podReplacementPolicy === 'Failed' || spec?.podFailurePolicy !== undefined;
}

/** Failed, or so good as: a pod that is deleted may never get to say how it ended. */
export function isPodFailed({ metadata, status }: Pod, job: Job): boolean {
  if (status?.phase === 'Failed') return true;
  if (replacesOnlyFailed(job)) return false;
  return metadata.deletionTimestamp !== undefined && status?.phase !== 'Succeeded';
}

export function isPodSucceeded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded';
}

export function isIndexed({ spec }: Job): boolean {
  return spec?.completionMode === 'Indexed';
}

/** The completion index of a pod; undefined where it has none that is below the job's completions. */
export function completionIndex(pod: Pod, job: Job): number | undefined {
  const text = pod.metadata.annotations?.[indexAnnotation];
  if (text === undefined || !/^\d+$/.test(text)) return undefined;
  return Number(text) < (job.spec?.completions ?? 0) ? Number(text) : undefined;
}

/** How often pods of this one's index failed before it. */
export function indexFailures(pod: Pod): { readonly counted: number; readonly ignored: number } {
  const read = (annotation: string) => {
    const text = pod.metadata.annotations?.[annotation] ?? '';
    return /^\d+$/.test(text) ? Number(text) : 0;
  };
  return { counted: read(failureCountAnnotation), ignored: read(ignoredCountAnnotation) };
}

/** When the pod ended, as well as it can be told, in milliseconds since 1970. */
export function finishedAt(pod: Pod): number {
  const { metadata, status } = pod;
  const ready = findCondition(status?.conditions, 'Ready');
  const deleted = parseTime(metadata.deletionTimestamp ?? '');
  return (
    lastContainerEnd(pod) ??
    (ready?.status === 'False' ? parseTime(ready.lastTransitionTime ?? '') : undefined) ??
    (deleted === undefined ? undefined : deleted - (metadata.deletionGracePeriodSeconds ?? 0) * 1000) ??
    parseTime(metadata.creationTimestamp ?? '') ??
    0
  );
}

/** Undefined while one of them has not ended. Sidecars end last, so they count too. */
function lastContainerEnd({ spec, status }: Pod): number | undefined {
  const sidecars = new Set(
    (spec?.initContainers ?? [])
      .filter(({ restartPolicy }) => restartPolicy === 'Always')
      .map(({ name }) => name),
  );
  const counted: readonly ContainerStatus[] = [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name)),
  ];
  const ends = counted.map(({ state }) => parseTime(state?.terminated?.finishedAt ?? ''));
  if (ends.length === 0 || ends.includes(undefined)) return undefined;
  return Math.max(...ends.map((end) => end ?? 0));
}
