import type { Pod, Service } from '@kubewright/api/core/v1';
import type { Informer } from '@kubewright/client';
import { hasLabels } from '../framework/has-labels.js';
import { nameOf, type ObjectName } from '../framework/object-name.js';

/** Whether controllers look for the service's endpoints: by a selector, and not for an alias of an outside name. */
export function hasEndpoints({ spec }: Service): boolean {
  return spec?.type !== 'ExternalName' && Object.keys(spec?.selector ?? {}).length > 0;
}

export function selectsPod(service: Service, { metadata }: Pod): boolean {
  return hasEndpoints(service) && hasLabels(service.spec?.selector, metadata.labels);
}

/** The services that have the pod among their endpoints. */
export function servicesOf(pod: Pod, services: Informer<Service>): ObjectName[] {
  return services
    .list(pod.metadata.namespace)
    .filter((service) => selectsPod(service, pod))
    .map(nameOf);
}
