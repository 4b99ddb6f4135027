import { ListValue } from '../values/list-value.js';
import { type CelMap, isMap, MapValue, mapGet, mapKeys, mapSize } from '../values/map-value.js';
import { Optional } from '../values/optional.js';
import { characterCount } from '../values/text.js';
import type { Value } from '../values/value.js';

/** What the units of cost are. Source: cel-go's common/cost.go. */
export const selectCost = 1;
export const createListCost = 10;
export const createMapCost = 30;
export const createObjectCost = 40;
/** For each character that is looked at. */
export const traversalFactor = 0.1;
/** For each character of a pattern. */
export const patternFactor = 0.25;

/** The size of a value that has one, else 1. */
export function sizeOf(value: Value): number {
  if (typeof value === 'string') return characterCount(value);
  if (typeof value !== 'object' || value === null) return 1;
  if (Array.isArray(value) || value instanceof ListValue || value instanceof Uint8Array) return value.length;
  if (value instanceof MapValue) return value.size;
  if (value instanceof Optional) return value.content === undefined ? 1 : sizeOf(value.content);
  if ('costSize' in value && typeof value.costSize === 'number') return value.costSize;
  return isMap(value) ? mapSize(value) : 1;
}

/** The cost to look at every character of a text of this size once. */
export function traversal(size: number, times = 1): number {
  return Math.ceil(size * times * traversalFactor);
}

/** The cost to match a text against a pattern. One more character each, so that an empty text is not free. */
export function matching(textSize: number, patternSize: number): number {
  return traversal(1 + textSize) * Math.ceil(patternSize * patternFactor);
}

/** The cost to go through a value with everything in it. */
export function deepTraversal(value: Value): number {
  if (typeof value === 'string') return Math.floor(Buffer.byteLength(value) * traversalFactor);
  if (value instanceof Uint8Array) return Math.floor(value.length * traversalFactor);
  if (Array.isArray(value) || value instanceof ListValue) {
    let cost = 0;
    for (let index = 0; index < value.length; index++) cost += deepTraversal(value.at(index)!);
    return cost;
  }
  return isMap(value) ? mapTraversal(value) : 1;
}

function mapTraversal(map: CelMap): number {
  let cost = 0;
  for (const key of mapKeys(map)) cost += deepTraversal(key) + deepTraversal(mapGet(map, key)!);
  return cost;
}
