import { type FieldSet, sortedSet } from './field-set.js';
import type { FieldType } from './field-types.js';
import { isObject, type JsonObject } from './json-object.js';
import { elementOf, granularList, granularMap, memberType } from './typed-value.js';

/** How many shapes of a type are remembered. */
const mostShapes = 256;
const knownShapes = new WeakMap<FieldType, Map<string, FieldSet>>();

/**
 * The fields of a new object, sorted. They depend on its shape alone, and controllers create many objects of one shape
 * (the pods of a ReplicaSet): what `compute` finds is remembered for the next one.
 */
export function fieldsByShape(object: JsonObject, type: FieldType, compute: () => FieldSet): FieldSet {
  let shapes = knownShapes.get(type);
  if (shapes === undefined) {
    shapes = new Map();
    knownShapes.set(type, shapes);
  }
  const shape = shapeOf(object, type);
  let fields = shapes.get(shape);
  if (fields === undefined) {
    fields = sortedSet(compute());
    // The oldest goes: what is created often comes back at once.
    if (shapes.size >= mostShapes) shapes.delete(shapes.keys().next().value ?? '');
    shapes.set(shape, fields);
  }
  return fields;
}

/** All that the fields of a value depend on. Names carry their length, so that none can pass for something else. */
function shapeOf(value: unknown, type: FieldType | undefined): string {
  const map = granularMap(type, value);
  if (map !== undefined) {
    const object = value as JsonObject;
    let shape = '{';
    for (const key of Object.keys(object))
      shape += `${key.length}:${key}${shapeOf(object[key], memberType(map, key))}`;
    return `${shape}}`;
  }
  const list = granularList(type, value);
  if (list !== undefined) {
    let shape = '[';
    for (const item of value as unknown[]) {
      const found = elementOf(list, item);
      const element = 'element' in found ? found.element : '';
      shape += `${element.length}:${element}${shapeOf(item, list.item)}`;
    }
    return `${shape}]`;
  }
  if (value === null) return 'n';
  if (Array.isArray(value)) return value.length === 0 ? 'e' : 'a';
  if (isObject(value)) return Object.keys(value).length === 0 ? 'o' : 'm';
  return 's';
}
