import { emptyFieldSet, type FieldSet, fieldElement, hasSelf, makeNode, printElement } from './field-set.js';
import type { FieldType } from './field-types.js';
import { goType, goValue, isObject, type JsonObject } from './json-object.js';
import { elementOf, granularList, granularMap, isEmptyValue } from './typed-value.js';

/**
 * The fields that a value sets. Leaves, items and members of maps belong to the set, properties only through what is
 * below them. With `problems` it is checked besides: what is wrong is added there with its path.
 */
export function fieldsOf(
  value: unknown,
  type: FieldType | undefined,
  problems?: string[],
  path?: string,
): FieldSet | undefined {
  const map = granularMap(type, value);
  if (map !== undefined) {
    const children: Record<string, FieldSet> = {};
    const object = value as JsonObject;
    for (const key of Object.keys(object)) {
      const member = object[key];
      const declared = map.property(key);
      const below = path === undefined ? undefined : `${path}.${key}`;
      if (declared === undefined && map.values === undefined) {
        problems?.push(`${below}: field not declared in schema`);
        continue;
      }
      const node = fieldsOf(member, declared ?? map.values, problems, below);
      const whole = declared === undefined || (isObject(member) && isEmptyValue(member));
      const child = whole ? withSelf(node) : node;
      if (child !== undefined) children[fieldElement(key)] = child;
    }
    return makeNode(false, children);
  }
  const list = granularList(type, value);
  if (list === undefined) {
    const problem = problems && type && mismatch(value, type);
    if (problem) problems?.push(`${path}: ${problem}`);
    return emptyFieldSet;
  }
  const children: Record<string, FieldSet> = {};
  for (const [i, item] of (value as unknown[]).entries()) {
    const found = elementOf(list, item);
    if ('problem' in found) {
      problems?.push(`${path}: element ${i}: ${found.problem}`);
      continue;
    }
    const { element } = found;
    const printed = path === undefined ? undefined : `${path}${printElement(element)}`;
    if (children[element] !== undefined) {
      problems?.push(`${path}: duplicate entries for key ${printElement(element)}`);
      children[element] = emptyFieldSet;
    } else children[element] = withSelf(fieldsOf(item, list.item, problems, printed));
  }
  return makeNode(false, children);
}

/** What is wrong with a leaf that its type does not foresee, in the words of upstream's library. */
function mismatch(value: unknown, { scalar, list, map }: FieldType): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (scalar === 'numeric')
    return typeof value === 'number' || typeof value === 'bigint'
      ? undefined
      : `expected numeric (int or float), got ${goType(value)}`;
  if (scalar === 'string')
    return typeof value === 'string'
      ? undefined
      : `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`;
  if (scalar === 'boolean')
    return typeof value === 'boolean' ? undefined : `expected boolean, got &{${goValue(value)}}`;
  if (map !== undefined && list === undefined && !isObject(value))
    return `expected map, got &{${goValue(value)}}`;
  if (list !== undefined && map === undefined && !Array.isArray(value))
    return `expected list, got &{${goValue(value)}}`;
  return undefined;
}

/** A JSON value as Go's `%#v` prints it. */
function goSyntax(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (!isObject(value)) return value === null ? 'interface {}(nil)' : String(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${goSyntax(value[key])}`);
  return `map[string]interface {}{${members.join(', ')}}`;
}

function withSelf(node: FieldSet | undefined): FieldSet {
  if (node === undefined) return emptyFieldSet;
  return hasSelf(node) ? node : { '.': emptyFieldSet, ...node };
}
