import { dns1123SubdomainErrors } from '@kubewright/api';
import { type FieldError, type FieldPath, required, tooLong } from '../../validation/field-error.js';
import { validateFormat } from '../../validation/formats.js';

const maxLength = 253;

/** The name of a pool of devices: one or more domains with slashes between. */
export function validatePoolName(name: string | undefined, field: FieldPath): FieldError[] {
  if (!name) return [required(field)];
  return [
    ...(name.length > maxLength ? [tooLong(field, maxLength)] : []),
    ...name.split('/').flatMap((part) => validateFormat(dns1123SubdomainErrors, part, field)),
  ];
}
