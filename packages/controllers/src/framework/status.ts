import { isConflict, type KubernetesObject } from '@kubewright/api';
import type { ApplyInput, ApplyOptions, CallOptions, DeepPartial, ResourceClient } from '@kubewright/client';
import { sameValue } from './same-value.js';

/**
 * Writes an object's status if it differs, against the state that it was computed from, so that an old cache can't
 * overwrite what is newer. @throws ApiError Conflict when the object has changed
 */
export async function updateStatus<T extends KubernetesObject & { status?: unknown }>(
  resource: ResourceClient<T>,
  object: T,
  status: T['status'],
  options: CallOptions = {},
): Promise<T> {
  if (sameValue(object.status, status)) return object;
  return resource.namespace(object.metadata.namespace).status.replace({ ...object, status }, options);
}

/**
 * Makes the status have these fields, owned by the field manager; fields that it applied before and leaves out now go.
 * Unlike {@link updateStatus} it needs no newest state, so that it never conflicts with who writes other fields, and
 * leaves those alone. @throws ApiError Conflict when another object has taken the name, NotFound when it is gone
 */
export async function applyStatus<T extends KubernetesObject & { status?: unknown }>(
  resource: ResourceClient<T>,
  object: T,
  status: DeepPartial<T['status']>,
  options: ApplyOptions = {},
): Promise<T> {
  const { name = '', namespace, uid } = object.metadata;
  const wanted = { metadata: { name, uid }, status };
  return resource
    .namespace(namespace)
    .status.apply(wanted as typeof wanted & ApplyInput<T>, { force: true, ...options });
}

/**
 * Reads, changes and writes an object anew for as long as others come first.
 * @param change the changed object; undefined when there is nothing to change
 * @throws ApiError for everything but a conflict, and for the conflict after five tries
 */
export async function retryOnConflict<T extends KubernetesObject>(
  resource: ResourceClient<T>,
  name: string,
  change: (object: T) => T | undefined,
  options: CallOptions = {},
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const current = await resource.get(name, options);
    const changed = change(current);
    if (changed === undefined) return current;
    try {
      return await resource.replace(changed, options);
    } catch (error) {
      if (!isConflict(error) || attempt === 5) throw error;
    }
  }
}
