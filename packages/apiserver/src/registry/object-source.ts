import type { Kind, KubernetesObject } from '@kubewright/api';
import { parseStored, storedBytes } from '../encoding/object-bytes.js';
import type { Decide, Storage, StorageEntry } from '../storage/storage.js';
import { type FeedOptions, SourceFeed } from './source-feed.js';

/**
 * Where the objects of a kind live when that is not the server's store: a database, a device, another API, or nothing
 * at all but a function. Everything else of a kind (validation, defaults, admission, patches, tables) stays the
 * server's. What a source has no method for, the kind does not allow.
 *
 * An object's `metadata.resourceVersion` is a whole number that grows with its changes; a source that has none leaves
 * it out, and updates are then not checked against each other. In the events of a watch the object has a version of the
 * server's, which an update may name as well.
 */
export interface ObjectSource<T extends KubernetesObject = KubernetesObject> {
  /** @param namespace empty for kinds of the cluster */
  get(namespace: string, name: string): Promise<T | undefined>;
  /** All objects, or those of a namespace. Selectors are the server's to apply. */
  list(namespace: string | undefined): Promise<readonly T[]>;
  /** Keeps a new object and gives it as it is kept. @throws ApiError AlreadyExists */
  create?(object: T): Promise<T>;
  /** Replaces `old`. @throws ApiError Conflict where it is another one by now */
  update?(object: T, old: T): Promise<T>;
  delete?(old: T): Promise<void>;
  /**
   * Changes of all objects from the call on, until the signal fires. The server asks once for all who watch, and
   * remembers what they may have missed: see {@link SourceFeed}.
   */
  watch?(signal: AbortSignal): AsyncIterable<SourceEvent<T>>;
}

export interface SourceEvent<T extends KubernetesObject = KubernetesObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: T;
}

/** The objects of a source as writes know the store: one key, read and decided about. */
export class SourceStorage implements Pick<Storage, 'get' | 'write'> {
  readonly #source: ObjectSource;
  readonly #kind: Kind;
  readonly #nameOf: (key: string) => { readonly namespace: string; readonly name: string };
  #feed: SourceFeed | undefined;

  constructor(
    source: ObjectSource,
    kind: Kind,
    nameOf: (key: string) => { readonly namespace: string; readonly name: string },
  ) {
    this.#source = source;
    this.#kind = kind;
    this.#nameOf = nameOf;
  }

  /** Undefined where the source tells of no changes; `options` are those of the first call. */
  feed(options: FeedOptions): SourceFeed | undefined {
    const { watch } = this.#source;
    if (watch !== undefined) this.#feed ??= new SourceFeed(watch.bind(this.#source), options);
    return this.#feed;
  }

  /** Whether a version that a client names is that of the object as it is now. */
  isCurrent(version: string, now: KubernetesObject): boolean {
    return now.metadata.resourceVersion === undefined || this.#feed?.isLast(version, now) === true;
  }

  async get(key: string): Promise<{ entry: StorageEntry | undefined; revision: number }> {
    const { namespace, name } = this.#nameOf(key);
    const object = await this.#source.get(namespace, name);
    if (object === undefined) return { entry: undefined, revision: 0 };
    const entry = { key, ...sourceEntry(object, this.#kind) };
    return { entry, revision: entry.revision };
  }

  async write(key: string, decide: Decide): Promise<number> {
    const { namespace, name } = this.#nameOf(key);
    const old = await this.#source.get(namespace, name);
    const entry = old && { key, ...sourceEntry(old, this.#kind) };
    const decision = await decide(entry);
    if ('keep' in decision) return entry?.revision ?? 0;
    if ('delete' in decision) {
      if (old !== undefined) await this.#source.delete?.(old);
      return entry?.revision ?? 0;
    }
    const object = parseStored(Buffer.from(decision.put), 0);
    const written =
      old === undefined ? await this.#source.create?.(object) : await this.#source.update?.(object, old);
    return revisionOf(written ?? object);
  }
}

/** An object of a source, which need not say what it is, as it is handed on. */
export function sourceEntry(
  object: KubernetesObject,
  { apiVersion, kind }: Kind,
): { value: Buffer; bytes: Buffer; revision: number } {
  const bytes = storedBytes({ ...object, apiVersion, kind });
  return { value: bytes, bytes, revision: revisionOf(object) };
}

/** 0 for an object without a version. */
function revisionOf({ metadata }: KubernetesObject): number {
  const revision = Number(metadata.resourceVersion ?? 0);
  return Number.isSafeInteger(revision) ? revision : 0;
}
