import type { KubernetesObject } from '@kubewright/api';

/** What a write left behind: the stored bytes with their revision, and the same parsed. */
export interface StoredObject<T extends KubernetesObject = KubernetesObject> {
  readonly bytes: Buffer;
  /** 0 for a dry run of a create. */
  readonly revision: number;
  readonly object: T;
  /** What an update changed. */
  readonly old?: T;
}
