import { selectorMatches } from '@kubewright/api';
import type { PodTemplateSpec } from '@kubewright/api/core/v1';
import type { IntOrString, LabelSelector } from '@kubewright/api/meta/v1';
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  notSupported,
  path,
  required,
} from '../validation/field-error.js';
import { percent } from '../validation/formats.js';
import { isEmptySelector, validateLabelSelector } from '../validation/label-selector.js';
import { validateNonNegative } from '../validation/numbers.js';
import { validatePodTemplate } from './pod/pod-validation.js';

/** The selector that every workload must have. */
export function validateWorkloadSelector(
  selector: LabelSelector | undefined,
  field: FieldPath,
  whenEmpty: string,
): FieldError[] {
  if (selector === undefined) return [required(field)];
  const errors = validateLabelSelector(selector, field);
  if (isEmptySelector(selector)) errors.push(invalid(field, selector, whenEmpty));
  return errors;
}

/** `selector` does not match template `labels` */
export function validateSelected(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec,
  field: FieldPath,
): FieldError[] {
  const labels = template.metadata?.labels;
  // One that can't be read selects nothing that could be compared.
  if (validateLabelSelector(selector, field).length > 0)
    return [invalid(path('spec', 'selector'), selector, 'invalid label selector')];
  // No selector at all selects nothing, an empty one everything.
  return (selector !== undefined && isEmptySelector(selector)) || selectorMatches(selector, labels)
    ? []
    : [
        invalid(
          field.child('metadata', 'labels'),
          labels ?? null,
          '`selector` does not match template `labels`',
        ),
      ];
}

/** The template of a workload whose pods run for ever. */
export function validateServiceTemplate(
  template: PodTemplateSpec,
  field: FieldPath,
  kind: string,
): FieldError[] {
  return [...validatePodTemplate(template, field), ...validateEndless(template, field, kind)];
}

/** Pods that a workload replaces must neither end by themselves nor have a deadline. */
function validateEndless({ spec }: PodTemplateSpec, field: FieldPath, kind: string): FieldError[] {
  const errors: FieldError[] = [];
  if (spec?.restartPolicy !== 'Always')
    errors.push(notSupported(field.child('spec', 'restartPolicy'), spec?.restartPolicy ?? '', ['Always']));
  if (spec?.activeDeadlineSeconds !== undefined)
    errors.push(
      forbiddenField(
        field.child('spec', 'activeDeadlineSeconds'),
        `activeDeadlineSeconds in ${kind} is not Supported`,
      ),
    );
  return errors;
}

/** A count, or a share of all as `25%`. */
export function validateCountOrPercent(value: IntOrString | undefined, field: FieldPath): FieldError[] {
  if (typeof value === 'string') return percent(value).map((message) => invalid(field, value, message));
  return validateNonNegative(value, field);
}

/** A share must not be above the whole. */
export function validateAtMostAll(value: IntOrString | undefined, field: FieldPath): FieldError[] {
  return typeof value === 'string' && shareOf(value) > 100
    ? [invalid(field, value, 'must not be greater than 100%')]
    : [];
}

/** True for 0 and 0%. */
export function isNone(value: IntOrString | undefined): boolean {
  return typeof value === 'string' ? shareOf(value) === 0 : (value ?? 0) === 0;
}

function shareOf(value: string): number {
  return /^[0-9]+%$/.test(value) ? Number(value.slice(0, -1)) : Number.NaN;
}
