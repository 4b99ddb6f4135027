import type { CronJob, Job } from '@kubewright/api/batch/v1';
import type { OwnerReference } from '@kubewright/api/meta/v1';
import { formatInZone } from './time-zone.js';

const timeAnnotation = 'batch.kubernetes.io/cronjob-scheduled-timestamp';

/** One name for each minute, which is the finest that a schedule knows. @param due milliseconds since 1970 */
export function jobName({ metadata }: CronJob, due: number): string {
  return `${metadata.name ?? ''}-${Math.floor(due / 60_000)}`;
}

/** The job that is due at this time. */
export function jobOfCronJob(cronJob: CronJob, due: number, controller: OwnerReference): Job {
  const { jobTemplate, timeZone = 'UTC' } = cronJob.spec;
  const { labels, annotations } = jobTemplate.metadata ?? {};
  return {
    metadata: {
      name: jobName(cronJob, due),
      namespace: cronJob.metadata.namespace,
      ...(labels === undefined ? {} : { labels }),
      annotations: { ...annotations, [timeAnnotation]: formatInZone(due, timeZone) },
      ownerReferences: [controller],
    },
    spec: jobTemplate.spec,
  };
}
