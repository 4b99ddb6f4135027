import { compareQuantities, dns1123SubdomainErrors } from '@kubewright/api';
import type { PersistentVolumeClaimSpec } from '@kubewright/api/core/v1';
import { validateChoice } from '../validation/choices.js';
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  notSupported,
  required,
} from '../validation/field-error.js';
import { validateFormat } from '../validation/formats.js';
import { validateLabelSelector } from '../validation/label-selector.js';

export const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

/** What a claim asks for, its own or that of a template. */
export function validateClaimSpec(spec: PersistentVolumeClaimSpec, field: FieldPath): FieldError[] {
  const modes = spec.accessModes ?? [];
  const errors: FieldError[] = [];
  if (modes.length === 0)
    errors.push(required(field.child('accessModes'), 'at least 1 access mode is required'));
  errors.push(...validateLabelSelector(spec.selector, field.child('selector')));
  errors.push(...validateAccessModes(modes, field.child('accessModes')));
  const storage = spec.resources?.requests?.storage;
  const storageField = field.child('resources').key('storage');
  if (storage === undefined) errors.push(required(storageField));
  else if (compareQuantities(storage, '0') <= 0)
    errors.push(invalid(storageField, storage, 'must be greater than zero'));
  if (spec.storageClassName)
    errors.push(
      ...validateFormat(dns1123SubdomainErrors, spec.storageClassName, field.child('storageClassName')),
    );
  errors.push(...validateChoice(spec.volumeMode, ['Block', 'Filesystem'], field.child('volumeMode')));
  const source = spec.dataSource;
  if (source !== undefined) {
    const at = field.child('dataSource');
    if (!source.name) errors.push(required(at.child('name')));
    if (!source.kind) errors.push(required(at.child('kind')));
    if (!source.apiGroup && source.kind !== 'PersistentVolumeClaim')
      errors.push(
        invalid(at, source.kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"),
      );
  }
  return errors;
}

export function validateAccessModes(modes: readonly string[], field: FieldPath): FieldError[] {
  const errors = modes
    .filter((mode) => !accessModes.includes(mode))
    .map((mode) => notSupported(field, mode, accessModes));
  if (modes.includes('ReadWriteOncePod') && modes.length > 1)
    errors.push(forbiddenField(field, 'may not use ReadWriteOncePod with other access modes'));
  return errors;
}
