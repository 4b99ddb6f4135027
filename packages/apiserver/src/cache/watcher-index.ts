import type { Change } from './cache-event.js';
import type { CacheWatch } from './cache-watch.js';
import { fieldOf } from './selection.js';

/**
 * The watchers of one resource, filed under what they require, so that a change asks those that may see it: of five
 * thousand kubelets that watch the pods of their node, one or two.
 */
export class WatcherIndex {
  readonly #unfiled = new Set<CacheWatch>();
  /** By namespace, for those that require no field. */
  readonly #byNamespace = new Map<string, Set<CacheWatch>>();
  /** By field, then by its value. */
  readonly #byField = new Map<string, Map<string, Set<CacheWatch>>>();

  add(watch: CacheWatch): void {
    this.#fileOf(watch).add(watch);
  }

  remove(watch: CacheWatch): void {
    const file = this.#fileOf(watch);
    file.delete(watch);
    if (file.size > 0) return;
    if (watch.filedUnder !== undefined) {
      const [field, value] = watch.filedUnder;
      this.#byField.get(field)?.delete(value);
      if (this.#byField.get(field)?.size === 0) this.#byField.delete(field);
    } else if (watch.namespace !== undefined) this.#byNamespace.delete(watch.namespace);
  }

  *concerned(change: Change): Iterable<CacheWatch> {
    yield* this.#unfiled;
    yield* this.#byNamespace.get(change.name.namespace) ?? [];
    for (const [field, byValue] of this.#byField) {
      const values = new Set<string>();
      for (const side of [change.before, change.after]) {
        if (side !== undefined) values.add(fieldOf(change.name, side.head.fields, field));
      }
      for (const value of values) yield* byValue.get(value) ?? [];
    }
  }

  *all(): Iterable<CacheWatch> {
    yield* this.#unfiled;
    for (const watches of this.#byNamespace.values()) yield* watches;
    for (const byValue of this.#byField.values()) for (const watches of byValue.values()) yield* watches;
  }

  #fileOf(watch: CacheWatch): Set<CacheWatch> {
    if (watch.filedUnder !== undefined) {
      const [field, value] = watch.filedUnder;
      return setIn(mapIn(this.#byField, field), value);
    }
    return watch.namespace === undefined ? this.#unfiled : setIn(this.#byNamespace, watch.namespace);
  }
}

function mapIn(maps: Map<string, Map<string, Set<CacheWatch>>>, key: string): Map<string, Set<CacheWatch>> {
  let map = maps.get(key);
  if (map === undefined) {
    map = new Map();
    maps.set(key, map);
  }
  return map;
}

function setIn(sets: Map<string, Set<CacheWatch>>, key: string): Set<CacheWatch> {
  let set = sets.get(key);
  if (set === undefined) {
    set = new Set();
    sets.set(key, set);
  }
  return set;
}
