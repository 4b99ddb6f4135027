import { ApiError, forbidden, notFound } from '@kubewright/api';
import { Namespace } from '@kubewright/api/core/v1';
import type { AdmissionPlugin, AdmissionRequest } from './admission-plugin.js';

/** Namespaces that a cluster cannot be without. */
const immortal = new Set(['default', 'kube-system', 'kube-public']);

/**
 * Nothing is created in a namespace that does not exist or is being deleted, and the namespaces that a cluster is made
 * of are not deleted. Source: the NamespaceLifecycle plugin of the admission controllers reference.
 */
export const namespaceLifecycle: AdmissionPlugin = {
  name: 'NamespaceLifecycle',

  async admit(request) {
    if (request.operation === 'DELETE') refuseImmortal(request);
    if (request.operation === 'CREATE' && request.namespace !== '') await refuseAbsent(request);
  },
};

function refuseImmortal({ resource, name }: AdmissionRequest): void {
  if (resource.rules.kind === Namespace && immortal.has(name))
    throw forbidden(resource.rules.kind, name, 'this namespace may not be deleted');
}

async function refuseAbsent({ resource, namespace, name, context, object }: AdmissionRequest): Promise<void> {
  const found = await context.objects.get(Namespace, '', namespace);
  if (found === undefined) throw notFound(Namespace, namespace);
  if (found.metadata.deletionTimestamp === undefined) return;
  const refusal = forbidden(
    resource.rules.kind,
    name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  );
  throw new ApiError('Forbidden', refusal.message, {
    details: {
      ...refusal.details,
      name: object?.metadata.name ?? name,
      causes: [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    },
  });
}
