import type { KubernetesObject } from '@kubewright/api';
import { parseStored } from '../encoding/object-bytes.js';
import type { Resource } from './resource.js';

/**
 * The objects of a kind as the cache has them now, without a wait, each parsed once for all who look: for what every
 * write looks at. They are shared, so nobody changes them.
 */
export interface Lister<T extends KubernetesObject = KubernetesObject> {
  /** `namespace` is empty for kinds of the cluster. */
  get(namespace: string, name: string): T | undefined;
  /** Of one namespace, or all. */
  list(namespace?: string): readonly T[];
  /** Moves with every change of the kind: what was made of its objects holds while this stays the same. */
  readonly revision: number;
}

/** More parsed objects than this are let go and parsed anew. */
const maxKept = 10_000;

export class CacheLister<T extends KubernetesObject> implements Lister<T> {
  readonly #resource: Resource<T>;
  readonly #objects = new Map<string, { readonly revision: number; readonly object: T }>();
  readonly #lists = new Map<string | undefined, readonly T[]>();
  /** What `#lists` and `#found` are of. */
  #revision = -1;
  /** What was asked for by name since then. */
  readonly #found = new Map<string, T | undefined>();

  constructor(resource: Resource<T>) {
    this.#resource = resource;
  }

  get revision(): number {
    return this.#resource.cache.changed;
  }

  get(namespace: string, name: string): T | undefined {
    this.#refresh();
    const key = this.#resource.key(namespace, name);
    const known = this.#found.get(key);
    if (known !== undefined) return known;
    const entry = this.#resource.cache.get(key);
    if (entry === undefined) return undefined;
    const object = this.#parsed(key, entry.bytes, entry.revision);
    this.#found.set(key, object);
    return object;
  }

  list(namespace?: string): readonly T[] {
    this.#refresh();
    let list = this.#lists.get(namespace);
    if (list === undefined) {
      const entries = this.#resource.cache.listNow(namespace === undefined ? {} : { namespace });
      list = entries.map(({ key, bytes, revision }) => this.#parsed(key, bytes, revision));
      this.#lists.set(namespace, list);
    }
    return list;
  }

  #refresh(): void {
    const { revision } = this;
    if (revision === this.#revision) return;
    this.#revision = revision;
    this.#lists.clear();
    this.#found.clear();
  }

  #parsed(key: string, bytes: Buffer, revision: number): T {
    const known = this.#objects.get(key);
    if (known?.revision === revision) return known.object;
    if (this.#objects.size >= maxKept) this.#objects.clear();
    const object = parseStored<T>(bytes, revision);
    this.#objects.set(key, { revision, object });
    return object;
  }
}
