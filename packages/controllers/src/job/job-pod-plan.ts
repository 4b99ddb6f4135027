import type { Job } from '@kubewright/api/batch/v1';
import type { Pod } from '@kubewright/api/core/v1';
import { inDeletionOrder } from '../pods/deletion-order.js';
import { isPodTerminating } from '../pods/pod-state.js';
import { isSuspended } from './job-conditions.js';
import { allFailures, indexesOf, type JobObservation } from './job-observation.js';
import { completionIndex, finishedAt, isIndexed, replacesOnlyFailed } from './job-pod.js';
import { backoffMs } from './pod-backoff.js';

/** The most pods that one reconcile creates or deletes. */
const burst = 500;

/** What to do about a job's pods: either create, or delete, or wait. */
export interface JobPodPlan {
  readonly remove: readonly Pod[];
  /** How many; of an Indexed job, which. */
  readonly create: number | readonly number[];
  /** When to look again, because failed pods are not replaced at once. */
  readonly waitMs?: number | undefined;
}

/** @param jobBackoffMs how long the job has to wait before it replaces pods; its indexes may have a wait of their own */
export function planJobPods(seen: JobObservation, jobBackoffMs: number, now: number): JobPodPlan {
  const { job, active, indexes } = seen;
  const nothing: JobPodPlan = { remove: [], create: 0 };
  if (isSuspended(job)) return { ...nothing, remove: surplus(job, active, active.length, now) };
  const wanted = wantedActive(seen);
  const remove = surplus(job, active, Math.max(0, active.length - wanted), now).slice(0, burst);
  if (remove.length > 0) return { ...nothing, remove };
  const awaited = replacesOnlyFailed(job) ? seen.terminating : 0;
  const missing = Math.min(wanted - awaited - active.length, burst);
  if (missing <= 0) return nothing;
  const perIndex = job.spec?.backoffLimitPerIndex !== undefined;
  if (!perIndex && jobBackoffMs > 0) return { ...nothing, waitMs: jobBackoffMs };
  if (indexes === undefined) return { ...nothing, create: missing };
  const pending = pendingIndexes(seen, missing);
  const waits = pending.map((index) => indexBackoffMs(indexes.replaced.get(index), now));
  const due = pending.filter((_, at) => waits[at] === 0);
  return due.length > 0 || pending.length === 0
    ? { ...nothing, create: due }
    : { ...nothing, waitMs: Math.min(...waits) };
}

function wantedActive({ job, active, succeeded }: JobObservation): number {
  const { parallelism = 1, completions } = job.spec ?? {};
  // Without a number of completions one success is enough: what runs may end, and nothing more starts.
  if (completions === undefined) return succeeded > 0 ? active.length : parallelism;
  return Math.max(0, Math.min(completions - succeeded, parallelism));
}

/** The pods to give up: so many at least, and of an Indexed job all that have no index, or another's. */
function surplus(job: Job, active: readonly Pod[], atLeast: number, now: number): Pod[] {
  const ordered = inDeletionOrder(active, [], now);
  if (!isIndexed(job)) return ordered.slice(0, atLeast);
  // The pod of an index that would be given up last is the one that stays.
  const keepers = new Map<number, Pod>();
  for (const pod of ordered) {
    const index = completionIndex(pod, job);
    if (index !== undefined) keepers.set(index, pod);
  }
  const kept = new Set(keepers.values());
  const remove = ordered.filter((pod) => !kept.has(pod));
  const more = ordered.filter((pod) => kept.has(pod)).slice(0, Math.max(0, atLeast - remove.length));
  return [...remove, ...more];
}

function pendingIndexes({ job, pods, active, indexes }: JobObservation, count: number): number[] {
  if (indexes === undefined) return [];
  let taken = indexes.succeeded.union(indexesOf(active, job));
  if (replacesOnlyFailed(job)) taken = taken.union(indexesOf(pods.filter(isPodTerminating), job));
  if (indexes.failed !== undefined) taken = taken.union(indexes.failed);
  return taken.firstMissing(count, job.spec?.completions ?? 0);
}

function indexBackoffMs(replaced: Pod | undefined, now: number): number {
  if (replaced === undefined) return 0;
  return backoffMs({ failures: allFailures(replaced) + 1, lastFailure: finishedAt(replaced) }, now);
}
