import { badRequest, type KubernetesObject } from '@kubewright/api';
import type { Resource } from './resource.js';

/**
 * The namespace of the path goes into an object without one; another one is refused.
 * @throws ApiError BadRequest
 */
export function placeInNamespace(object: KubernetesObject, namespace: string): void {
  object.metadata.namespace ||= namespace;
  if (object.metadata.namespace !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
}

/** As {@link placeInNamespace}; an object of the cluster loses the namespace that it names. */
export function matchNamespace<T extends KubernetesObject>(
  object: T,
  namespace: string,
  { namespaced }: Pick<Resource<T>, 'namespaced'>,
): void {
  if (namespaced) placeInNamespace(object, namespace);
  else delete object.metadata.namespace;
}
