import { CronJob, type CronJobSpec } from '@kubewright/api/batch/v1';
import { validateRequiredChoice } from '../validation/choices.js';
import {
  type FieldError,
  type FieldPath,
  invalid,
  notSupported,
  path,
  required,
} from '../validation/field-error.js';
import { validateNonNegative } from '../validation/numbers.js';
import { scheduleError } from '../validation/schedule.js';
import { ageColumn, integer, nameColumn, orNone, text } from './columns.js';
import { timeSince } from './human-duration.js';
import { validateJobSpec } from './job/job-validation.js';
import { defaultJobTemplate, jobSpecWarnings } from './job.js';
import { defineRules } from './kind-rules.js';
import { dropDisabledPodFields } from './pod/disabled-fields.js';
import { podNameWarnings } from './warnings.js';
import { containerColumns, selectorColumn } from './workload-columns.js';

/** A job's name is that of its CronJob with eleven characters behind it. */
const maxName = 63 - 11;

export const cronJobRules = defineRules<CronJob>({
  kind: CronJob,
  storageKey: 'cronjobs',
  generation: true,
  default({ spec }) {
    if (spec === undefined) return;
    if (spec.jobTemplate !== undefined) defaultJobTemplate(spec.jobTemplate);
    spec.concurrencyPolicy ||= 'Allow';
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
  },
  dropDisabled: ({ spec }) => dropDisabledPodFields(spec?.jobTemplate?.spec?.template?.spec),
  prepareForCreate(cronJob) {
    cronJob.status = {};
  },
  validate: ({ spec }) => (spec === undefined ? [required(path('spec'))] : validateSpec(spec, path('spec'))),
  validateCreate({ metadata: { name = '' } }) {
    return name.length > maxName
      ? [invalid(path('metadata', 'name'), name, `must be no more than ${maxName} characters`)]
      : [];
  },
  warnings: ({ metadata, spec }, old) => [
    ...(old === undefined ? podNameWarnings(metadata.name ?? '') : []),
    ...jobSpecWarnings(spec?.jobTemplate?.spec, path('spec', 'jobTemplate', 'spec')),
  ],
  columns: [
    nameColumn,
    text('Schedule', 'When jobs start, as cron says it.', ({ spec }) => spec?.schedule ?? ''),
    text('Timezone', 'Time zone of the schedule.', ({ spec }) => orNone(spec?.timeZone)),
    // Declared as a boolean, but written as text.
    {
      ...text<CronJob>('Suspend', 'True while no jobs are started.', ({ spec }) =>
        spec?.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False',
      ),
      type: 'boolean',
    },
    integer('Active', 'Jobs that run now.', ({ status }) => (status?.active ?? []).length),
    text('Last Schedule', 'Time since a job was started last.', ({ status }, now) =>
      status?.lastScheduleTime === undefined ? '<none>' : timeSince(status.lastScheduleTime, now),
    ),
    ageColumn,
    ...containerColumns<CronJob>(({ spec }) => spec?.jobTemplate.spec?.template),
    selectorColumn(({ spec }) => spec?.jobTemplate.spec?.selector),
  ],
});

function validateSpec(spec: CronJobSpec, field: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (!spec.schedule) errors.push(required(field.child('schedule')));
  else errors.push(...validateSchedule(spec.schedule, field.child('schedule')));
  errors.push(...validateNonNegative(spec.startingDeadlineSeconds, field.child('startingDeadlineSeconds')));
  if (spec.timeZone !== undefined) errors.push(...validateTimeZone(spec.timeZone, field.child('timeZone')));
  errors.push(
    ...validateRequiredChoice(
      spec.concurrencyPolicy,
      ['Allow', 'Forbid', 'Replace'],
      field.child('concurrencyPolicy'),
    ),
  );
  const job = spec.jobTemplate?.spec;
  const at = field.child('jobTemplate', 'spec');
  if (job === undefined) errors.push(required(at));
  else {
    errors.push(...validateJobSpec(job, at));
    if (job.selector !== undefined)
      errors.push(invalid(at.child('selector'), job.selector, '`selector` will be auto-generated'));
    if (job.manualSelector === true)
      errors.push(notSupported(at.child('manualSelector'), true, ['nil', 'false']));
  }
  errors.push(
    ...validateNonNegative(spec.successfulJobsHistoryLimit, field.child('successfulJobsHistoryLimit')),
    ...validateNonNegative(spec.failedJobsHistoryLimit, field.child('failedJobsHistoryLimit')),
  );
  return errors;
}

function validateSchedule(schedule: string, field: FieldPath): FieldError[] {
  const error = scheduleError(schedule.replace(/^(CRON_)?TZ=\S*\s+/, ''));
  return [
    ...(error === undefined ? [] : [invalid(field, schedule, error)]),
    ...(schedule.includes('TZ')
      ? [invalid(field, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead')]
      : []),
  ];
}

/** What part of a time zone's name may be: no digits of its own, but names of old have them. */
const zonePart = /^(?!-)[A-Za-z._0-9+-]{1,14}$/;

function validateTimeZone(zone: string, field: FieldPath): FieldError[] {
  if (zone === '') return [invalid(field, zone, 'timeZone must be nil or non-empty string')];
  const isName = (part: string) => part !== '.' && part !== '..' && zonePart.test(part);
  if (!zone.split('/').every(isName)) return [invalid(field, zone, `unknown time zone ${zone}`)];
  if (zone.toLowerCase() === 'local')
    return [
      invalid(
        field,
        zone,
        'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
      ),
    ];
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return [];
  } catch (error) {
    if (error instanceof RangeError) return [invalid(field, zone, `unknown time zone ${zone}`)];
    throw error;
  }
}
