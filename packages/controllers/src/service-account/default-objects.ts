import { isAlreadyExists, isNotFound, type Kind, type KubernetesObject } from '@kubewright/api';
import { Namespace } from '@kubewright/api/core/v1';
import type { Manager } from '../framework/manager.js';
import { isNamespaceTerminating } from '../namespace/namespace-terminating.js';

/** An object that every namespace has. */
export interface DefaultObject<T extends KubernetesObject> {
  /** The controller's name. */
  readonly controller: string;
  readonly kind: Kind<T>;
  readonly name: string;
  /** How it is made in a namespace. */
  readonly make: (namespace: string) => T;
  /** The object as it shall be, where it differs; for those whose content is kept right. */
  readonly repair?: (object: T) => T | undefined;
  /** When it is looked at again, though nothing has changed. @default never */
  readonly againAfterMs?: number;
}

/** Keeps an object in every namespace that is not going away: makes it, and makes it again when it was deleted. */
export function addDefaultObjectController<T extends KubernetesObject>(
  manager: Manager,
  { controller, kind, name, make, repair, againAfterMs }: DefaultObject<T>,
): void {
  const namespaces = manager.informer(Namespace);
  const fieldSelector = `metadata.name=${name}`;
  const objects = manager.informer(kind, { fieldSelector });
  manager
    .controller(Namespace, { name: controller })
    .watches(kind, ({ metadata }) => [{ name: metadata.namespace ?? '' }], { fieldSelector })
    .reconcile(async (key, { client, signal }) => {
      const namespace = namespaces.get(key.name);
      if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return undefined;
      if (namespace.status?.phase === 'Terminating') return undefined;
      const found = objects.get(name, key.name);
      const repaired = found === undefined ? undefined : repair?.(found);
      try {
        if (found === undefined) await client.resource(kind).create(make(key.name), { signal });
        else if (repaired !== undefined) await client.resource(kind).replace(repaired, { signal });
      } catch (error) {
        // Someone else made it, or the namespace is on its way out, which the cache will tell.
        if (!isAlreadyExists(error) && !isNotFound(error) && !isNamespaceTerminating(error)) throw error;
      }
      return againAfterMs === undefined ? undefined : { requeueAfterMs: againAfterMs };
    });
}
