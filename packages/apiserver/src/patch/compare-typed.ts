import { emptyFieldSet, type FieldSet, fieldElement, makeNode } from './field-set.js';
import type { FieldType, MapType } from './field-types.js';
import { isObject, type JsonObject, jsonEqual, own } from './json-object.js';
import {
  granularList,
  granularMap,
  type Indexed,
  indexItems,
  isEmptyValue,
  memberType,
} from './typed-value.js';

/** What another value changed; no field stands in two of the sets. */
export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

interface Changes {
  added: FieldSet | undefined;
  modified: FieldSet | undefined;
  removed: FieldSet | undefined;
}

const nothing: Changes = { added: undefined, modified: undefined, removed: undefined };

/** Compares two objects field by field. Parts that are the same value cost nothing. */
export function compare(before: JsonObject, after: JsonObject, type: FieldType): Comparison {
  const { added, modified, removed } = changes(before, after, type);
  return {
    added: added ?? emptyFieldSet,
    modified: modified ?? emptyFieldSet,
    removed: removed ?? emptyFieldSet,
  };
}

/** `undefined` stands for a value that is not there. */
function changes(before: unknown, after: unknown, type: FieldType | undefined): Changes {
  // Most of two objects is the same, and to see that costs less than to tell its fields apart.
  if (jsonEqual(before, after)) return nothing;
  const map = granularMap(type, after) ?? granularMap(type, before);
  const list = granularList(type, after) ?? granularList(type, before);
  const comparable = (value: unknown) =>
    value === undefined || value === null || (map !== undefined ? isObject(value) : Array.isArray(value));
  const leaf = (map === undefined && list === undefined) || (isEmptyValue(before) && isEmptyValue(after));
  if (leaf || !comparable(before) || !comparable(after)) {
    if (before === undefined) return { ...nothing, added: emptyFieldSet };
    if (after === undefined) return { ...nothing, removed: emptyFieldSet };
    return { ...nothing, modified: emptyFieldSet };
  }
  const found = new FoundChanges();
  if (map !== undefined) {
    const [left, right] = [(before ?? {}) as JsonObject, (after ?? {}) as JsonObject];
    const inBoth = before !== undefined && after !== undefined;
    const take = (key: string, old: unknown, value: unknown) =>
      found.take(
        fieldElement(key),
        inBoth ? memberChanges(old, value, { map, key }) : changes(old, value, memberType(map, key)),
      );
    for (const key of Object.keys(left)) {
      const [old, value] = [left[key], own(right, key)];
      if (old !== value) take(key, old, value);
    }
    for (const key of Object.keys(right)) if (!Object.hasOwn(left, key)) take(key, undefined, right[key]);
  } else if (list !== undefined) {
    const left = indexItems(list, (before ?? []) as unknown[]);
    const right = indexItems(list, (after ?? []) as unknown[]);
    for (const element of left.byElement.keys())
      found.take(element, itemChanges(left, right, { element, item: list.item }));
    for (const element of right.byElement.keys()) {
      if (!left.byElement.has(element))
        found.take(element, itemChanges(left, right, { element, item: list.item }));
    }
  }
  return found.changes(before === undefined, after === undefined);
}

/** Gathers the changes of the children; most often there are none. */
class FoundChanges {
  #added: Record<string, FieldSet> | undefined;
  #modified: Record<string, FieldSet> | undefined;
  #removed: Record<string, FieldSet> | undefined;

  take(element: string, { added, modified, removed }: Changes): void {
    if (added !== undefined) {
      this.#added ??= {};
      this.#added[element] = added;
    }
    if (modified !== undefined) {
      this.#modified ??= {};
      this.#modified[element] = modified;
    }
    if (removed !== undefined) {
      this.#removed ??= {};
      this.#removed[element] = removed;
    }
  }

  changes(added: boolean, removed: boolean): Changes {
    const some = this.#added ?? this.#modified ?? this.#removed;
    if (some === undefined && !added && !removed) return nothing;
    return {
      added: makeNode(added, this.#added ?? emptyFieldSet),
      modified: makeNode(false, this.#modified ?? emptyFieldSet),
      removed: makeNode(removed, this.#removed ?? emptyFieldSet),
    };
  }
}

/**
 * The changes of a member of what was there before and still is: a property that is there in every such object is
 * neither added nor removed, only what is below it.
 */
function memberChanges(
  before: unknown,
  after: unknown,
  { map, key }: { map: MapType; key: string },
): Changes {
  const type = memberType(map, key);
  if ((before !== undefined && after !== undefined) || !map.isAlwaysThere(key))
    return changes(before, after, type);
  const empty = (other: unknown) => (Array.isArray(other) ? [] : isObject(other) ? {} : undefined);
  const composite = granularMap(type, before ?? after) ?? granularList(type, before ?? after);
  if (composite === undefined) return changes(before, after, type);
  return changes(before ?? empty(after), after ?? empty(before), type);
}

/** Items that occur more than once are one field together. */
function itemChanges(
  left: Indexed,
  right: Indexed,
  { element, item }: { element: string; item: FieldType },
): Changes {
  const [before = [], after = []] = [left.byElement.get(element), right.byElement.get(element)];
  const [were, are] = [before.length > 1, after.length > 1];
  if (!were && !are) return changes(before[0], after[0], item);
  if (were && are) return jsonEqual(before, after) ? nothing : { ...nothing, modified: emptyFieldSet };
  // Where there is one of them before or after, that one comes or goes with all that it holds.
  const one = were ? changes(undefined, after[0], item) : changes(before[0], undefined, item);
  return {
    added: are ? emptyFieldSet : one.added,
    modified: undefined,
    removed: were ? emptyFieldSet : one.removed,
  };
}
