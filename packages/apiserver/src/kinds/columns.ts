import type { KubernetesObject } from '@kubewright/api';
import { timeSince } from './human-duration.js';
import type { Column } from './kind-rules.js';

/** The first column of nearly every kind. */
export const nameColumn: Column<KubernetesObject> = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name of the object, unique within its kind and namespace.',
  priority: 0,
  cell: ({ metadata }) => metadata.name ?? '',
};

/** How long ago the object was created. */
export const ageColumn: Column<KubernetesObject> = {
  name: 'Age',
  type: 'string',
  description: 'Time since the object was created.',
  priority: 0,
  cell: ({ metadata }, now) => timeSince(metadata.creationTimestamp, now),
};

/** What a kind without columns of its own shows beside the name. */
export const createdAtColumn: Column<KubernetesObject> = {
  name: 'Created At',
  type: 'date',
  description: 'When the object was created.',
  priority: 0,
  cell: ({ metadata }) => metadata.creationTimestamp ?? '',
};

/** A column of text. */
export function text<T>(
  name: string,
  description: string,
  cell: (object: T, now: number) => string,
): Column<T> {
  return { name, type: 'string', description, priority: 0, cell };
}

/** A column of numbers. */
export function integer<T>(name: string, description: string, cell: (object: T) => number): Column<T> {
  return { name, type: 'integer', description, priority: 0, cell };
}

/** A column whose cells are numbers although upstream declares it as text, which clients see in the table. */
export function count<T>(name: string, description: string, cell: (object: T) => number): Column<T> {
  return { ...integer(name, description, cell), type: 'string' };
}

/** A column of true and false. */
export function flag<T>(name: string, description: string, cell: (object: T) => boolean): Column<T> {
  return { name, type: 'boolean', description, priority: 0, cell };
}

/** Shows a column only with `-o wide`. */
export function wide<T>(column: Column<T>): Column<T> {
  return { ...column, priority: 1 };
}

/** An absent or empty value reads `<none>`. */
export function orNone(value: string | undefined): string {
  return value === undefined || value === '' ? '<none>' : value;
}

/** An absent value reads `<unset>`. */
export function orUnset(value: string | number | boolean | undefined): string {
  return value === undefined ? '<unset>' : String(value);
}

/** `a=1,b=2`, or `<none>`. */
export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  return orNone(
    Object.entries(labels ?? {})
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
  );
}
