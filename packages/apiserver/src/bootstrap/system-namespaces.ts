import { isAlreadyExists } from '@kubewright/api';
import { Namespace } from '@kubewright/api/core/v1';
import type { ObjectStore } from '../registry/write-context.js';

/** The namespaces that every cluster has. */
const systemNamespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/** Creates what is missing of them. */
export async function bootstrapNamespaces(objects: ObjectStore): Promise<void> {
  for (const name of systemNamespaces) {
    if ((await objects.get(Namespace, '', name)) !== undefined) continue;
    try {
      await objects.create(Namespace, { metadata: { name } });
    } catch (error) {
      // Another server of the same store was quicker.
      if (!isAlreadyExists(error)) throw error;
    }
  }
}
