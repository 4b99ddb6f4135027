import { alreadyExists, type Kind, type KubernetesObject, notFound } from '@kubewright/api';
import type { ObjectStore } from './write-context.js';

/**
 * The store as a dry run sees it: reads are real, a name that is taken is refused, and nothing is written. Names that
 * the dry run itself took are taken, so that an allocator gives nothing twice.
 */
export function dryRunStore(objects: ObjectStore): ObjectStore {
  const taken = new Set<string>();
  const keyOf = (kind: Kind, namespace: string, name: string) =>
    `${kind.group}/${kind.plural}/${namespace}/${name}`;
  return {
    get: (kind, namespace, name) => objects.get(kind, namespace, name),
    list: (kind, namespace) => objects.list(kind, namespace),
    lister: (kind) => objects.lister(kind),
    async create<T extends KubernetesObject>(kind: Kind<T>, object: T): Promise<T> {
      const { namespace = '', name = '' } = object.metadata;
      const key = keyOf(kind as unknown as Kind, namespace, name);
      if (taken.has(key) || (await objects.get(kind, namespace, name)) !== undefined)
        throw alreadyExists(kind, name);
      taken.add(key);
      return object;
    },
    replace: async (_, object) => object,
    async changeStatus(kind, namespace, name, change) {
      const object = await objects.get(kind, namespace, name);
      if (object === undefined) throw notFound(kind, name);
      return change(object);
    },
    async change(kind, namespace, name, change) {
      const object = await objects.get(kind, namespace, name);
      if (object === undefined) throw notFound(kind, name);
      return change(object);
    },
    async delete(kind, namespace, name) {
      taken.delete(keyOf(kind as unknown as Kind, namespace, name));
    },
  };
}
