import type { Kind, KubernetesObject } from '@kubewright/api';
import { parseStored } from '../encoding/object-bytes.js';
import type { ResourceTable } from './resource-table.js';

/** Who keeps something in step with all objects of a kind. */
export interface Follower<T extends KubernetesObject> {
  /** An object that is there, or has changed. It may be kept. */
  set(object: T): void;
  delete(namespace: string, name: string): void;
}

/**
 * Tells of every object of a kind, and then of each change, in the moment in which the cache takes it: whoever has an
 * answer to a write finds it followed. Parses each object once.
 */
export function followObjects<T extends KubernetesObject>(
  resources: ResourceTable,
  kind: Kind<T>,
  follower: Follower<T>,
): void {
  const { resource } = resources.of<T>(kind);
  for (const { bytes, revision } of resource.cache.listNow()) follower.set(parseStored<T>(bytes, revision));
  resource.cache.onChange(({ key, revision, after }) => {
    if (after !== undefined) follower.set(parseStored<T>(after.bytes, revision));
    else {
      const { namespace, name } = resource.nameOf(key);
      follower.delete(namespace, name);
    }
  });
}
