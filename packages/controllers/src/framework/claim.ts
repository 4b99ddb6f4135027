import {
  controllerOf,
  isInvalid,
  isNotFound,
  type Kind,
  type KubernetesObject,
  ownerReference,
} from '@kubewright/api';
import type { ResourceClient } from '@kubewright/client';

export interface ClaimOptions<O extends KubernetesObject, T extends KubernetesObject> {
  readonly owner: O;
  readonly ownerKind: Kind<O>;
  readonly owners: ResourceClient<O>;
  readonly resource: ResourceClient<T>;
  /** Objects that the owner controls and objects that nobody does. */
  readonly candidates: readonly T[];
  /** Whether the owner's selector selects the object. */
  readonly matches: (object: T) => boolean;
  /** What an adopted object gets besides its owner. @default none */
  readonly finalizers?: readonly string[] | undefined;
  readonly signal: AbortSignal;
}

/** What a claim asks for. */
export interface ClaimPlan<T extends KubernetesObject> {
  readonly keep: readonly T[];
  readonly adopt: readonly T[];
  readonly release: readonly T[];
}

/**
 * Sorts candidates: what the owner controls and selects stays, what it no longer selects is let go, what it selects
 * and nobody controls is adopted. A deleted owner adopts and releases nothing, deleted objects are not adopted.
 * Source: "Controlling behaviour" of the controller reference design, apimachinery's ControllerRef.
 */
export function planClaim<T extends KubernetesObject>(
  owner: KubernetesObject,
  candidates: readonly T[],
  matches: (object: T) => boolean,
): ClaimPlan<T> {
  const keep: T[] = [];
  const adopt: T[] = [];
  const release: T[] = [];
  const ownerDeleted = owner.metadata.deletionTimestamp !== undefined;
  for (const object of candidates) {
    const controller = controllerOf(object);
    if (controller !== undefined) {
      if (controller.uid !== owner.metadata.uid) continue;
      if (matches(object)) keep.push(object);
      else if (!ownerDeleted) release.push(object);
    } else if (!ownerDeleted && object.metadata.deletionTimestamp === undefined && matches(object)) {
      adopt.push(object);
    }
  }
  return { keep, adopt, release };
}

/** Carries out {@link planClaim} and gives what the owner controls then. */
export async function claim<O extends KubernetesObject, T extends KubernetesObject>(
  options: ClaimOptions<O, T>,
): Promise<T[]> {
  const { owner, candidates, matches, resource, signal } = options;
  const plan = planClaim(owner, candidates, matches);
  for (const object of plan.release) await release(options, object);
  if (plan.adopt.length === 0) return [...plan.keep];
  await assertOwnerLives(options);
  const adopted = await Promise.all(plan.adopt.map((object) => adopt(resource, object, options, signal)));
  return [...plan.keep, ...adopted.filter((object) => object !== undefined)];
}

/** The cache may be old: what is adopted for an owner that is gone would be collected. */
async function assertOwnerLives<O extends KubernetesObject, T extends KubernetesObject>({
  owner,
  owners,
  signal,
}: ClaimOptions<O, T>): Promise<void> {
  const { name = '', namespace, uid } = owner.metadata;
  const live = await owners.namespace(namespace).get(name, { signal });
  if (live.metadata.uid !== uid)
    throw new Error(`${name} was replaced: its uid is ${live.metadata.uid}, not ${uid}`);
  if (live.metadata.deletionTimestamp !== undefined)
    throw new Error(`${name} has just been deleted at ${live.metadata.deletionTimestamp}`);
}

async function adopt<T extends KubernetesObject>(
  resource: ResourceClient<T>,
  object: T,
  {
    owner,
    ownerKind,
    finalizers,
  }: Pick<ClaimOptions<KubernetesObject, T>, 'owner' | 'ownerKind' | 'finalizers'>,
  signal: AbortSignal,
): Promise<T | undefined> {
  const { name = '', namespace, uid } = object.metadata;
  const ownerReferences = [ownerReference(ownerKind, owner, true)];
  const patch = { metadata: { uid, ownerReferences, ...(finalizers === undefined ? {} : { finalizers }) } };
  try {
    return await resource.namespace(namespace).patchStrategic(name, patch, { signal });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function release<O extends KubernetesObject, T extends KubernetesObject>(
  { owner, resource, signal }: ClaimOptions<O, T>,
  object: T,
): Promise<void> {
  const { name = '', namespace, uid } = object.metadata;
  const patch = { metadata: { uid, ownerReferences: [{ $patch: 'delete', uid: owner.metadata.uid }] } };
  try {
    await resource.namespace(namespace).patchStrategic(name, patch, { signal });
  } catch (error) {
    // Gone, or without any reference left to delete: either way it is released.
    if (!isNotFound(error) && !isInvalid(error)) throw error;
  }
}
