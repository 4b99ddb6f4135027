import { dns1123LabelErrors } from '@kubewright/api';
import { Service } from '@kubewright/api/core/v1';
import type { WriteContext } from '../registry/write-context.js';
import { ageColumn, labelsText, nameColumn, orNone, text, wide } from './columns.js';
import { defineRules } from './kind-rules.js';
import { allocateAddresses, releaseAddress } from './service/address-allocation.js';
import { type Claimed, giveBack } from './service/claim.js';
import { allocateNodePorts, nodePortsOf, releaseNodePort } from './service/node-port-allocation.js';
import {
  defaultService,
  dropForeign,
  dropInternalPolicy,
  joinClusterIPs,
  keepAllocated,
} from './service/service-defaults.js';
import { defaultFamilies } from './service/service-families.js';
import { serviceProxy } from './service/service-proxy.js';
import { isHeadless, needsClusterIP } from './service/service-type.js';
import { validateServiceUpdate } from './service/service-update-validation.js';
import { validateService, validateServiceStatus } from './service/service-validation.js';
import { serviceStatusWarnings, serviceWarnings } from './service/service-warnings.js';

export const serviceRules = defineRules<Service>({
  kind: Service,
  createdByUpdate: true,
  storageKey: 'services/specs',
  returnsDeleted: true,
  // Any DNS label since KEP-5311; before, it had to start with a letter.
  validateName: dns1123LabelErrors,
  default: defaultService,
  prepareForCreate(service, context) {
    service.status = { loadBalancer: {} };
    joinClusterIPs(service, undefined);
    defaultFamilies(service, undefined, context.serviceRanges);
    dropInternalPolicy(service);
  },
  prepareForUpdate(service, old, context) {
    keepAllocated(service, old);
    joinClusterIPs(service, old);
    defaultFamilies(service, old, context.serviceRanges);
    dropForeign(service, old);
    dropInternalPolicy(service);
    if (service.spec?.type !== 'LoadBalancer') service.status = { ...service.status, loadBalancer: {} };
  },
  validateCreate: (service) => validateService(service),
  validateUpdate: (service, old) => [
    ...validateServiceUpdate(service, old),
    ...validateService(service, old),
  ],
  warnings: serviceWarnings,
  allocate,
  async release(service, context) {
    await releaseAll(service, undefined, context);
  },
  async releaseUnused(service, old, context) {
    await releaseAll(old, service, context);
  },
  fields: { 'spec.clusterIP': ({ spec }) => spec?.clusterIP ?? '' },
  columns: [
    nameColumn,
    text('Type', 'How the service is reached.', ({ spec }) => spec?.type ?? ''),
    text('Cluster-IP', 'Address within the cluster.', ({ spec }) => orNone(spec?.clusterIPs?.[0])),
    text('External-IP', 'Addresses outside of the cluster.', externalAddress),
    text('Port(s)', 'Ports, with the node port behind a colon.', portsText),
    ageColumn,
    wide(text('Selector', 'Selects the pods that serve.', ({ spec }) => labelsText(spec?.selector))),
  ],
  subresources: {
    status: { validateUpdate: validateServiceStatus, warnings: serviceStatusWarnings },
    proxy: serviceProxy,
  },
});

async function allocate(
  service: Service,
  old: Service | undefined,
  context: WriteContext,
): Promise<() => Promise<void>> {
  const claimed: Claimed = [];
  try {
    await allocateClusterIPs(service, old, context, claimed);
    await allocateNodePorts(service, old, context, claimed);
  } catch (error) {
    await giveBack(claimed);
    throw error;
  }
  return () => giveBack(claimed);
}

/** A Service gets its addresses when it becomes one that has some, and the second with the second family. */
async function allocateClusterIPs(
  service: Service,
  old: Service | undefined,
  context: WriteContext,
  claimed: Claimed,
): Promise<void> {
  const { spec } = service;
  if (spec === undefined || !needsClusterIP(service) || isHeadless(service)) return;
  if (old === undefined || !needsClusterIP(old)) {
    spec.clusterIPs = await allocateAddresses(service, context, claimed);
    spec.clusterIP = spec.clusterIPs[0];
    return;
  }
  const [families, had] = [spec.ipFamilies ?? [], old.spec?.ipFamilies ?? []];
  if (isHeadless(old) || had.length !== 1 || families.length !== 2) return;
  const [first = '', ...rest] = spec.clusterIPs ?? [];
  const second: Service = {
    metadata: service.metadata,
    spec: { ...spec, ipFamilies: families.slice(1), clusterIPs: rest },
  };
  spec.clusterIPs = [first, ...(await allocateAddresses(second, context, claimed))];
}

/** Gives back what the one has and the other does not. */
async function releaseAll(
  service: Service,
  kept: Service | undefined,
  { objects }: WriteContext,
): Promise<void> {
  const keptAddresses = new Set(kept?.spec?.clusterIPs);
  const keptPorts = nodePortsOf(kept);
  for (const address of service.spec?.clusterIPs ?? []) {
    if (address !== 'None' && !keptAddresses.has(address)) await releaseAddress(service, address, objects);
  }
  for (const port of nodePortsOf(service)) {
    if (!keptPorts.has(port)) await releaseNodePort(service, port, objects);
  }
}

function externalAddress({ spec, status }: Service): string {
  const own = spec?.externalIPs ?? [];
  switch (spec?.type) {
    case 'ClusterIP':
    case 'NodePort':
      return orNone(own.join(','));
    case 'LoadBalancer': {
      const ingress = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '');
      return (
        [...new Set(ingress)]
          .filter((address) => address !== '')
          .sort()
          .concat(own)
          .join(',') || '<pending>'
      );
    }
    case 'ExternalName':
      return spec.externalName ?? '';
    default:
      return '<unknown>';
  }
}

function portsText({ spec }: Service): string {
  return orNone(
    (spec?.ports ?? [])
      .map(({ port, nodePort, protocol = '' }) => `${nodePort ? `${port}:${nodePort}` : port}/${protocol}`)
      .join(','),
  );
}
