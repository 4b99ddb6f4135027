import type { ObjectMeta, OwnerReference } from './generated/meta/v1.js';
import type { Kind, KubernetesObject } from './kind.js';

export type { OwnerReference };

/** The reference to the object's controller: the one owner that manages it. */
export function controllerOf(object: { readonly metadata: ObjectMeta }): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true);
}

/** True when the owner is the object's controller, by uid. */
export function isControlledBy(
  object: { readonly metadata: ObjectMeta },
  owner: { readonly metadata: ObjectMeta },
): boolean {
  const uid = controllerOf(object)?.uid;
  return uid !== undefined && uid === owner.metadata.uid;
}

/**
 * A reference to an owner, to be put into the objects that it owns. With `controller` it is their controller, and its
 * deletion in the foreground waits for them (`blockOwnerDeletion`).
 * @throws TypeError when the owner was never stored: without a uid a reference means nothing
 */
export function ownerReference<T extends KubernetesObject>(
  kind: Kind<T>,
  owner: { readonly metadata: ObjectMeta },
  controller: boolean,
): OwnerReference {
  const { name, uid } = owner.metadata;
  if (name === undefined || uid === undefined)
    throw new TypeError(`an owner must have a name and a uid; ${kind.kind} ${name ?? ''} has not`);
  return {
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    name,
    uid,
    ...(controller ? { controller: true, blockOwnerDeletion: true } : {}),
  };
}
