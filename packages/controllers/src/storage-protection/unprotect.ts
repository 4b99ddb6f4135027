import { isNotFound, type KubernetesObject } from '@kubewright/api';
import type { CallOptions, ResourceClient } from '@kubewright/client';

/**
 * Takes the finalizer from the object by an update of the whole, since the roles of upstream's controllers have no
 * patch of what they protect. @throws ApiError Conflict when the object has changed
 */
export async function unprotect<T extends KubernetesObject>(
  resource: ResourceClient<T>,
  object: T,
  finalizer: string,
  options: CallOptions,
): Promise<void> {
  const finalizers = (object.metadata.finalizers ?? []).filter((other) => other !== finalizer);
  const metadata = { ...object.metadata, finalizers };
  try {
    await resource.namespace(object.metadata.namespace).replace({ ...object, metadata }, options);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
