import { ApiError, forbidden, notFound } from '@kubewright/api';
import { LocalSubjectAccessReview } from '@kubewright/api/authorization/v1';
import { Namespace } from '@kubewright/api/core/v1';
import type { AdmissionPlugin } from '../admission-plugin.js';
import type { AdmissionRequest } from '../admission-request.js';
import { refusal } from '../refusal.js';

/** Namespaces that a cluster cannot be without. */
const immortal = new Set(['default', 'kube-system', 'kube-public']);

/**
 * Nothing is created in a namespace that does not exist or is being deleted, and the namespaces that a cluster is made
 * of are not deleted. Source: the NamespaceLifecycle plugin of the admission controllers reference.
 */
export const namespaceLifecycle: AdmissionPlugin = {
  name: 'NamespaceLifecycle',

  handles({ operation, resource }) {
    if (operation === 'DELETE') return resource.rules.kind === Namespace;
    // Who may do what in a namespace can be asked before it is there.
    if (resource.rules.kind === LocalSubjectAccessReview) return false;
    return operation !== 'CONNECT' && resource.namespaced;
  },

  admit(request) {
    if (request.operation === 'DELETE') {
      refuseImmortal(request);
      return undefined;
    }
    const { namespace, context } = request;
    const found = context.objects.lister(Namespace).get('', namespace);
    // A server beside this one may have made it just now.
    if (found === undefined) return refuseAbsent(request);
    if (request.operation === 'CREATE' && found.metadata.deletionTimestamp !== undefined)
      throw terminating(request);
    return undefined;
  },
};

function refuseImmortal({ resource, name }: AdmissionRequest): void {
  if (immortal.has(name)) throw forbidden(resource.rules.kind, name, 'this namespace may not be deleted');
}

async function refuseAbsent({ namespace, context }: AdmissionRequest): Promise<void> {
  if ((await context.objects.get(Namespace, '', namespace)) === undefined)
    throw notFound(Namespace, namespace);
}

function terminating(request: AdmissionRequest): ApiError {
  const { namespace } = request;
  const { message, details } = refusal(
    request,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  );
  return new ApiError('Forbidden', message, {
    details: {
      ...details,
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
