import { isNotFound } from '@kubewright/api';
import { Pod } from '@kubewright/api/core/v1';
import type { CallOptions, Client } from '@kubewright/client';

/**
 * Takes one finalizer from a pod and leaves the others, whoever changed them meanwhile. A pod that is gone needs none
 * taken: undefined. @throws ApiError Conflict when another pod has the name now
 */
export async function removePodFinalizer(
  client: Client,
  { metadata: { name = '', namespace, uid } }: Pod,
  finalizer: string,
  options: CallOptions = {},
): Promise<Pod | undefined> {
  const metadata = { uid, '$deleteFromPrimitiveList/finalizers': [finalizer] };
  try {
    return await client.resource(Pod).namespace(namespace).patchStrategic(name, { metadata }, options);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
