import type { KubernetesObject } from '@kubewright/api';
import { type Clock, compareResourceVersions, type Informer, objectKey } from '@kubewright/client';

interface Write {
  readonly object: KubernetesObject;
  readonly deleted: boolean;
  readonly until: number;
}

/**
 * Remembers what a reconciler wrote until its cache shows it. A reconciler that counts what it reads from a cache
 * must not count before its last writes are in it: else it creates once more what it has just created.
 */
export class OwnWrites<T extends KubernetesObject> {
  readonly #cache: Pick<Informer<T>, 'get' | 'resourceVersion'>;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #writes = new Map<string, Map<string, Write>>();

  /** @param options `timeoutMs`: after how long a write that never shows is given up. @default five minutes */
  constructor(
    cache: Pick<Informer<T>, 'get' | 'resourceVersion'>,
    options: { readonly clock: Clock; readonly timeoutMs?: number },
  ) {
    this.#cache = cache;
    this.#clock = options.clock;
    this.#timeoutMs = options.timeoutMs ?? 300_000;
  }

  /** The object as the server answered a create, update or patch that was done for the key. */
  stored(key: string, object: T): void {
    this.#remember(key, object, false);
  }

  /** The object as it was known before the server accepted its deletion. */
  deleted(key: string, object: T): void {
    this.#remember(key, object, true);
  }

  /** Whether the cache shows all that was written for the key. */
  seen(key: string): boolean {
    const writes = this.#writes.get(key);
    if (writes === undefined) return true;
    for (const [id, write] of writes) if (this.#shows(write)) writes.delete(id);
    if (writes.size > 0) return false;
    this.#writes.delete(key);
    return true;
  }

  /** The key is gone. */
  forget(key: string): void {
    this.#writes.delete(key);
  }

  #remember(key: string, object: T, deleted: boolean): void {
    const writes = this.#writes.get(key) ?? new Map<string, Write>();
    this.#writes.set(key, writes);
    const until = this.#clock.now() + this.#timeoutMs;
    writes.set(object.metadata.uid ?? objectKey(object), { object, deleted, until });
  }

  #shows({ object, deleted, until }: Write): boolean {
    if (this.#clock.now() >= until) return true;
    const { name = '', namespace, uid, resourceVersion } = object.metadata;
    const cached = this.#cache.get(name, namespace);
    const same = cached !== undefined && cached.metadata.uid === uid;
    if (deleted) return !same || cached.metadata.deletionTimestamp !== undefined;
    if (same && notOlder(cached.metadata.resourceVersion, resourceVersion)) return true;
    // It may have come and gone between two looks at the cache.
    return notOlder(this.#cache.resourceVersion, resourceVersion);
  }
}

function notOlder(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && (compareResourceVersions(a, b) ?? 0) >= 0;
}
