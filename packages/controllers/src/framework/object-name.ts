import type { KubernetesObject } from '@kubewright/api';
import { splitObjectKey } from '@kubewright/client';

/** Which object: what a reconciler is called with. */
export interface ObjectName {
  /** Left out for a kind of the cluster. */
  readonly namespace?: string | undefined;
  readonly name: string;
}

export function nameOf(object: KubernetesObject): ObjectName {
  const { namespace, name = '' } = object.metadata;
  return namespace ? { namespace, name } : { name };
}

/** `namespace/name`, or the name alone: the form in which work queues hold names. */
export function keyOf({ namespace, name }: ObjectName): string {
  return namespace ? `${namespace}/${name}` : name;
}

export function parseKey(key: string): ObjectName {
  const { namespace, name } = splitObjectKey(key);
  return namespace === undefined ? { name } : { namespace, name };
}
