import type { ApiError } from '@kubewright/api';
import type { DeleteOptions } from '@kubewright/api/meta/v1';
import { type FieldError, invalid, invalidObject, notSupported, path } from './field-error.js';

/** What is wrong with the options of a delete. Source: apimachinery's `ValidateDeleteOptions`. */
export function deleteOptionsErrors({
  orphanDependents,
  propagationPolicy,
  dryRun,
}: DeleteOptions): FieldError[] {
  const field = path('propagationPolicy');
  const errors: FieldError[] = [];
  if (orphanDependents != null && propagationPolicy != null)
    errors.push(
      invalid(field, propagationPolicy, 'orphanDependents and deletionPropagation cannot be both set'),
    );
  if (propagationPolicy != null && !policies.includes(propagationPolicy))
    errors.push(notSupported(field, propagationPolicy, [...policies, 'nil']));
  return [...errors, ...dryRunErrors(dryRun ?? [])];
}

const policies = ['Foreground', 'Background', 'Orphan'];

/** What is wrong with the values of `dryRun`. */
export function dryRunErrors(values: readonly string[]): FieldError[] {
  return values.every((value) => value === 'All') ? [] : [notSupported(path('dryRun'), values, ['All'])];
}

/** The refusal of options: `DeleteOptions.meta.k8s.io "" is invalid: …`. */
export function invalidOptions(kind: string, errors: readonly FieldError[]): ApiError {
  return invalidObject({ group: 'meta.k8s.io', plural: kind.toLowerCase(), kind }, '', errors);
}
