import { type ApiError, forbidden, type KubernetesObject } from '@kubewright/api';
import type { AdmissionRequest } from './admission-request.js';

/** A plugin's no, as upstream words it: `pods "web" is forbidden: …`. Source: apiserver's `admission.NewForbidden`. */
export function refusal<T extends KubernetesObject>(request: AdmissionRequest<T>, why: string): ApiError {
  return forbidden(request.resource.rules.kind, nameOf(request), why);
}

function nameOf<T extends KubernetesObject>({ name, object }: AdmissionRequest<T>): string {
  return name || object?.metadata.name || object?.metadata.generateName || 'Unknown';
}
