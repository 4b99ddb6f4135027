import { controllerOf, type Kind, type KubernetesObject } from '@kubewright/api';
import type { SelectorOptions } from '@kubewright/client';
import type { Controller, ControllerOptions } from './controller.js';
import type { Manager } from './manager.js';
import { keyOf, nameOf, type ObjectName, parseKey } from './object-name.js';
import { refersTo } from './owner-reference.js';
import type { ObjectEvent, Predicate } from './predicate.js';
import type { Reconciler } from './reconcile.js';

/** Which objects of a kind are watched, and which of their events count. */
export interface WatchedOptions<T extends KubernetesObject> extends SelectorOptions {
  readonly namespace?: string | undefined;
  /**
   * How soon what such an event wakes is wanted: higher first. What is there already when the cache fills comes
   * after all that changes, unless this says otherwise. @default 0, and {@link initialPriority} for the first list
   */
  readonly priority?: number | undefined;
  /** All must let an event through. */
  readonly predicates?: readonly Predicate<T>[] | undefined;
}

/** Of keys from the first list: a restart with many objects must not keep those waiting that somebody just changed. */
export const initialPriority = -100;

/** The objects that want a reconcile because of this one. */
export type MapToNames<S extends KubernetesObject> = (object: S) => Iterable<ObjectName>;

/**
 * Says what wakes a reconciler: objects of its own kind, objects that they own, and others through a map. Watches of
 * the same kind and selectors are shared with every other controller of the manager.
 */
export class ControllerBuilder<T extends KubernetesObject> {
  readonly #manager: Manager;
  readonly #kind: Kind<T>;
  readonly #options: ControllerOptions;
  readonly #bindings: ((controller: Controller) => void)[] = [];

  constructor(manager: Manager, kind: Kind<T>, options: ControllerOptions & WatchedOptions<T>) {
    this.#manager = manager;
    this.#kind = kind;
    this.#options = options;
    this.watches(kind, (object) => [nameOf(object)], options);
  }

  /** Wakes the owner, of this controller's kind, of each object that changes. */
  owns<S extends KubernetesObject>(kind: Kind<S>, options: WatchedOptions<S> = {}): this {
    return this.watches(
      kind,
      (object) => {
        const owner = controllerOf(object);
        return owner !== undefined && refersTo(owner, this.#kind)
          ? [this.#ownerName(object, owner.name)]
          : [];
      },
      options,
    );
  }

  /** Wakes what the map names for an object that changes; of a modified one, for its former state too. */
  watches<S extends KubernetesObject>(
    kind: Kind<S>,
    map: MapToNames<S>,
    options: WatchedOptions<S> = {},
  ): this {
    const { predicates = [], priority, namespace, labelSelector, fieldSelector } = options;
    this.#bindings.push((controller) => {
      const informer = this.#manager.informer(kind, { namespace, labelSelector, fieldSelector });
      const take = (event: ObjectEvent<S>) => {
        if (!predicates.every((predicate) => predicate(event))) return;
        const keys = new Set<string>();
        for (const name of map(event.object)) keys.add(keyOf(name));
        if (event.previous !== undefined) for (const name of map(event.previous)) keys.add(keyOf(name));
        const urgency = priority ?? (informer.hasSynced ? 0 : initialPriority);
        for (const key of keys) controller.enqueue(key, { priority: urgency });
      };
      informer.on({
        add: (object) => take({ type: 'added', object }),
        update: (object, previous) => take({ type: 'modified', object, previous }),
        delete: (object) => take({ type: 'deleted', object }),
      });
    });
    return this;
  }

  /** Ends the description. The controller runs when its manager starts. */
  reconcile(reconciler: Reconciler): Controller {
    const controller = this.#manager.worker(this.#options, (key, context) =>
      reconciler(parseKey(key), context),
    );
    for (const bind of this.#bindings) bind(controller);
    return controller;
  }

  #ownerName(object: KubernetesObject, name: string): ObjectName {
    return this.#kind.scope === 'Namespaced' ? { namespace: object.metadata.namespace, name } : { name };
  }
}
