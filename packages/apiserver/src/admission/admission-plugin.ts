import type { KubernetesObject } from '@kubewright/api';
import type { Resource } from '../registry/resource.js';
import type { WriteContext } from '../registry/write-context.js';

/** A write as admission sees it. Objects are in the stored version; `object` is undefined for deletes. */
export interface AdmissionRequest {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly resource: Resource;
  readonly subresource: string;
  readonly namespace: string;
  /** Empty while the name is still to be generated. */
  readonly name: string;
  readonly object: KubernetesObject | undefined;
  readonly oldObject: KubernetesObject | undefined;
  readonly context: WriteContext;
}

/** A say in every write: `admit` may change the object, `validate` only refuse. Both refuse by throwing ApiError. */
export interface AdmissionPlugin {
  readonly name: string;
  admit?(request: AdmissionRequest): void | Promise<void>;
  validate?(request: AdmissionRequest): void | Promise<void>;
}

export async function admit(plugins: readonly AdmissionPlugin[], request: AdmissionRequest): Promise<void> {
  for (const plugin of plugins) await plugin.admit?.(request);
}

export async function validateAdmission(
  plugins: readonly AdmissionPlugin[],
  request: AdmissionRequest,
): Promise<void> {
  for (const plugin of plugins) await plugin.validate?.(request);
}
