import type { FieldType, ListType } from './field-types.js';
import { isObject, type JsonObject } from './json-object.js';
import { elementOf, granularList, granularMap, isEmptyValue, keyOf, memberType } from './typed-value.js';

/** All that the fields of a value depend on: names and keys, and of other values what they are. */
export type Shape =
  | 'null'
  | 'string'
  | 'empty string'
  | 'number'
  | 'zero'
  | 'boolean'
  | 'empty list'
  | 'list'
  | 'empty map'
  | 'map'
  | MapShape
  | ListShape;

interface MapShape {
  readonly names: readonly string[];
  readonly members: readonly Shape[];
}

interface ListShape {
  readonly list: ListType;
  /** The values of the item's keys; of an item of a set the item itself. */
  readonly keys: readonly (readonly unknown[])[];
  readonly items: readonly Shape[];
}

/** The shape of a value; undefined where it has items that no path leads to. */
export function shapeOf(value: unknown, type: FieldType | undefined): Shape | undefined {
  const map = granularMap(type, value);
  if (map !== undefined) {
    const names = Object.keys(value as JsonObject);
    const members = names.map((name) => shapeOf((value as JsonObject)[name], memberType(map, name)));
    return members.every(isKnown) ? { names, members } : undefined;
  }
  const list = granularList(type, value);
  if (list !== undefined) {
    const values = value as unknown[];
    if (values.some((item) => 'problem' in elementOf(list, item))) return undefined;
    const items = values.map((item) => shapeOf(item, list.item));
    return items.every(isKnown) ? { list, keys: values.map((item) => keysOf(list, item)), items } : undefined;
  }
  if (value === null) return 'null';
  if (typeof value !== 'object') return scalarOf(value);
  if (Array.isArray(value)) return isEmptyValue(value) ? 'empty list' : 'list';
  return isEmptyValue(value) ? 'empty map' : 'map';
}

/** Whether a value has a shape that another value of the same type had. Makes nothing, as it runs at every create. */
export function hasShape(value: unknown, shape: Shape): boolean {
  if (typeof value !== 'object') return shape === scalarOf(value);
  if (value === null) return shape === 'null';
  if (typeof shape === 'string') {
    if (Array.isArray(value)) return shape === (value.length === 0 ? 'empty list' : 'list');
    return shape === (isEmptyValue(value) ? 'empty map' : 'map');
  }
  return 'names' in shape ? hasMapShape(value, shape) : hasListShape(value, shape);
}

function hasMapShape(value: object, { names, members }: MapShape): boolean {
  if (Array.isArray(value)) return false;
  let i = 0;
  for (const name in value) {
    if (names[i] !== name || !hasShape((value as JsonObject)[name], members[i] as Shape)) return false;
    i++;
  }
  return i === names.length;
}

function hasListShape(value: object, { list, keys, items }: ListShape): boolean {
  if (!Array.isArray(value) || value.length !== items.length) return false;
  for (let i = 0; i < items.length; i++) {
    const item: unknown = value[i];
    if (!hasShape(item, items[i] as Shape) || !hasKeys(list, item, keys[i] as readonly unknown[]))
      return false;
  }
  return true;
}

function hasKeys(list: ListType, item: unknown, keys: readonly unknown[]): boolean {
  if (list.relation === 'set') return item === keys[0];
  for (let i = 0; i < keys.length; i++) if (keyAt(list, item, i) !== keys[i]) return false;
  return true;
}

function keysOf(list: ListType, item: unknown): unknown[] {
  return list.relation === 'set' ? [item] : list.keys.map((_, i) => keyAt(list, item, i));
}

function keyAt(list: ListType, item: unknown, index: number): unknown {
  const key = list.keys[index] as string;
  return isObject(item) ? keyOf(list, item, key) : list.keyDefault(key);
}

/** Whether a leaf fits its type depends on what it is; who creates an object does not own the zeros that any has. */
function scalarOf(value: unknown): 'string' | 'empty string' | 'number' | 'zero' | 'boolean' {
  if (typeof value === 'string') return value === '' ? 'empty string' : 'string';
  if (typeof value === 'boolean') return 'boolean';
  return value === 0 ? 'zero' : 'number';
}

function isKnown(shape: Shape | undefined): shape is Shape {
  return shape !== undefined;
}
