import { duplicate, type FieldError, type FieldPath, tooMany } from '../../validation/field-error.js';

type Check<T> = (item: T, field: FieldPath) => FieldError[];

/** A list of at most so many items, if that is said; where there are more, none is looked at. */
export function validateList<T>(
  items: readonly T[],
  most: number | undefined,
  field: FieldPath,
  check: Check<T>,
): FieldError[] {
  if (most !== undefined && items.length > most) return [tooMany(field, items.length, most)];
  return items.flatMap((item, index) => check(item, field.index(index)));
}

/** How the keys of a map are checked. */
interface Keys {
  /** @default any number */
  readonly most?: number;
  /** Longer ones are shown without their middle. */
  readonly maxKeyLength: number;
  readonly validateKey: Check<string>;
}

/** A map of named values; where there are too many, none is looked at. */
export function validateMap<T>(
  values: Readonly<Record<string, T>>,
  { most, maxKeyLength, validateKey }: Keys,
  field: FieldPath,
  check: Check<T>,
): FieldError[] {
  const entries = Object.entries(values);
  if (most !== undefined && entries.length > most) return [tooMany(field, entries.length, most)];
  return entries.flatMap(([key, value]) => [
    ...validateKey(key, field),
    ...check(value, field.key(withoutMiddle(key, Math.max(16, maxKeyLength)))),
  ]);
}

function withoutMiddle(text: string, length: number): string {
  if (text.length <= length) return text;
  const kept = length - 3;
  return `${text.slice(0, Math.ceil(kept / 2))}...${text.slice(text.length - Math.floor(kept / 2))}`;
}

/** A list whose items differ by a key. What is there twice is told after all else. */
export function validateSet<T>(
  items: readonly T[],
  most: number | undefined,
  field: FieldPath,
  check: Check<T>,
  keyOf: (item: T) => string,
): FieldError[] {
  const errors = validateList(items, most, field, check);
  if (most !== undefined && items.length > most) return errors;
  const keys = new Set<string>();
  items.forEach((item, index) => {
    const key = keyOf(item);
    if (keys.has(key)) errors.push(duplicate(field.index(index), key));
    keys.add(key);
  });
  return errors;
}
