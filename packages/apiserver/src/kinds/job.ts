import { isConditionTrue } from '@kubewright/api';
import { Job, type JobSpec, type JobTemplateSpec } from '@kubewright/api/batch/v1';
import type { ObjectMeta } from '@kubewright/api/meta/v1';
import { validateChoice } from '../validation/choices.js';
import {
  type FieldError,
  type FieldPath,
  invalid,
  notSupported,
  path,
  required,
} from '../validation/field-error.js';
import { validateImmutable } from '../validation/immutable.js';
import { validateLabelSelector } from '../validation/label-selector.js';
import { validateNonNegative } from '../validation/numbers.js';
import { ageColumn, nameColumn, text } from './columns.js';
import { humanDuration } from './human-duration.js';
import { defineRules } from './kind-rules.js';
import { defaultPodTemplate } from './pod/pod-defaults.js';
import { maxInt32, validatePodTemplate } from './pod/pod-validation.js';
import { containerColumns, selectorColumn } from './workload-columns.js';
import { validateSelected } from './workload-validation.js';

/** The labels by which a job knows its pods; the first two are of old. */
const uidLabel = 'batch.kubernetes.io/controller-uid';
const nameLabel = 'batch.kubernetes.io/job-name';

export const jobRules = defineRules<Job>({
  kind: Job,
  storageKey: 'jobs',
  generation: true,
  defaultPropagation: 'Orphan',
  default({ metadata, spec }) {
    if (spec !== undefined) defaultJob(metadata, spec);
  },
  prepareForCreate(job) {
    job.status = {};
    if (job.spec !== undefined && job.spec.manualSelector !== true) generateSelector(job.metadata, job.spec);
  },
  validate({ metadata, spec }) {
    const field = path('spec');
    if (spec === undefined) return [required(field)];
    return [
      ...validateGenerated(metadata, spec, field),
      ...validateJobSpec(spec, field),
      ...(spec.selector === undefined
        ? [required(field.child('selector'))]
        : validateLabelSelector(spec.selector, field.child('selector'))),
      ...validateSelected(spec.selector, spec.template, field.child('template')),
    ];
  },
  validateUpdate(job, old) {
    const field = path('spec');
    const [spec, oldSpec] = [job.spec, old.spec];
    // An elastic job changes completions and parallelism together. Source: KEP-3715.
    const isElastic = spec?.completionMode === 'Indexed' && spec.completions === spec.parallelism;
    const mayMove = oldSpec?.suspend === true && old.status?.startTime === undefined;
    return [
      ...(isElastic
        ? []
        : validateImmutable(spec?.completions, oldSpec?.completions, field.child('completions'))),
      ...validateImmutable(spec?.selector, oldSpec?.selector, field.child('selector')),
      ...(mayMove ? [] : validateImmutable(spec?.template, oldSpec?.template, field.child('template'))),
      ...(
        ['completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'] as const
      ).flatMap((name) => validateImmutable(spec?.[name], oldSpec?.[name], field.child(name))),
    ];
  },
  fields: { 'status.successful': ({ status }) => String(status?.succeeded ?? 0) },
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
});

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

/** Labels and selector that no other job can have. A label that the user set stays, and is refused by validation. */
function generateSelector({ uid = '', name = '' }: ObjectMeta, spec: JobSpec): void {
  spec.template.metadata ??= {};
  spec.template.metadata.labels = { ...generatedLabels(uid, name), ...spec.template.metadata.labels };
  spec.selector ??= {};
  spec.selector.matchLabels ??= {};
  spec.selector.matchLabels[uidLabel] ??= uid;
}

function generatedLabels(uid: string, name: string): Record<string, string> {
  return { 'controller-uid': uid, 'job-name': name, [uidLabel]: uid, [nameLabel]: name };
}

function validateGenerated(
  { uid = '', name = '' }: ObjectMeta,
  spec: JobSpec,
  field: FieldPath,
): FieldError[] {
  if (spec.manualSelector === true || spec.selector === undefined) return [];
  const labels = spec.template.metadata?.labels ?? {};
  const at = field.child('template', 'metadata', 'labels');
  return Object.entries(generatedLabels(uid, name)).flatMap(([key, wanted]) => {
    const value = labels[key];
    if (value === undefined) return [required(at.key(key), `must be '${wanted}'`)];
    return value === wanted ? [] : [invalid(at.key(key), labels, `must be '${wanted}'`)];
  });
}

/** What a job and the template of a CronJob have in common. */
export function validateJobSpec(spec: JobSpec, field: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of [
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
    'backoffLimitPerIndex',
    'maxFailedIndexes',
  ] as const)
    errors.push(...validateNonNegative(spec[name], field.child(name)));
  errors.push(
    ...validateChoice(spec.completionMode, ['NonIndexed', 'Indexed'], field.child('completionMode')),
  );
  if (spec.completionMode === 'Indexed' && spec.completions === undefined)
    errors.push(required(field.child('completions'), 'when completion mode is Indexed'));
  errors.push(
    ...validateChoice(
      spec.podReplacementPolicy,
      ['Failed', 'TerminatingOrFailed'],
      field.child('podReplacementPolicy'),
    ),
    ...validatePodTemplate(spec.template, field.child('template')),
  );
  const policy = spec.template.spec?.restartPolicy ?? '';
  const at = field.child('template', 'spec', 'restartPolicy');
  if (policy === '' || policy === 'Always') errors.push(required(at, 'valid values: "OnFailure", "Never"'));
  else if (policy !== 'OnFailure' && policy !== 'Never')
    errors.push(notSupported(at, policy, ['OnFailure', 'Never']));
  else if (spec.podFailurePolicy !== undefined && policy !== 'Never')
    errors.push(invalid(at, policy, 'only "Never" is supported when podFailurePolicy is specified'));
  return errors;
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
