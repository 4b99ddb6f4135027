import type { CronJob, Job } from '@kubewright/api/batch/v1';
import { finishedType } from '../job/job-conditions.js';

/** The finished jobs beyond what the limits of the history keep, the first started first. */
export function oldestJobs({ spec }: CronJob, jobs: readonly Job[]): readonly Job[] {
  return [
    ...surplus(jobs, 'Complete', spec.successfulJobsHistoryLimit),
    ...surplus(jobs, 'Failed', spec.failedJobsHistoryLimit),
  ];
}

function surplus(jobs: readonly Job[], type: 'Complete' | 'Failed', limit: number | undefined): Job[] {
  if (limit === undefined) return [];
  const ended = jobs.filter((job) => finishedType(job) === type).sort(byStartTime);
  return ended.slice(0, Math.max(0, ended.length - limit));
}

/** One that never started comes last. */
function byStartTime(a: Job, b: Job): number {
  const [first, second] = [startTime(a), startTime(b)];
  if (first !== second) return first < second ? -1 : 1;
  return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1;
}

function startTime({ status }: Job): number {
  return status?.startTime === undefined ? Number.POSITIVE_INFINITY : Date.parse(status.startTime);
}
