import type { Pod } from '@kubewright/api/core/v1';

/** Through a subresource that changes part of the spec nothing of the metadata changes but who manages what. */
export function keepMetadata(pod: Pod, { metadata: old }: Pod): void {
  const { managedFields, resourceVersion } = pod.metadata;
  pod.metadata = {
    ...old,
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(managedFields === undefined ? {} : { managedFields }),
  };
  if (managedFields === undefined) delete pod.metadata.managedFields;
}
