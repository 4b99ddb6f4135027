import { type FieldError, type FieldPath, invalid } from './field-error.js';
import { goForm } from './go-form.js';

/**
 * Deep equality as upstream means it: what is absent, null or an empty list is the same. (An empty object is not: it may
 * stand for a choice, as `emptyDir: {}`.)
 */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (isEmpty(a) && isEmpty(b)) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => sameValue(item, b[index]));
  if (isRecord(a) && isRecord(b))
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => sameValue(a[key], b[key]));
  return false;
}

/**
 * `field is immutable` where the value changed.
 * @param type of the struct that upstream has of it inside, where it does not look as in JSON
 */
export function validateImmutable(
  value: unknown,
  old: unknown,
  field: FieldPath,
  type = 'json',
): FieldError[] {
  if (sameValue(value, old)) return [];
  return [invalid(field, goForm(value, type), 'field is immutable')];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return false;
}
