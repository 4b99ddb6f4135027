import type { KubernetesObject } from '@kubewright/api';
import type { Resource } from '../registry/resource.js';
import type { AdmissionOperation, AdmissionRequest } from './admission-request.js';

/** What a plugin is asked about before any request: the kind of requests, not one of them. */
export interface AdmissionTarget<T extends KubernetesObject = KubernetesObject> {
  readonly operation: AdmissionOperation;
  readonly resource: Resource<T>;
  /** Empty for the object itself. */
  readonly subresource: string;
}

/**
 * A say in writes and connections: `admit` may change the object, `validate` only refuse. Both refuse by throwing an
 * ApiError (`refusal` words it as upstream does), and one that has nothing to wait for answers nothing, so that the
 * write need not wait either. All plugins' `admit` run before the object is validated, all `validate` after it, in the
 * order of the plugins and once for each attempt to store the object.
 * ```ts
 * const owned: AdmissionPlugin = {
 *   name: 'Owned',
 *   handles: ({ operation, subresource }) => operation === 'CREATE' && subresource === '',
 *   admit: ({ object, user }) => {
 *     if (object !== undefined) object.metadata.labels = { ...object.metadata.labels, owner: user.name };
 *   },
 * };
 * ```
 */
export interface AdmissionPlugin<T extends KubernetesObject = KubernetesObject> {
  readonly name: string;
  /** Asked once for each operation, resource and subresource; what is not handled costs nothing. @default everything */
  handles?(target: AdmissionTarget<T>): boolean;
  admit?(request: AdmissionRequest<T>): void | Promise<void>;
  validate?(request: AdmissionRequest<T>): void | Promise<void>;
}
