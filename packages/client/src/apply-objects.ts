import type { KubernetesObject } from '@kubewright/api';
import type { Client } from './client.js';
import type { ApplyOptions } from './options.js';

export interface ApplyObjectsOptions extends ApplyOptions {
  /** For objects of namespaced kinds that name none. @default the client's */
  readonly namespace?: string | undefined;
}

export interface ApplyObjectsResult {
  /** As the server has them now, in the order in which they were given. */
  readonly applied: readonly KubernetesObject[];
}

export async function applyObjects(
  _client: Client,
  _objects: readonly KubernetesObject[],
  _options: ApplyObjectsOptions,
): Promise<ApplyObjectsResult> {
  throw new Error('not yet');
}
