import { type FieldError, type FieldPath, invalid } from './field-error.js';

/** A number that is set must not be negative. */
export function validateNonNegative(value: number | undefined, field: FieldPath): FieldError[] {
  return value !== undefined && value < 0
    ? [invalid(field, value, 'must be greater than or equal to 0')]
    : [];
}

/** A number that is not set counts as 0, which is too small. */
export function validatePositive(value: number | undefined, field: FieldPath): FieldError[] {
  return (value ?? 0) <= 0 ? [invalid(field, value ?? 0, 'must be greater than zero')] : [];
}
