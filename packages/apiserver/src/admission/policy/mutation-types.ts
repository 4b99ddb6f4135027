import type { TypeNames } from '../../cel/environment.js';
import type { Value } from '../../cel/index.js';
import { DYN, type ObjectFields, type ObjectType, STRING } from '../../cel/types.js';
import { CreatedObject } from '../../cel/values/created-object.js';
import { elements, isList } from '../../cel/values/list-value.js';
import { isMap, mapGet, mapKeys } from '../../cel/values/map-value.js';

/** What fields of a change may be is known only when it is applied. */
const anyField: ObjectFields = { has: () => true, get: (name) => ({ name, type: DYN }) };

function constructible(name: string, fields: ObjectFields): ObjectType {
  return { kind: 'object', name, constructible: true, fields: () => fields };
}

export const appliedObject = constructible('Object', anyField);

export const jsonPatchOperation = constructible(
  'JSONPatch',
  new Map([
    ['op', { name: 'op', type: STRING }],
    ['path', { name: 'path', type: STRING }],
    ['from', { name: 'from', type: STRING }],
    ['value', { name: 'value', type: DYN }],
  ]),
);

/** `Object`, `Object.spec`, `Object.spec.template`, …, and `JSONPatch`: what mutations are made of. */
export const mutationTypes: TypeNames = {
  get(name) {
    if (name === appliedObject.name) return appliedObject;
    if (name === jsonPatchOperation.name) return jsonPatchOperation;
    return name.startsWith('Object.') ? constructible(name, anyField) : undefined;
  },
};

/** What is wrong with the names of the types in a change: each is that of the place where it stands. */
export function typeNameErrors(value: Value, path = appliedObject.name): string[] {
  if (isList(value)) return elements(value).flatMap((element) => typeNameErrors(element, path));
  if (!isMap(value)) return [];
  const errors: string[] = [];
  const isObject = value instanceof CreatedObject;
  if (isObject && value.objectType.name !== path)
    errors.push(
      `unexpected type name "${value.objectType.name}", expected "${path}", which matches field name path from root Object type`,
    );
  for (const key of mapKeys(value))
    errors.push(...typeNameErrors(mapGet(value, key)!, isObject ? `${path}.${String(key)}` : path));
  return errors;
}
