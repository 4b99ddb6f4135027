import type { KubernetesObject } from '@kubewright/api';
import type { ServedKind } from '../../registry/resource.js';
import type { AdmissionRequest } from '../admission-request.js';

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
