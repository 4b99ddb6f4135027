import { labelValueErrors, qualifiedNameErrors } from '@kubewright/api';
import type { LabelSelector, LabelSelectorRequirement } from '@kubewright/api/meta/v1';
import { type FieldError, type FieldPath, forbiddenField, invalid, required } from './field-error.js';
import { validateFormat } from './formats.js';

type Labels = Readonly<Record<string, string>>;

/** Keys and values of labels, and of everything that is written like labels (node selectors, Service selectors). */
export function validateLabels(labels: Labels | undefined, field: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (labels === undefined) return errors;
  for (const [key, value] of Object.entries(labels))
    errors.push(...validateLabelKey(key, field), ...validateFormat(labelValueErrors, value, field));
  return errors;
}

export function validateLabelKey(key: string, field: FieldPath): FieldError[] {
  return validateFormat(qualifiedNameErrors, key, field);
}

export function validateLabelSelector(selector: LabelSelector | undefined, field: FieldPath): FieldError[] {
  if (selector === undefined) return [];
  const expressions = field.child('matchExpressions');
  return [
    ...validateLabels(selector.matchLabels, field.child('matchLabels')),
    ...(selector.matchExpressions ?? []).flatMap((requirement, index) =>
      validateRequirement(requirement, expressions.index(index)),
    ),
  ];
}

function validateRequirement(requirement: LabelSelectorRequirement, field: FieldPath): FieldError[] {
  const values = requirement.values ?? [];
  const valuesField = field.child('values');
  return [
    ...(validateValueCount(requirement.operator, values, field) ?? [
      invalid(field.child('operator'), requirement.operator ?? '', 'not a valid selector operator'),
    ]),
    ...validateLabelKey(requirement.key ?? '', field.child('key')),
    ...values.flatMap((value, index) => validateFormat(labelValueErrors, value, valuesField.index(index))),
  ];
}

/** Whether an operator of selectors has values where it needs them; undefined for one that there is not. */
export function validateValueCount(
  operator: string,
  values: readonly string[],
  field: FieldPath,
): FieldError[] | undefined {
  const valuesField = field.child('values');
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values.length > 0
        ? []
        : [required(valuesField, "must be specified when `operator` is 'In' or 'NotIn'")];
    case 'Exists':
    case 'DoesNotExist':
      return values.length === 0
        ? []
        : [forbiddenField(valuesField, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
    default:
      return undefined;
  }
}

/** True for a selector that has no requirement, which selects everything. */
export function isEmptySelector(selector: LabelSelector | undefined): boolean {
  return (
    Object.keys(selector?.matchLabels ?? {}).length === 0 && (selector?.matchExpressions ?? []).length === 0
  );
}
