import type { KubernetesObject } from '@kubewright/api';
import type { Exchange } from '../exchange.js';
import type { Resource } from '../registry/resource.js';
import type { StoredObject } from '../registry/stored-object.js';

/**
 * Tells the client what is odd about the object that it wrote. Subresources are written by programs and have none, but
 * for a scale, which is a write to the object itself.
 */
export function warnAboutWrite<T extends KubernetesObject>(
  exchange: Exchange,
  { rules }: Resource<T>,
  { object, old }: StoredObject<T>,
): void {
  if (['', 'scale'].includes(exchange.info.subresource))
    exchange.warn(...(rules.warnings?.(object, old) ?? []));
}
