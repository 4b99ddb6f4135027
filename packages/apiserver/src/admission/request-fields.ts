import { Namespace } from '@kubewright/api/core/v1';
import type { ServedKind } from '../registry/resource.js';
import type { AdmissionRequest, GroupVersionKind } from './admission-request.js';

/**
 * What is said of a request to those who are asked about it, but for its objects and the uid of the review: the fields
 * of `admission.k8s.io/v1` AdmissionRequest.
 * @param served the version in which they see it
 */
export function requestFields(request: AdmissionRequest, served: ServedKind) {
  const { operation, resource, subresource, name, user, dryRun, options, kind } = request;
  const requested = request.served.kind;
  // A body of its own kind is not converted.
  const isOwn = kind === resource.rules.kind;
  const namespace = resource.rules.kind.plural === Namespace.plural ? name : request.namespace;
  return {
    kind: kindOf(isOwn ? served.kind : kind),
    resource: resourceOf(served.kind),
    ...(subresource === '' ? {} : { subResource: subresource }),
    requestKind: kindOf(isOwn ? requested : kind),
    requestResource: resourceOf(requested),
    ...(subresource === '' ? {} : { requestSubResource: subresource }),
    ...(name === '' ? {} : { name }),
    ...(namespace === '' ? {} : { namespace }),
    operation,
    userInfo: {
      username: user.name,
      ...(user.uid === undefined ? {} : { uid: user.uid }),
      groups: user.groups,
      ...(user.extra === undefined ? {} : { extra: user.extra }),
    },
    dryRun,
    options: options ?? null,
  };
}

function kindOf({ group, version, kind }: GroupVersionKind) {
  return { group, version, kind };
}

function resourceOf({ group, version, plural }: { group: string; version: string; plural: string }) {
  return { group, version, resource: plural };
}
