import type { Kind, KubernetesObject } from '@kubewright/api';
import type { AdmissionTarget } from './admission-plugin.js';
import type { AdmissionOperation } from './admission-request.js';

/** What a plugin of one kind handles: these operations on the object itself, or on the subresources that are named. */
export function handlesKind<T extends KubernetesObject>(
  { group, plural }: Kind<T>,
  operations: readonly AdmissionOperation[],
  subresources: readonly string[] = [''],
): (target: AdmissionTarget) => boolean {
  return ({ operation, resource: { rules }, subresource }) =>
    rules.kind.group === group &&
    rules.kind.plural === plural &&
    operations.includes(operation) &&
    subresources.includes(subresource);
}
