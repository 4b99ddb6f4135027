import { CacheEvent, type Side } from '../cache/cache-event.js';
import { headOf } from '../cache/head.js';
import { listOf, type ObjectList } from '../cache/object-list.js';
import type { ObjectName } from '../cache/object-name.js';
import type { CacheEntry } from '../cache/object-table.js';
import type { ListQuery, ResourceCache } from '../cache/resource-cache.js';
import { type Selection, selects, transition } from '../cache/selection.js';
import type { Turn } from '../cache/turns.js';
import type { ServedKind } from '../registry/resource.js';
import type { Scope } from './read-options.js';

/** How many objects one conversion is asked for: the first page of a list does not wait for all of it. */
const batchSize = 500;

/**
 * Selectors of a version whose objects a webhook makes of the stored ones: its labels and fields may be others, so that
 * they are asked of the converted objects. Source: kube-apiserver has a cache of each version's own objects.
 */
export class ConvertedSelection {
  /** What can be asked of the stored objects. */
  readonly scope: Scope;
  readonly #served: ServedKind;
  readonly #selection: Selection;

  private constructor(served: ServedKind, scope: Scope, selection: Selection) {
    this.scope = scope;
    this.#served = served;
    this.#selection = selection;
  }

  /** Undefined where the stored objects have all that the selectors ask for: nearly always. */
  static of(served: ServedKind, scope: Scope): ConvertedSelection | undefined {
    if (served.resource.forms?.selectsConverted !== true) return undefined;
    const { labels, fields = [] } = scope.selection;
    const names = fields.filter(({ field }) => isOfName(field));
    const own = fields.filter(({ field }) => !isOfName(field));
    if (labels === undefined && own.length === 0) return undefined;
    const stored = { ...scope, selection: names.length === 0 ? {} : { fields: names } };
    const selection = { ...(labels && { labels }), ...(own.length === 0 ? {} : { fields: own }) };
    return new ConvertedSelection(served, stored, selection);
  }

  /** As `ResourceCache.select`; what it gives is converted already. @throws ApiError of the conversion, too */
  async list(cache: ResourceCache, query: ListQuery, turn: Turn): Promise<ObjectList> {
    const { limit = Number.POSITIVE_INFINITY, ...rest } = query;
    const stored = await cache.select({ ...rest, ...this.scope }, turn);
    const release = () => stored.release();
    try {
      const found: CacheEntry[] = [];
      for (const batch of batches(stored.entries())) {
        await this.#served.prepare(batch);
        for (const entry of batch) {
          if (!this.#selects(this.#served.resource.nameOf(entry.key), entry)) continue;
          if (found.length === limit) return { ...listOf(found, stored.revision, true), release };
          found.push(entry);
        }
        if (turn.over) await turn.next();
      }
      return { ...listOf(found, stored.revision, false), release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** What a watcher sees of changes of stored objects, converted already. @throws ApiError of the conversion */
  async events(events: readonly CacheEvent[]): Promise<readonly CacheEvent[]> {
    const sides = events.flatMap(({ change: { before, after } }) => [before, after]);
    await this.#served.prepare(sides.filter((side) => side !== undefined));
    return events.flatMap(({ change }) => {
      const sees = (side: Side | undefined) => side !== undefined && this.#selects(change.name, side);
      const type = transition(sees(change.before), sees(change.after));
      const side = type === 'DELETED' ? change.before : change.after;
      return type === undefined || side === undefined ? [] : [new CacheEvent(type, change, side.bytes)];
    });
  }

  #selects(name: ObjectName, { bytes }: { readonly bytes: Buffer }): boolean {
    const object = this.#served.readStored(bytes, 0);
    return selects(this.#selection, name, headOf(object, this.#served.kind.selectableFields));
  }
}

/** True for a field that no version of an object, and no change, makes another. */
export function isOfName(field: string): boolean {
  return field === 'metadata.name' || field === 'metadata.namespace';
}

function* batches<T>(items: Iterable<T>): Generator<T[]> {
  let batch: T[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < batchSize) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
