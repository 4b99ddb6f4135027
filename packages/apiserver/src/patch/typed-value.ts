import { keyElement, valueElement } from './field-set.js';
import type { FieldType, ListType, MapType } from './field-types.js';
import { isObject, type JsonObject, own } from './json-object.js';

/** The list type when the value is a list whose items are fields of their own. */
export function granularList(type: FieldType | undefined, value: unknown): ListType | undefined {
  const list = Array.isArray(value) ? type?.list : undefined;
  return list === undefined || list.relation === 'atomic' ? undefined : list;
}

/** The map type when the value is an object whose members are fields of their own. */
export function granularMap(type: FieldType | undefined, value: unknown): MapType | undefined {
  const map = isObject(value) ? type?.map : undefined;
  return map === undefined || map.atomic ? undefined : map;
}

/** The type of a member, declared or not. */
export function memberType(map: MapType, key: string): FieldType | undefined {
  return map.property(key) ?? map.values;
}

/** True for null, nothing, and lists and objects without content. */
export function isEmptyValue(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
}

/** The path element of an item, or why it has none. */
export function elementOf(list: ListType, item: unknown): { element: string } | { problem: string } {
  if (list.relation === 'set') {
    if (item === null)
      return { problem: "associative list without keys has an element that's an explicit null" };
    if (typeof item === 'object') {
      return Array.isArray(item)
        ? { problem: 'not supported: associative list with lists as elements' }
        : { problem: "associative list without keys has an element that's a map type" };
    }
    return { element: valueElement(item) };
  }
  if (item === null) return { problem: 'associative list with keys may not have a null element' };
  if (!isObject(item)) return { problem: 'associative list with keys may not have non-map elements' };
  const keys: [string, unknown][] = [];
  for (const key of list.keys) {
    const value = keyOf(list, item, key);
    if (value !== undefined) keys.push([key, value]);
  }
  if (keys.length === 0)
    return {
      problem: `associative list with keys has an element that omits all key fields [${list.keys.map((key) => JSON.stringify(key)).join(' ')}] (and doesn't have default values for any key fields)`,
    };
  return { element: keyElement(keys) };
}

/** The value of an item's key, which may be null: only what is left out is what it is by default. */
export function keyOf(list: ListType, item: JsonObject, key: string): unknown {
  const value = own(item, key);
  return value === undefined ? list.keyDefault(key) : value;
}

/** Items by path element, and the elements in order, each as often as it occurs. */
export interface Indexed {
  readonly elements: readonly string[];
  readonly byElement: ReadonlyMap<string, readonly unknown[]>;
}

/** The items of a list by their path elements. */
export function indexItems(list: ListType, items: readonly unknown[]): Indexed {
  const byElement = new Map<string, unknown[]>();
  const elements = items.map((item, i) => {
    const found = elementOf(list, item);
    // An item without keys in a stored object is known by its place.
    const element = 'element' in found ? found.element : `i:${i}`;
    const known = byElement.get(element);
    if (known === undefined) byElement.set(element, [item]);
    else known.push(item);
    return element;
  });
  return { elements, byElement };
}

/** The item of that element; undefined where there is none or more than one, which are no item to merge with. */
export function onlyItem({ byElement }: Indexed, element: string): unknown {
  const items = byElement.get(element);
  return items?.length === 1 ? items[0] : undefined;
}

/** True for two items of the same path element. */
export function sameElement(list: ListType, a: unknown, b: unknown): boolean {
  if (list.relation === 'set') return a === b && typeof a !== 'object';
  if (!isObject(a) || !isObject(b)) return false;
  let isKeyed = false;
  for (const key of list.keys) {
    const [left, right] = [keyOf(list, a, key), keyOf(list, b, key)];
    if (left !== right) return false;
    isKeyed ||= left !== undefined;
  }
  return isKeyed;
}
