import { emptyFieldSet, type FieldSet, fieldElement, hasSelf, isEmptySet } from './field-set.js';
import type { FieldType } from './field-types.js';
import { type JsonObject, put } from './json-object.js';
import { elementOf, granularList, granularMap, isEmptyValue } from './typed-value.js';

/**
 * Takes out of a merged object what its applier no longer lists: of the fields in `last`, those that nobody owns.
 * `owned` is what all managers own now, the applier's new configuration included. A removed field takes everything
 * below it along; maps that it leaves empty go too.
 */
export function prune(
  merged: JsonObject,
  sets: { readonly last: FieldSet; readonly owned: FieldSet },
  type: FieldType,
): JsonObject {
  return pruneBelow(merged, { ...sets, type, below: false, gone: false }) as JsonObject;
}

interface PruneState {
  readonly last: FieldSet;
  readonly owned: FieldSet;
  readonly type: FieldType | undefined;
  /** True below a field of `last`. */
  readonly below: boolean;
  /** True below a field that nobody owns. */
  readonly gone: boolean;
}

/** The state of a child, and whether it is removed. Properties count as members of a set that holds something below. */
function descend(
  state: PruneState,
  element: string,
  { type, named }: { type: FieldType | undefined; named: boolean },
) {
  const last = state.last[element];
  const owned = state.owned[element];
  if (last === undefined) return undefined;
  const inLast = named || hasSelf(last);
  const inOwned = owned !== undefined && (named || hasSelf(owned));
  const below = state.below || inLast;
  const gone = state.gone || (below && !inOwned);
  return {
    removed: gone && inLast,
    owned: owned !== undefined,
    state: { last, owned: owned ?? emptyFieldSet, type, below, gone },
  };
}

function pruneBelow(value: unknown, state: PruneState): unknown {
  if (isEmptySet(state.last)) return value;
  const map = granularMap(state.type, value);
  if (map !== undefined) {
    const object = value as JsonObject;
    let result = object;
    for (const key of Object.keys(object)) {
      const declared = map.property(key);
      const child = descend(state, fieldElement(key), {
        type: declared ?? map.values,
        named: declared !== undefined,
      });
      if (child === undefined) continue;
      const old = object[key];
      const pruned = child.removed ? undefined : pruneBelow(old, child.state);
      if (pruned === old) continue;
      if (result === object) result = { ...object };
      // What is left empty goes too, unless somebody owns it as such.
      if (pruned === undefined || (isEmptyValue(pruned) && !child.owned)) delete result[key];
      // To upstream a map or list that nothing is left of is null.
      else put(result, key, isEmptyValue(pruned) ? null : pruned);
    }
    return result;
  }
  const list = granularList(state.type, value);
  if (list === undefined) return value;
  const items = value as unknown[];
  const result: unknown[] = [];
  for (const item of items) {
    const found = elementOf(list, item);
    const child =
      'element' in found ? descend(state, found.element, { type: list.item, named: false }) : undefined;
    if (child === undefined) result.push(item);
    else if (!child.removed) result.push(pruneBelow(item, child.state));
  }
  return result.length === items.length && result.every((item, i) => item === items[i]) ? items : result;
}
