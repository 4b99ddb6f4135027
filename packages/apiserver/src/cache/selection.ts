import { type FieldRequirement, type LabelRequirement, matchesFields, matchesLabels } from '@kubewright/api';
import type { Head } from './head.js';
import type { ObjectName } from './object-name.js';

/** Which objects a list or a watch is about, besides their namespace. Left out, a part selects everything. */
export interface Selection {
  readonly labels?: readonly LabelRequirement[];
  readonly fields?: readonly FieldRequirement[];
}

export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';

export function selects({ labels, fields }: Selection, name: ObjectName, head: Head): boolean {
  if (labels !== undefined && !matchesLabels(labels, head.labels)) return false;
  return fields === undefined || matchesFields(fields, (field) => fieldOf(name, head.fields, field));
}

/** The text of a field, metadata's own from the object's name; empty where it is not known. */
export function fieldOf(name: ObjectName, fields: Head['fields'], field: string): string {
  if (field === 'metadata.name') return name.name;
  if (field === 'metadata.namespace') return name.namespace;
  return fields[field] ?? '';
}

/**
 * What a change is to a watcher that sees only a selection: an object that enters it is ADDED, one that leaves it is
 * DELETED, whatever became of it otherwise. Undefined where the watcher saw it neither before nor after.
 */
export function transition(before: boolean, after: boolean): EventType | undefined {
  if (after) return before ? 'MODIFIED' : 'ADDED';
  return before ? 'DELETED' : undefined;
}

/** The label pairs that every selected object has: an index answers for them. */
export function requiredLabels({ labels = [] }: Selection): (readonly [key: string, value: string])[] {
  return labels.flatMap(({ key, operator, values }) => {
    const [value] = values;
    const isEquality = operator === '=' || operator === '==' || operator === 'in';
    return isEquality && value !== undefined && values.length === 1 ? [[key, value] as const] : [];
  });
}

/** The field values that every selected object has. */
export function requiredFields({ fields = [] }: Selection): (readonly [field: string, value: string])[] {
  return fields.flatMap(({ field, operator, value }) => (operator === '=' ? [[field, value] as const] : []));
}
