import { dns1123LabelErrors } from '@kubewright/api';
import type { Job, JobSpec } from '@kubewright/api/batch/v1';
import type { ObjectMeta } from '@kubewright/api/meta/v1';
import { validateChoice } from '../../validation/choices.js';
import {
  type FieldError,
  type FieldPath,
  invalid,
  notSupported,
  path,
  required,
  tooLong,
} from '../../validation/field-error.js';
import { validateDomainPrefixedPath } from '../../validation/formats.js';
import { goForm } from '../../validation/go-form.js';
import { validateLabelSelector } from '../../validation/label-selector.js';
import { validateNonNegative } from '../../validation/numbers.js';
import { validatePodTemplate } from '../pod/pod-validation.js';
import { validateSelected } from '../workload-validation.js';
import { validateFailurePolicy, validateSuccessPolicy } from './job-policy-validation.js';
import { generatedLabels } from './job-selector.js';

/** A job but for its metadata. Source: `ValidateJob` of batch. */
export function validateJob({ metadata, spec }: Job): FieldError[] {
  const field = path('spec');
  if (spec === undefined) return [required(field)];
  const errors = [...validateGenerated(metadata, spec, field), ...validateSelectedJobSpec(spec, field)];
  const { completions = 0 } = spec;
  if (spec.completionMode !== 'Indexed' || completions <= 0) return errors;
  const { name = '' } = metadata;
  const lastHostname = `${name}-${completions - 1}`;
  if (dns1123LabelErrors(lastHostname).length > 0)
    errors.push(
      invalid(
        path('metadata', 'name'),
        name,
        `will not able to create pod with invalid DNS label: ${lastHostname}`,
      ),
    );
  return errors;
}

/** The spec of a job by itself, with its selector. */
export function validateSelectedJobSpec(spec: JobSpec, field: FieldPath): FieldError[] {
  return [
    ...validateJobSpec(spec, field),
    ...(spec.selector === undefined
      ? [required(field.child('selector'))]
      : validateLabelSelector(spec.selector, field.child('selector'))),
    ...validateSelected(spec.selector, spec.template, field.child('template')),
  ];
}

function validateGenerated(
  { uid = '', name = '' }: ObjectMeta,
  spec: JobSpec,
  field: FieldPath,
): FieldError[] {
  if (spec.manualSelector === true || spec.selector === undefined) return [];
  const labels = spec.template.metadata?.labels ?? {};
  const at = field.child('template', 'metadata', 'labels');
  const wanted = generatedLabels(uid, name);
  const errors = Object.entries(wanted).flatMap(([key, value]) => {
    const has = labels[key];
    if (has === undefined) return [required(at.key(key), `must be '${value}'`)];
    return has === value ? [] : [invalid(at.key(key), labels, `must be '${value}'`)];
  });
  if (validateSelected(spec.selector, { metadata: { labels: wanted } }, at).length > 0)
    errors.push(invalid(field.child('selector'), spec.selector, '`selector` not auto-generated'));
  return errors;
}

const maxManagedBy = 63;
const modes = ['NonIndexed', 'Indexed'];
/** Bounds of Indexed jobs. Source: KEP-2214 and KEP-3850. */
const maxParallelism = 100_000;
const maxFailedIndexes = 100_000;
const manyCompletions = 100_000;
const manyParallelism = 10_000;
const manyFailedIndexes = 10_000;

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
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined)
    errors.push(required(field.child('backoffLimitPerIndex'), 'when maxFailedIndexes is specified'));
  if (spec.managedBy !== undefined) {
    const at = field.child('managedBy');
    errors.push(...validateDomainPrefixedPath(spec.managedBy, at));
    if (spec.managedBy.length > maxManagedBy) errors.push(tooLong(at, maxManagedBy));
  }
  errors.push(...validateChoice(spec.completionMode, modes, field.child('completionMode')));
  if (spec.completionMode === 'Indexed') errors.push(...validateIndexed(spec, field));
  if (spec.completionMode === undefined || spec.completionMode === 'NonIndexed')
    for (const name of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const)
      if (spec[name] !== undefined)
        errors.push(invalid(field.child(name), spec[name], 'requires indexed completion mode'));
  if (spec.podFailurePolicy !== undefined)
    errors.push(...validateFailurePolicy(spec, field.child('podFailurePolicy')));
  if (spec.successPolicy !== undefined) {
    const at = field.child('successPolicy');
    if (spec.completionMode !== 'Indexed')
      errors.push(
        invalid(at, goForm(spec.successPolicy, 'SuccessPolicy'), 'requires indexed completion mode'),
      );
    else if (spec.completions !== undefined) errors.push(...validateSuccessPolicy(spec, at));
  }
  return [
    ...errors,
    ...validateChoice(
      spec.podReplacementPolicy,
      spec.podFailurePolicy === undefined ? ['Failed', 'TerminatingOrFailed'] : ['Failed'],
      field.child('podReplacementPolicy'),
    ),
    ...validatePodTemplate(spec.template, field.child('template')),
    ...validateRestartPolicy(spec, field.child('template', 'spec', 'restartPolicy')),
  ];
}

function validateIndexed(spec: JobSpec, field: FieldPath): FieldError[] {
  const { completions, parallelism = 0, maxFailedIndexes: failed } = spec;
  const errors: FieldError[] = [];
  const atMost = (name: 'parallelism' | 'maxFailedIndexes', most: string) =>
    invalid(field.child(name), spec[name], `must be less than or equal to ${most}`);
  if (completions === undefined)
    errors.push(required(field.child('completions'), 'when completion mode is Indexed'));
  if (parallelism > maxParallelism)
    errors.push(atMost('parallelism', `${maxParallelism} when completion mode is Indexed`));
  if (completions !== undefined && failed !== undefined && failed > completions)
    errors.push(atMost('maxFailedIndexes', 'completions'));
  if (failed !== undefined && failed > maxFailedIndexes)
    errors.push(atMost('maxFailedIndexes', `${maxFailedIndexes}`));
  if (completions === undefined || completions <= manyCompletions || spec.backoffLimitPerIndex === undefined)
    return errors;
  const above = `when completions are above ${manyCompletions} and used with backoff limit per index`;
  if (failed === undefined)
    errors.push(
      required(
        field.child('maxFailedIndexes'),
        `must be specified when completions is above ${manyCompletions}`,
      ),
    );
  if (parallelism > manyParallelism) errors.push(atMost('parallelism', `${manyParallelism} ${above}`));
  if (failed !== undefined && failed > manyFailedIndexes)
    errors.push(atMost('maxFailedIndexes', `${manyFailedIndexes} ${above}`));
  return errors;
}

function validateRestartPolicy(spec: JobSpec, field: FieldPath): FieldError[] {
  const policy = spec.template.spec?.restartPolicy ?? '';
  // The default of a pod is none of a job's: who says nothing has to choose.
  if (policy === '' || policy === 'Always') return [required(field, 'valid values: "OnFailure", "Never"')];
  if (policy !== 'OnFailure' && policy !== 'Never')
    return [notSupported(field, policy, ['OnFailure', 'Never'])];
  return spec.podFailurePolicy !== undefined && policy !== 'Never'
    ? [invalid(field, policy, 'only "Never" is supported when podFailurePolicy is specified')]
    : [];
}
