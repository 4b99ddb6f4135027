import type { KubernetesObject } from '@kubewright/api';
import { onAbort } from '../abort.js';
import type { CallOptions, SelectorOptions } from '../options.js';
import type { SharedInformer } from './shared-informer.js';

/** Named functions from an object to the values under which it is found: `{ node: (pod) => [pod.spec.nodeName] }`. */
export type Indexes<T, I extends string = string> = Readonly<Record<I, (object: T) => readonly string[]>>;

/** Called in the order of the events; objects are shared and must not be changed. */
export interface InformerHandlers<T> {
  readonly add?: (object: T) => void;
  readonly update?: (object: T, previous: T) => void;
  readonly delete?: (object: T) => void;
}

export interface InformerOptions<T, I extends string = never> extends SelectorOptions {
  /** @default all namespaces */
  readonly namespace?: string | undefined;
  readonly indexes?: Indexes<T, I> | undefined;
  /** Fetches and keeps the objects' metadata only. Such an informer shares nothing with one of whole objects. @default false */
  readonly metadataOnly?: boolean | undefined;
  /**
   * What is kept of each object, for less memory: it may change the object it is given, or return another with the same
   * name, namespace, uid and resourceVersion. Informers share a store where this is the same function.
   * @default all of it
   */
  readonly transform?: ((object: T) => T) | undefined;
}

/** A {@link InformerOptions.transform} that drops what servers keep for server-side apply, often half of an object. */
export function withoutManagedFields<T extends KubernetesObject>(object: T): T {
  delete object.metadata.managedFields;
  return object;
}

/**
 * A cache of a kind's objects that follows the server. All informers of one client with the same kind, namespace and
 * selectors share one watch and one store; each has its own indexes and handlers.
 * ```ts
 * const pods = client.informer(Pod, { indexes: { node: (pod) => [pod.spec?.nodeName ?? ''] } }).start(signal);
 * await pods.synced;
 * pods.byIndex('node', 'n1');
 * ```
 */
export class Informer<T extends KubernetesObject, I extends string = never> {
  /** Resolves when the first list is in the store; rejects when stopped before. */
  readonly synced: Promise<void>;
  readonly #shared: SharedInformer<T>;
  readonly #indexes = new Map<string, ObjectIndex<T>>();
  readonly #handlers = new Set<InformerHandlers<T>>();
  readonly #settle: { readonly resolve: () => void; readonly reject: (reason: unknown) => void };
  #stop: (() => void) | undefined;
  /** Between start and stop. */
  #active = false;

  constructor(shared: SharedInformer<T>, indexes: Indexes<T, I>) {
    this.#shared = shared;
    for (const [name, valuesOf] of Object.entries<(object: T) => readonly string[]>(indexes))
      this.#indexes.set(name, new ObjectIndex(valuesOf));
    let resolve: () => void = () => undefined;
    let reject: (reason: unknown) => void = resolve;
    this.synced = new Promise<void>((onResolve, onReject) => {
      resolve = onResolve;
      reject = onReject;
    });
    this.#settle = { resolve, reject };
    // Nobody has to wait for it: a rejection that no one hears of is no fault of the program.
    this.synced.catch(() => undefined);
  }

  /** Follows the server from now on, until the signal aborts or {@link Informer.stop} is called. */
  start(signal?: AbortSignal): this {
    if (this.#stop !== undefined) throw new Error('this informer was started already');
    this.#active = true;
    const leave = this.#shared.join({
      index: (object, previous) => {
        for (const index of this.#indexes.values()) index.move(object, previous);
      },
      handlers: this.#handlers,
      synced: this.#settle.resolve,
    });
    let unbind: () => void = () => undefined;
    const stop = () => {
      unbind();
      leave();
      this.#active = false;
      this.#settle.reject(signal?.reason ?? new Error('the informer was stopped'));
      this.#stop = () => undefined;
    };
    this.#stop = stop;
    unbind = onAbort(signal, stop);
    return this;
  }

  /** Leaves the shared watch, which ends with its last informer. */
  stop(): void {
    this.#stop?.();
  }

  get hasSynced(): boolean {
    return this.#active && this.#shared.hasSynced;
  }

  /** Everything up to here is in the store. */
  get resourceVersion(): string | undefined {
    return this.#shared.cache.resourceVersion;
  }

  get size(): number {
    return this.#shared.cache.size;
  }

  get(name: string, namespace?: string): T | undefined {
    return this.#shared.cache.get(name, namespace);
  }

  /** All objects, or those of one namespace. */
  list(namespace?: string): T[] {
    return [...this.#shared.cache.values(namespace)];
  }

  /** The objects that have this value in the index. */
  byIndex(index: I, value: string): T[] {
    return this.#indexes.get(index)?.get(value) ?? [];
  }

  /** Calls back for every change; for what is in the store already, as additions, before this returns. */
  on(handlers: InformerHandlers<T>): () => void {
    if (this.#active) for (const object of this.#shared.cache.values()) handlers.add?.(object);
    this.#handlers.add(handlers);
    return () => this.#handlers.delete(handlers);
  }

  /**
   * Resolves when the store is at least as new as this revision: read your own writes.
   * @throws the signal's reason, a TimeoutError after `timeoutMs`
   */
  waitFor(resourceVersion: string, options: CallOptions = {}): Promise<void> {
    return this.#shared.waitFor(resourceVersion, options);
  }
}

/** Objects by the values that a function gives of them. */
class ObjectIndex<T extends KubernetesObject> {
  readonly #valuesOf: (object: T) => readonly string[];
  readonly #objects = new Map<string, Set<T>>();

  constructor(valuesOf: (object: T) => readonly string[]) {
    this.#valuesOf = valuesOf;
  }

  get(value: string): T[] {
    return [...(this.#objects.get(value) ?? [])];
  }

  /** Takes out the previous state and puts in the new one, either of which may be missing. */
  move(object: T | undefined, previous: T | undefined): void {
    if (previous !== undefined)
      for (const value of this.#valuesOf(previous)) {
        const objects = this.#objects.get(value);
        objects?.delete(previous);
        if (objects?.size === 0) this.#objects.delete(value);
      }
    if (object !== undefined)
      for (const value of this.#valuesOf(object)) {
        const objects = this.#objects.get(value);
        if (objects === undefined) this.#objects.set(value, new Set([object]));
        else objects.add(object);
      }
  }
}
