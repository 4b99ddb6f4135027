import { isConditionTrue } from '@kubewright/api';
import { Job, type JobSpec, type JobTemplateSpec } from '@kubewright/api/batch/v1';
import type { ObjectMeta } from '@kubewright/api/meta/v1';
import { type FieldPath, path } from '../validation/field-error.js';
import { ageColumn, nameColumn, text } from './columns.js';
import { humanDuration } from './human-duration.js';
import { generateSelector } from './job/job-selector.js';
import { validateJobStatus } from './job/job-status-validation.js';
import { validateJobUpdate } from './job/job-update-validation.js';
import { validateJob } from './job/job-validation.js';
import { defineRules } from './kind-rules.js';
import { dropDisabledPodFields } from './pod/disabled-fields.js';
import { defaultPodTemplate } from './pod/pod-defaults.js';
import { maxInt32 } from './pod/pod-validation.js';
import { podTemplateWarnings } from './pod/pod-warnings.js';
import { podNameWarnings } from './warnings.js';
import { containerColumns, selectorColumn } from './workload-columns.js';

export const jobRules = defineRules<Job>({
  kind: Job,
  metadataChecks: 'as new',
  storageKey: 'jobs',
  generation: true,
  defaultPropagation: 'Orphan',
  default({ metadata, spec }) {
    if (spec !== undefined) defaultJob(metadata, spec);
  },
  dropDisabled: ({ spec }) => dropDisabledPodFields(spec?.template?.spec),
  prepareForCreate(job) {
    job.status = {};
    if (job.spec === undefined) return;
    if (job.spec.manualSelector !== true) generateSelector(job.metadata, job.spec);
    // Upstream reads what it has stored with the defaults, and so answers with the labels of the template.
    defaultJob(job.metadata, job.spec);
  },
  validate: validateJob,
  validateUpdate: validateJobUpdate,
  fields: { 'status.successful': ({ status }) => String(status?.succeeded ?? 0) },
  fieldsRead: ['status.succeeded'],
  notSelectable: (field) => `field label "${field}" not supported for Job`,
  warnings: (job, old) => [
    ...(old === undefined ? podNameWarnings(job.metadata.name ?? '') : []),
    ...jobSpecWarnings(job.spec, path('spec')),
  ],
  columns: [
    nameColumn,
    text('Status', 'How far the job is.', statusOf),
    text('Completions', 'Pods that succeeded, and how many have to.', completionsOf),
    text('Duration', 'How long the job runs, or took.', ({ status }, now) => {
      if (status?.startTime === undefined) return '';
      const end = status.completionTime === undefined ? now : Date.parse(status.completionTime);
      return humanDuration(end - Date.parse(status.startTime));
    }),
    ageColumn,
    ...containerColumns<Job>(({ spec }) => spec?.template),
    selectorColumn(({ spec }) => spec?.selector),
  ],
  subresources: { status: { validateUpdate: validateJobStatus } },
});

const manyCompletions = 100_000;
const manyParallelism = 10_000;

/** What is odd about a job or the template of one. */
export function jobSpecWarnings(spec: JobSpec | undefined, field: FieldPath): string[] {
  const { completionMode, completions = 0, parallelism = 0 } = spec ?? {};
  const isHuge =
    completionMode === 'Indexed' && completions > manyCompletions && parallelism > manyParallelism;
  return [
    ...(isHuge
      ? [
          `${field}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, a Kubernetes control plane might not be able to track completedIndexes when a big number of indexes fail`,
        ]
      : []),
    ...podTemplateWarnings(spec?.template, field.child('template')),
  ];
}

/** The template of a CronJob's jobs gets what a job gets. */
export function defaultJobTemplate(template: JobTemplateSpec): void {
  template.metadata ??= {};
  if (template.spec === undefined) return;
  template.spec.template ??= {};
  defaultPodTemplate(template.spec.template);
}

function defaultJob(metadata: ObjectMeta, spec: JobSpec): void {
  spec.template ??= {};
  defaultPodTemplate(spec.template);
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : maxInt32;
  const labels = spec.template.metadata?.labels;
  if (labels !== undefined && Object.keys(metadata.labels ?? {}).length === 0)
    metadata.labels = { ...labels };
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed';
  for (const rule of spec.podFailurePolicy?.rules ?? []) {
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= 'True';
  }
  spec.manualSelector ??= false;
}

function statusOf({ metadata, status }: Job): string {
  const holds = (type: string) => isConditionTrue(status?.conditions, type);
  const ended = ['Complete', 'Failed'].find(holds);
  if (ended !== undefined) return ended;
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find(holds) ?? 'Running';
}

function completionsOf({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec?.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec?.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}
