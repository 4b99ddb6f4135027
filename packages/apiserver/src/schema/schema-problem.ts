import {
  type FieldError,
  FieldPath,
  invalid,
  notSupported,
  required,
  tooLong,
  tooMany,
  typeInvalid,
} from '../validation/field-error.js';

/** Where a value stands: linked, so that a path is only put together for an error. */
export interface Place {
  readonly parent: Place | undefined;
  /** A property, a map's key or a list's index: moves on as its siblings are walked. */
  segment: string | number;
}

/** `spec.items[0].name`; empty for the value as a whole. */
export function pathOf(place: Place | undefined): string {
  if (place === undefined) return '';
  const before = pathOf(place.parent);
  if (typeof place.segment === 'number') return `${before}[${place.segment}]`;
  return before === '' ? place.segment : `${before}.${place.segment}`;
}

/** What a schema finds wrong with a value. Source: kube-openapi's validation errors, in whose words they are told. */
export interface SchemaProblem {
  readonly path: string;
  /** How it becomes a field error; `whole` is told of no field. */
  readonly kind: 'required' | 'enum' | 'long' | 'many' | 'type' | 'other' | 'whole';
  readonly message: string;
  readonly value?: unknown;
  /** Of `long` and `many`. */
  readonly limit?: number;
  /** Of `enum`. */
  readonly values?: readonly unknown[];
}

/** Upstream's field for what is said of no field. */
export const noField = new FieldPath('<nil>');

/** The problem as upstream's `field.Error`; `root` is where the validated value stands. */
export function fieldErrorOf(problem: SchemaProblem, root: FieldPath | undefined): FieldError {
  const { path, kind, message, value, limit = -1 } = problem;
  const field = path === '' ? (root ?? noField) : root === undefined ? new FieldPath(path) : root.child(path);
  const shown = value === null || value === undefined ? '' : value;
  switch (kind) {
    case 'required':
      return required(field);
    case 'enum': {
      const names = (problem.values ?? []).map((one) =>
        typeof one === 'string' ? one : JSON.stringify(one),
      );
      return notSupported(field, value, names);
    }
    case 'long':
      return tooLong(field, limit);
    case 'many':
      return tooMany(field, Number(value), limit);
    case 'type':
      return typeInvalid(field, shown, message);
    case 'other':
      return invalid(field, shown, message);
    case 'whole':
      return invalid(root ?? noField, '', message);
  }
}

/** The field of a member; `parent` is undefined for a whole object. */
export function fieldOf(parent: FieldPath | undefined, name: string): FieldPath {
  return parent === undefined ? new FieldPath(name) : parent.child(name);
}
