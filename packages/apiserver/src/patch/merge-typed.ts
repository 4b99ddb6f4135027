import type { FieldType, ListType } from './field-types.js';
import { isObject, type JsonObject, jsonEqual, own, put } from './json-object.js';
import {
  granularList,
  granularMap,
  indexItems,
  isEmptyValue,
  memberType,
  onlyItem,
  sameElement,
} from './typed-value.js';

/** Merges an applied configuration into an object; what stays the same is shared with it. */
export function mergeTyped(live: unknown, config: unknown, type: FieldType | undefined): unknown {
  if (live === undefined || live === null) return config;
  if (isEmptyValue(live) && isEmptyValue(config)) return jsonEqual(live, config) ? live : config;
  // No members and no items to set: those that are there stay.
  if (config === null && (granularMap(type, live) ?? granularList(type, live)) !== undefined) return live;
  const map = granularMap(type, config);
  if (map !== undefined && isObject(live)) {
    let result = live;
    for (const [key, value] of Object.entries(config as JsonObject)) {
      const old = own(live, key);
      const merged = mergeTyped(old, value, memberType(map, key));
      if (merged === old) continue;
      if (result === live) result = { ...live };
      put(result, key, merged);
    }
    return result;
  }
  const list = granularList(type, config);
  if (list !== undefined && Array.isArray(live)) return mergeLists(live, config as unknown[], list);
  return jsonEqual(live, config) ? live : config;
}

/** The usual case: the same items in the same order. (Those of a configuration are different ones.) */
function mergePairs(
  live: readonly unknown[],
  config: readonly unknown[],
  list: ListType,
): readonly unknown[] {
  const result = live.map((item, i) => mergeTyped(item, config[i], list.item));
  return result.every((item, i) => item === live[i]) ? live : result;
}

/**
 * The applied items in their order, the others of the live list between them as they stood before and after shared
 * items.
 */
function mergeLists(
  live: readonly unknown[],
  config: readonly unknown[],
  list: ListType,
): readonly unknown[] {
  if (live.length === config.length && live.every((item, i) => sameElement(list, item, config[i])))
    return mergePairs(live, config, list);
  const left = indexItems(list, live);
  const right = indexItems(list, config);
  const shared = right.elements.filter((element) => left.byElement.has(element));
  // An index: taking items off the front of a long list costs its length.
  let sharedIndex = 0;
  let nextShared = shared[sharedIndex++];
  const merged = new Set<string>();
  const result: unknown[] = [];
  const take = (element: string) => {
    merged.add(element);
    result.push(mergeTyped(onlyItem(left, element), onlyItem(right, element), list.item));
  };
  let [l, r] = [0, 0];
  while (l < left.elements.length || r < right.elements.length) {
    const [mine, theirs] = [left.elements[l], right.elements[r]];
    if (mine !== undefined && theirs !== undefined) {
      if (mine === theirs) {
        take(mine);
        l++;
        r++;
        nextShared = shared[sharedIndex++];
        continue;
      }
      if (right.byElement.has(mine) && nextShared !== undefined && nextShared !== mine) {
        l++;
        continue;
      }
    }
    if (mine !== undefined) {
      if (!right.byElement.has(mine)) {
        result.push(live[l++]);
        continue;
      }
      if (merged.has(mine)) l++;
    }
    if (theirs !== undefined) {
      take(theirs);
      r++;
      if (nextShared === theirs) nextShared = shared[sharedIndex++];
    }
  }
  const same = result.length === live.length && result.every((item, i) => item === live[i]);
  return same ? live : result;
}
