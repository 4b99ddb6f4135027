import { Namespace } from '@kubewright/api/core/v1';
import { createMissing, type StartingServer } from './create-missing.js';

/** The namespaces that every cluster has. */
const systemNamespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/** Creates what is missing of them. */
export function bootstrapNamespaces(server: StartingServer): Promise<void> {
  return createMissing(
    server,
    Namespace,
    systemNamespaces.map((name) => ({ metadata: { name } })),
  );
}
