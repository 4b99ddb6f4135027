import { emptyFieldSet, type FieldSet, fieldElement, hasSelf, makeNode } from './field-set.js';
import type { FieldType } from './field-types.js';
import { isObject, type JsonObject } from './json-object.js';
import { mismatch } from './type-problems.js';
import { elementOf, granularList, granularMap, isEmptyValue } from './typed-value.js';

/**
 * The fields that a value sets. Leaves, items and members of maps belong to the set, properties only through what is
 * below them. `onProblem` is told that something is not as its type foresees; what is one field is not looked into.
 */
export function fieldsOf(
  value: unknown,
  type: FieldType | undefined,
  onProblem?: () => void,
): FieldSet | undefined {
  const map = granularMap(type, value);
  if (map !== undefined) {
    const children: Record<string, FieldSet> = {};
    const object = value as JsonObject;
    for (const key of Object.keys(object)) {
      const member = object[key];
      const declared = map.property(key);
      if (declared === undefined && map.values === undefined) {
        onProblem?.();
        continue;
      }
      const node = fieldsOf(member, declared ?? map.values, onProblem);
      const whole = declared === undefined || (isObject(member) && isEmptyValue(member));
      const child = whole ? withSelf(node) : node;
      if (child !== undefined) children[fieldElement(key)] = child;
    }
    return makeNode(false, children);
  }
  const list = granularList(type, value);
  if (list === undefined) {
    if (onProblem !== undefined && type !== undefined && mismatch(value, type) !== undefined) onProblem();
    return emptyFieldSet;
  }
  const children: Record<string, FieldSet> = {};
  for (const item of value as unknown[]) {
    const found = elementOf(list, item);
    if ('problem' in found) {
      onProblem?.();
      continue;
    }
    const { element } = found;
    if (children[element] !== undefined) {
      onProblem?.();
      children[element] = emptyFieldSet;
    } else children[element] = withSelf(fieldsOf(item, list.item, onProblem));
  }
  return makeNode(false, children);
}

function withSelf(node: FieldSet | undefined): FieldSet {
  if (node === undefined) return emptyFieldSet;
  return hasSelf(node) ? node : { '.': emptyFieldSet, ...node };
}
