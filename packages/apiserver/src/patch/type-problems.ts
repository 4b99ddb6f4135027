import { printElement } from './field-set.js';
import type { FieldType } from './field-types.js';
import { goType, goValue, isObject } from './json-object.js';
import { elementOf } from './typed-value.js';

/**
 * What of a value its type does not foresee, each with its path, in the words of upstream's library
 * (structured-merge-diff's `validate`): all of it, what is one field included.
 */
export function typeProblems(value: unknown, type: FieldType | undefined, path = ''): string[] {
  if (type === undefined || value === null || value === undefined) return [];
  if (Array.isArray(value) && type.list !== undefined) {
    const problems: string[] = [];
    const { list } = type;
    const seen = new Set<string>();
    for (const [index, item] of value.entries()) {
      let element = `[${index}]`;
      if (list.relation !== 'atomic') {
        const found = elementOf(list, item);
        // What no path leads to ends the look at the list.
        if ('problem' in found) return [...problems, `${path}: element ${index}: ${found.problem}`];
        element = printElement(found.element);
        if (seen.has(element)) problems.push(`${path}: duplicate entries for key ${element}`);
        seen.add(element);
      }
      problems.push(...typeProblems(item, list.item, `${path}${element}`));
    }
    return problems;
  }
  if (isObject(value) && type.map !== undefined) {
    const { map } = type;
    return Object.entries(value).flatMap(([key, member]) => {
      const declared = map.property(key) ?? map.values;
      const below = `${path}.${key}`;
      return declared === undefined
        ? [`${below}: field not declared in schema`]
        : typeProblems(member, declared, below);
    });
  }
  const problem = mismatch(value, type);
  return problem === undefined ? [] : [`${path}: ${problem}`];
}

/** What is wrong with a value that is neither a list nor a map of its type. */
export function mismatch(value: unknown, { scalar, list, map }: FieldType): string | undefined {
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
