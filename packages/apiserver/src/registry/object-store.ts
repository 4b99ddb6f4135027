import { isConflict, isNotFound, type Kind, type KubernetesObject } from '@kubewright/api';
import { parseStored } from '../encoding/object-bytes.js';
import { createObject } from './create-object.js';
import { deleteObject } from './delete-object.js';
import { FieldOwnership } from './field-ownership.js';
import { CacheLister, type Lister } from './lister.js';
import type { Registry } from './registry.js';
import type { ServedKind } from './resource.js';
import { updateObject } from './update-object.js';
import type { ObjectStore, WriteContext } from './write-context.js';

/** The server's own view of its objects, for rules, admission and its start. Writes take the same way as a client's. */
export function objectStore(registry: Registry, context: () => WriteContext): ObjectStore {
  const listers = new WeakMap<object, Lister>();
  /** Upstream's server writes through a client of its own, whose name its fields bear. */
  const writer = (served: ServedKind): WriteContext => {
    const { now, ...rest } = context();
    return { ...rest, now, ownership: new FieldOwnership(served, { manager: 'kube-apiserver', now }) };
  };
  return {
    async get(kind, namespace, name) {
      const { resource } = registry.resources.of(kind);
      const entry = resource.cache.get(resource.key(namespace, name));
      return entry === undefined ? undefined : parseStored(entry.bytes, entry.revision);
    },

    async list<T extends KubernetesObject>(kind: Kind<T>, namespace?: string): Promise<T[]> {
      const { cache } = registry.resources.of(kind).resource;
      const { entries } = await cache.list(namespace === undefined ? {} : { namespace });
      return entries.map(({ bytes, revision }) => parseStored<T>(bytes, revision));
    },

    lister<T extends KubernetesObject>(kind: Kind<T>): Lister<T> {
      const { resource } = registry.resources.of<T>(kind);
      let lister = listers.get(resource) as Lister<T> | undefined;
      if (lister === undefined) {
        lister = new CacheLister(resource);
        listers.set(resource, lister);
      }
      return lister;
    },

    async create<T extends KubernetesObject>(kind: Kind<T>, object: T): Promise<T> {
      const served = registry.resources.of<T>(kind);
      const stored = served.toStored(structuredClone(object));
      return (await createObject(registry, served.resource, stored, writer(served))).object;
    },

    async replace<T extends KubernetesObject>(kind: Kind<T>, object: T): Promise<T> {
      const served = registry.resources.of<T>(kind);
      const { namespace = '', name = '' } = object.metadata;
      const wanted = () => served.toStored(structuredClone(object));
      const options = {
        namespace,
        name,
        subresource: '',
        // Whatever it was: of a kind that takes no unconditional update the newest one is named.
        change: (current: T) => {
          const next = wanted();
          Object.assign(next.metadata, { resourceVersion: current.metadata.resourceVersion });
          return next;
        },
        create: () => createObject(registry, served.resource, wanted(), writer(served)),
      };
      return (await updateObject(registry, served.resource, options, writer(served))).object;
    },

    async changeStatus<T extends KubernetesObject>(
      kind: Kind<T>,
      namespace: string,
      name: string,
      change: (object: T) => T,
    ): Promise<T> {
      const served = registry.resources.of<T>(kind);
      const options = { namespace, name, subresource: 'status', change };
      return (await updateObject(registry, served.resource, options, writer(served))).object;
    },

    async change<T extends KubernetesObject>(
      kind: Kind<T>,
      namespace: string,
      name: string,
      change: (object: T) => T,
    ): Promise<T> {
      const { resource } = registry.resources.of<T>(kind);
      const options = { namespace, name, subresource: '', change };
      return (await updateObject(registry, resource, options, context())).object;
    },

    async delete(kind, namespace, name, uid) {
      const { resource } = registry.resources.of(kind);
      const options = uid === undefined ? {} : { preconditions: { uid } };
      try {
        await deleteObject(registry, resource, { namespace, name }, options, context());
      } catch (error) {
        if (!isNotFound(error) && !(uid !== undefined && isConflict(error))) throw error;
      }
    },
  };
}
