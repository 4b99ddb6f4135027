import { duplicate, type FieldError, type FieldPath, tooMany } from '../../validation/field-error.js';

type Check<T> = (item: T, field: FieldPath) => FieldError[];

/** A list of at most so many items; where there are more, none is looked at. */
export function validateList<T>(
  items: readonly T[],
  most: number,
  field: FieldPath,
  check: Check<T>,
): FieldError[] {
  if (items.length > most) return [tooMany(field, items.length, most)];
  return items.flatMap((item, index) => check(item, field.index(index)));
}

/** A list whose items differ by a key. What is there twice is told after all else. */
export function validateSet<T>(
  items: readonly T[],
  most: number,
  field: FieldPath,
  check: Check<T>,
  keyOf: (item: T) => string,
): FieldError[] {
  const errors = validateList(items, most, field, check);
  if (items.length > most) return errors;
  const keys = new Set<string>();
  items.forEach((item, index) => {
    const key = keyOf(item);
    if (keys.has(key)) errors.push(duplicate(field.index(index), key));
    keys.add(key);
  });
  return errors;
}
