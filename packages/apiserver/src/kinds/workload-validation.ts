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
import { sortedKeys } from '../validation/sorted-keys.js';
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

/**
 * `selector` does not match template `labels`
 * @param unreadable how a selector is refused that can't be read
 */
export function validateSelected(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec,
  field: FieldPath,
  unreadable: { readonly selector: FieldPath; readonly detail: string } | 'said elsewhere' = {
    selector: path('spec', 'selector'),
    detail: 'invalid label selector',
  },
): FieldError[] {
  const labels = template.metadata?.labels;
  // One that can't be read selects nothing that could be compared.
  if (validateLabelSelector(selector, field).length > 0)
    return unreadable === 'said elsewhere'
      ? []
      : [invalid(unreadable.selector, selector && shownSelector(selector), unreadable.detail)];
  // No selector at all selects nothing, an empty one everything.
  return (selector !== undefined && isEmptySelector(selector)) || selectorMatches(selector, labels)
    ? []
    : [mismatch(labels, field)];
}

/** The same for a selector that is a plain map, whatever stands in it. */
export function validateLabelsHold(
  selector: Readonly<Record<string, string>>,
  { metadata }: PodTemplateSpec,
  field: FieldPath,
): FieldError[] {
  const labels = metadata?.labels;
  return Object.entries(selector).every(([key, value]) => labels?.[key] === value)
    ? []
    : [mismatch(labels, field)];
}

function mismatch(labels: Readonly<Record<string, string>> | undefined, field: FieldPath): FieldError {
  return invalid(
    field.child('metadata', 'labels'),
    labels === undefined ? null : sortedKeys(labels),
    '`selector` does not match template `labels`',
  );
}

/** As upstream prints it: labels sorted, nothing of a requirement left out that has no value. */
function shownSelector({ matchLabels, matchExpressions }: LabelSelector): LabelSelector {
  return {
    ...(matchLabels === undefined ? {} : { matchLabels: sortedKeys(matchLabels) }),
    ...(matchExpressions === undefined
      ? {}
      : {
          matchExpressions: matchExpressions.map(({ key = '', operator = '', ...rest }) => ({
            ...{ key, operator },
            ...rest,
          })),
        }),
  };
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

/** True for 0 and 0%, and for what is neither a number nor a share. */
export function isNone(value: IntOrString | undefined): boolean {
  if (typeof value !== 'string') return (value ?? 0) === 0;
  return !(Math.abs(Number.isNaN(shareOf(value)) ? wholeOf(value) : shareOf(value)) > 0);
}

function wholeOf(value: string): number {
  return /^[+-]?[0-9]+$/.test(value) ? Number(value) : 0;
}

function shareOf(value: string): number {
  return /^[0-9]+%$/.test(value) ? Number(value.slice(0, -1)) : Number.NaN;
}
