import type { Kind } from '@kubewright/api';
import type { ObjectMeta, OwnerReference } from '@kubewright/api/meta/v1';

/** Whether the reference names an object of that kind, at whatever version. */
export function refersTo(reference: OwnerReference, kind: Pick<Kind, 'group' | 'kind'>): boolean {
  return reference.kind === kind.kind && groupOf(reference.apiVersion) === kind.group;
}

/** The metadata with this reference, in place of one to the same owner. @throws when another is its controller */
export function withOwner(metadata: ObjectMeta, reference: OwnerReference): ObjectMeta {
  const others = (metadata.ownerReferences ?? []).filter(({ uid }) => uid !== reference.uid);
  const controller = others.find((other) => other.controller === true);
  if (reference.controller === true && controller !== undefined)
    throw new Error(
      `${metadata.name ?? 'the object'} is controlled by ${controller.kind} ${controller.name} already`,
    );
  return { ...metadata, ownerReferences: [...others, reference] };
}

/** The group of `group/version`; `''` for the core group. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}
