import type { KubernetesObject } from '@kubewright/api';
import type { Exchange } from '../exchange.js';
import type { Resource } from '../registry/resource.js';
import type { StoredObject } from '../registry/stored-object.js';

/**
 * Tells the client what is odd about the object that it wrote. Subresources are written by programs and few have any; a
 * scale is a write to the object itself.
 */
export function warnAboutWrite<T extends KubernetesObject>(
  exchange: Exchange,
  { rules }: Resource<T>,
  { object, old }: StoredObject<T>,
): void {
  const { subresource } = exchange.info;
  if (['', 'scale'].includes(subresource)) exchange.warn(...(rules.warnings?.(object, old) ?? []));
  else exchange.warn(...(rules.subresources?.[subresource]?.warnings?.(object) ?? []));
}
