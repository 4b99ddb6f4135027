import { isAlreadyExists, type Kind, type KubernetesObject } from '@kubewright/api';
import type { Registry } from '../registry/registry.js';
import type { ObjectStore } from '../registry/write-context.js';

/** A server as far as it is needed to give it its first objects. */
export interface StartingServer extends Registry {
  readonly objects: ObjectStore;
}

/**
 * Creates those objects that the store has not. It is the store that is asked: a cache is opened by those who read it,
 * and a server that begins with a store that has all costs little.
 */
export async function createMissing<T extends KubernetesObject>(
  server: StartingServer,
  kind: Kind<T>,
  wanted: readonly T[],
): Promise<void> {
  const { resource } = server.resources.of(kind);
  await Promise.all(
    wanted.map(async (object) => {
      const key = resource.key('', object.metadata.name ?? '');
      if ((await server.storage.get(key)).entry !== undefined) return;
      try {
        await server.objects.create(kind, object);
      } catch (error) {
        // Another server of the same store was quicker.
        if (!isAlreadyExists(error)) throw error;
      }
    }),
  );
}
