import type { KubernetesObject } from '@kubewright/api';
import { isNotFound } from '@kubewright/api';
import type { CallOptions, ResourceClient } from '@kubewright/client';

export function hasFinalizer(object: KubernetesObject, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) ?? false;
}

/** Puts a finalizer on the object, unless it has it. @throws ApiError Conflict when the object has changed */
export async function addFinalizer<T extends KubernetesObject>(
  resource: ResourceClient<T>,
  object: T,
  finalizer: string,
  options: CallOptions = {},
): Promise<T> {
  if (hasFinalizer(object, finalizer)) return object;
  return write(resource, object, [...(object.metadata.finalizers ?? []), finalizer], options);
}

/**
 * Takes a finalizer from the object, after which a deleted object without others is gone. An object that is gone
 * already is none's business: undefined. @throws ApiError Conflict when the object has changed
 */
export async function removeFinalizer<T extends KubernetesObject>(
  resource: ResourceClient<T>,
  object: T,
  finalizer: string,
  options: CallOptions = {},
): Promise<T | undefined> {
  if (!hasFinalizer(object, finalizer)) return object;
  const others = (object.metadata.finalizers ?? []).filter((other) => other !== finalizer);
  try {
    return await write(resource, object, others, options);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function write<T extends KubernetesObject>(
  resource: ResourceClient<T>,
  object: T,
  finalizers: readonly string[],
  options: CallOptions,
): Promise<T> {
  const { name = '', namespace, uid, resourceVersion } = object.metadata;
  // A merge patch replaces the whole list, so it must name the state that the list was read from.
  const patch = {
    metadata: { uid, resourceVersion, finalizers: finalizers.length === 0 ? null : finalizers },
  };
  return resource
    .namespace(namespace)
    .patchMerge(name, patch as Parameters<ResourceClient<T>['patchMerge']>[1], options);
}
