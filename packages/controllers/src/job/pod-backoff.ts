import type { Pod } from '@kubewright/api/core/v1';
import { finishedAt } from './job-pod.js';

/** Pods of a job that failed since one succeeded. */
export interface FailureRecord {
  readonly failures: number;
  /** Milliseconds since 1970. */
  readonly lastFailure: number | undefined;
}

const firstWaitMs = 10_000;
const longestWaitMs = 600_000;

/** The record with pods that have ended since: only failures after the last success count. */
export function withEnded(
  record: FailureRecord = { failures: 0, lastFailure: undefined },
  succeeded: readonly Pod[],
  failed: readonly Pod[],
): FailureRecord {
  if (succeeded.length === 0 && failed.length === 0) return record;
  const lastSuccess = Math.max(...succeeded.map(finishedAt));
  const since = failed.map(finishedAt).filter((time) => time > lastSuccess);
  return {
    failures: (succeeded.length === 0 ? record.failures : 0) + since.length,
    lastFailure: since.length === 0 ? undefined : Math.max(...since),
  };
}

/** In how many milliseconds a pod may replace those that failed. */
export function backoffMs({ failures, lastFailure }: FailureRecord, now: number): number {
  if (failures === 0 || lastFailure === undefined) return 0;
  const waitMs = Math.min(firstWaitMs * 2 ** (failures - 1), longestWaitMs);
  return Math.max(0, lastFailure + waitMs - now);
}
