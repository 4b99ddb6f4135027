import { apiVersionOf, isApiError, type KubernetesObject } from '@kubewright/api';
import type { JsonObject } from '../../patch/json-object.js';
import type { ServedKind } from '../../registry/resource.js';
import { builtinBodyKind } from '../../schema/body-kind.js';
import type { AdmissionRequest } from '../admission-request.js';
import { internalError } from '../internal-error.js';

/** Whether the objects of a request are of the resource's own kind: a body of another kind has one version. */
export function isOwnKind({ kind, resource }: AdmissionRequest): boolean {
  return kind === resource.rules.kind;
}

/** An object of a request in the version that a webhook wants. */
export function inVersion(
  request: AdmissionRequest,
  object: KubernetesObject | undefined,
  served: ServedKind,
): KubernetesObject | undefined {
  if (object === undefined || !isOwnKind(request) || served.conversion === undefined) return object;
  return served.fromStored(structuredClone(object));
}

/** Makes an object another one, in place: whoever has it sees the change. */
export function becomes(object: KubernetesObject, other: KubernetesObject): void {
  for (const field of Object.keys(object)) if (!(field in other)) Reflect.deleteProperty(object, field);
  Object.assign(object, other);
}

/**
 * A changed object as its kind reads it: in the version that was changed, normalised.
 * @throws ApiError InternalError for what is none, or of another kind
 */
export function readChanged(
  request: AdmissionRequest,
  changed: JsonObject,
  served: ServedKind,
): KubernetesObject {
  const { group, version, kind } = isOwnKind(request) ? served.kind : request.kind;
  const apiVersion = apiVersionOf(group, version);
  if (changed.apiVersion !== apiVersion || changed.kind !== kind)
    throw internalError(
      new Error(
        `no kind ${JSON.stringify(changed.kind ?? '')} is registered for version ${JSON.stringify(changed.apiVersion ?? '')}`,
      ),
    );
  const body = isOwnKind(request) ? served.body : builtinBodyKind(group, version, kind);
  try {
    return body.normalise(structuredClone(changed)).object as unknown as KubernetesObject;
  } catch (error) {
    if (!isApiError(error)) throw error;
    throw internalError(error);
  }
}
