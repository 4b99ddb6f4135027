import { type FieldError, type FieldPath, invalid, path } from '../validation/field-error.js';
import { validateNonNegative } from '../validation/numbers.js';
import type { SubresourceRules } from './kind-rules.js';

type Counts = Readonly<Record<string, unknown>>;

/** What the status of a workload counts, and how the counts hang together. */
export interface StatusCounts {
  /** Fields that must not be negative, in upstream's order. */
  readonly counts: readonly string[];
  /** Fields of which none may be above the field `replicas`. */
  readonly parts?: readonly string[];
  /** How upstream calls the ready replicas that available ones may not exceed; without it they may. */
  readonly ready?: string;
}

/** The status subresource of a workload. Source: `ValidateXStatusUpdate` of apps/v1. */
export function workloadStatus<T extends { status?: object | undefined }>(
  rules: StatusCounts,
): SubresourceRules<T> {
  return {
    validateUpdate(object, old) {
      const field = path('status');
      const status: Counts = { ...object.status };
      return [
        ...validateCounts(status, rules, field),
        ...validateCollisions(status, { ...old.status }, field),
      ];
    },
  };
}

/** The counts of a status, of a whole one or of a part of it. */
export function validateCounts(status: Counts, rules: StatusCounts, field: FieldPath): FieldError[] {
  const count = (name: string): number | undefined => {
    const value = status[name];
    return typeof value === 'number' ? value : undefined;
  };
  const errors = rules.counts.flatMap((name) => validateNonNegative(count(name), field.child(name)));
  for (const name of rules.parts ?? [])
    if ((count(name) ?? 0) > (count('replicas') ?? 0))
      errors.push(invalid(field.child(name), count(name), 'cannot be greater than status.replicas'));
  const available = count('availableReplicas') ?? 0;
  if (rules.ready !== undefined && available > (count('readyReplicas') ?? 0))
    errors.push(
      invalid(field.child('availableReplicas'), available, `cannot be greater than ${rules.ready}`),
    );
  return errors;
}

function validateCollisions(status: Counts, old: Counts, field: FieldPath): FieldError[] {
  const [now, before] = [status.collisionCount ?? 0, old.collisionCount ?? 0];
  return typeof now === 'number' && typeof before === 'number' && now < before
    ? [invalid(field.child('collisionCount'), now, 'cannot be decremented')]
    : [];
}
