import type { KubernetesObject } from '@kubewright/api';
import { compareResourceVersions } from './resource-version.js';
import type { ObjectEvent } from './watch.js';
import type { WatcherEvent } from './watcher.js';

/** `namespace/name`, or the name alone for a kind of the cluster. */
export function objectKey(object: KubernetesObject): string {
  const { namespace, name } = object.metadata;
  return namespace ? `${namespace}/${name ?? ''}` : (name ?? '');
}

/** The parts of an {@link objectKey}. */
export function splitObjectKey(key: string): {
  readonly namespace: string | undefined;
  readonly name: string;
} {
  const slash = key.indexOf('/');
  if (slash < 0) return { namespace: undefined, name: key };
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/**
 * The objects of one watch as they were last seen, and the rules by which a list or an event changes them. Each
 * change is made when its event is taken, so that whoever handles the event sees the cache as of it.
 */
export class ObjectCache<T extends KubernetesObject> {
  readonly #byNamespace = new Map<string, Map<string, T>>();
  readonly #prepare: (object: T) => T;
  #size = 0;
  #resourceVersion: string | undefined;

  /** @param prepare is given each object before it is stored, and gives what to store in its place */
  constructor(prepare: (object: T) => T = (object) => object) {
    this.#prepare = prepare;
  }

  get size(): number {
    return this.#size;
  }

  /** Everything up to here is seen; undefined before the first list is complete. */
  get resourceVersion(): string | undefined {
    return this.#resourceVersion;
  }

  get(name: string, namespace?: string): T | undefined {
    return this.#byNamespace.get(namespace ?? '')?.get(name);
  }

  /** All objects, or those of one namespace. */
  *values(namespace?: string): Generator<T, void, undefined> {
    if (namespace !== undefined) {
      yield* this.#byNamespace.get(namespace)?.values() ?? [];
      return;
    }
    for (const objects of this.#byNamespace.values()) yield* objects.values();
  }

  /**
   * Takes a complete list in place of what was known. It must be newer than all that was taken before, as the newest
   * list is that was asked for after the watch ended.
   */
  *replace(items: readonly T[], resourceVersion: string): Generator<WatcherEvent<T>, void, undefined> {
    const listed = new Set(items.map(objectKey));
    for (const object of [...this.values()])
      if (!listed.has(objectKey(object))) yield* this.#remove(object, false);
    for (const object of items) yield* this.#put(object);
    this.#resourceVersion = resourceVersion;
    yield { type: 'synced', resourceVersion };
  }

  /** Takes one event of a watch. One that is not newer than what is known changes nothing. */
  *take(event: ObjectEvent<T>): Generator<WatcherEvent<T>, void, undefined> {
    const resourceVersion = event.object.metadata.resourceVersion ?? '';
    if (this.#resourceVersion !== undefined) {
      // Events of one resource come in the order of their revisions, so one from before is a repetition.
      const order = compareResourceVersions(resourceVersion, this.#resourceVersion);
      if (order !== undefined && order <= 0) return;
    }
    if (resourceVersion !== '') this.#resourceVersion = resourceVersion;
    if (event.type === 'BOOKMARK') yield { type: 'bookmark', resourceVersion };
    else if (event.type === 'DELETED') yield* this.#remove(event.object, true);
    else yield* this.#put(event.object);
  }

  *#put(fresh: T): Generator<WatcherEvent<T>, void, undefined> {
    const { name = '', namespace = '', uid, resourceVersion } = fresh.metadata;
    const previous = this.get(name, namespace);
    if (previous !== undefined && previous.metadata.uid !== uid) {
      yield* this.#remove(previous, false);
    } else if (previous !== undefined) {
      if (previous.metadata.resourceVersion === resourceVersion) return;
      const object = this.#prepare(fresh);
      this.#byNamespace.get(namespace)?.set(name, object);
      yield { type: 'modified', object, previous };
      return;
    }
    let objects = this.#byNamespace.get(namespace);
    if (objects === undefined) {
      objects = new Map();
      this.#byNamespace.set(namespace, objects);
    }
    const object = this.#prepare(fresh);
    objects.set(name, object);
    this.#size++;
    yield { type: 'added', object };
  }

  *#remove(object: T, observed: boolean): Generator<WatcherEvent<T>, void, undefined> {
    const { name = '', namespace = '' } = object.metadata;
    const objects = this.#byNamespace.get(namespace);
    const previous = objects?.get(name);
    if (objects === undefined || previous === undefined) return;
    objects.delete(name);
    this.#size--;
    if (objects.size === 0) this.#byNamespace.delete(namespace);
    yield { type: 'deleted', object, previous, observed };
  }
}
