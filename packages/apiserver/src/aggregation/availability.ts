import type { APIService } from '@kubewright/api/apiregistration/v1';
import { Service } from '@kubewright/api/core/v1';
import { EndpointSlice } from '@kubewright/api/discovery/v1';
import type { ObjectReader } from '../registry/write-context.js';

/** The status of the condition `Available`, and why. */
export interface Availability {
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

export const localAvailability: Availability = {
  status: 'True',
  reason: 'Local',
  message: 'Local APIServices are always available',
};
export const passedAvailability: Availability = {
  status: 'True',
  reason: 'Passed',
  message: 'all checks passed',
};

/**
 * What keeps a server from being reached, as far as the objects of the cluster tell; undefined where nothing does.
 * Source: kube-aggregator's `AvailableConditionController`.
 */
export function obstacle({ spec }: APIService, objects: ObjectReader): Availability | undefined {
  const { name = '', namespace = '', port = 443 } = spec?.service ?? {};
  const no = (reason: string, message: string): Availability => ({ status: 'False', reason, message });
  const where = `service/${name} in "${namespace}"`;
  const service = objects.lister(Service).get(namespace, name);
  if (service === undefined) return no('ServiceNotFound', `${where} is not present`);
  if ((service.spec?.type ?? 'ClusterIP') !== 'ClusterIP') return undefined;
  const found = (service.spec?.ports ?? []).find((one) => one.port === port);
  if (found === undefined) return no('ServicePortError', `${where} is not listening on port ${port}`);
  const slices = objects
    .lister(EndpointSlice)
    .list(namespace)
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name);
  if (slices.length === 0) return no('EndpointsNotFound', `cannot find endpointslices for ${where}`);
  const portName = found.name ?? '';
  const isActive = slices.some(
    ({ endpoints, ports }) =>
      (endpoints ?? []).some(({ conditions }) => conditions?.ready !== false) &&
      (ports ?? []).some((one) => (one.name ?? '') === portName && one.port !== undefined),
  );
  return isActive
    ? undefined
    : no('MissingEndpoints', `endpointslices for ${where} have no addresses with port name "${portName}"`);
}
