import { type FieldError, type FieldPath, notSupported, required } from './field-error.js';

/** One of the values, in the order in which the message lists them; nothing when the value is not set. */
export function validateChoice(
  value: string | undefined,
  supported: readonly string[],
  field: FieldPath,
): FieldError[] {
  return value === undefined || supported.includes(value) ? [] : [notSupported(field, value, supported)];
}

/** The same for a value that must be there. */
export function validateRequiredChoice(
  value: string | undefined,
  supported: readonly string[],
  field: FieldPath,
): FieldError[] {
  return value === undefined || value === '' ? [required(field)] : validateChoice(value, supported, field);
}
