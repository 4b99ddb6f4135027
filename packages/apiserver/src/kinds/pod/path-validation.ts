import { type FieldError, type FieldPath, invalid } from '../../validation/field-error.js';

/** No element of the path is `..`. */
export function validateNoBacksteps(text: string, field: FieldPath): FieldError[] {
  return text.split('/').includes('..') ? [invalid(field, text, "must not contain '..'")] : [];
}

/** A relative path that stays below where it starts. */
export function validateDescending(text: string, field: FieldPath): FieldError[] {
  return [
    ...(text.startsWith('/') ? [invalid(field, text, 'must be a relative path')] : []),
    ...validateNoBacksteps(text, field),
  ];
}

/** The same for files in a volume that the kubelet writes: names that start with `..` are its own. */
export function validateProjectedPath(text: string, field: FieldPath): FieldError[] {
  return [
    ...validateDescending(text, field),
    ...(text.startsWith('..') && !text.startsWith('../') && text !== '..'
      ? [invalid(field, text, "must not start with '..'")]
      : []),
  ];
}
