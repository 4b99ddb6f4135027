import { dns1123SubdomainErrors, formatTime } from '@kubewright/api';
import { Namespace } from '@kubewright/api/core/v1';
import {
  DeviceClass,
  type DeviceRequest,
  ResourceClaim,
  ResourceClaimTemplate,
  ResourceSlice,
} from '@kubewright/api/resource/v1';
import type { WriteContext } from '../registry/write-context.js';
import { type FieldError, forbiddenField, invalid, path } from '../validation/field-error.js';
import type { Format } from '../validation/formats.js';
import { validateImmutable } from '../validation/immutable.js';
import { ageColumn, nameColumn, text } from './columns.js';
import { forgetDeallocated } from './device/claim-devices.js';
import { validateClaimStatus } from './device/claim-status-validation.js';
import { validateConfigurations, validateDeviceClaim, validateSelectors } from './device/claim-validation.js';
import { validateSlice } from './device/slice-validation.js';
import { defineRules, objectMeta } from './kind-rules.js';
import { isExtended } from './pod/resource-validation.js';
import { validateTemplateMetadata } from './pod/volume-validation.js';

interface DeviceCount {
  allocationMode?: string | undefined;
  count?: number | undefined;
  tolerations?: { operator?: string | undefined }[] | undefined;
}

interface Claim {
  devices?:
    | {
        requests?:
          | { exactly?: DeviceCount | undefined; firstAvailable?: DeviceCount[] | undefined }[]
          | undefined;
      }
    | undefined;
}

/** One device where nothing else is said. */
function defaultClaim(spec: Claim | undefined): void {
  for (const { exactly, firstAvailable = [] } of spec?.devices?.requests ?? [])
    for (const request of exactly === undefined ? firstAvailable : [exactly, ...firstAvailable]) {
      request.allocationMode ||= 'ExactCount';
      if (request.allocationMode === 'ExactCount') request.count ||= 1;
      for (const toleration of request.tolerations ?? []) toleration.operator ||= 'Equal';
    }
}

export const deviceClassRules = defineRules<DeviceClass>({
  kind: DeviceClass,
  metadataChecks: 'as new',
  returnsDeleted: true,
  storageKey: 'deviceclasses',
  generation: true,
  validateName: inBytes(dns1123SubdomainErrors),
  validate: ({ spec }) => [
    ...validateSelectors(spec?.selectors, path('spec', 'selectors')),
    ...validateConfigurations(spec?.config, path('spec', 'config')),
    ...(spec?.extendedResourceName === undefined || isExtended(spec.extendedResourceName)
      ? []
      : [
          invalid(
            path('spec', 'extendedResourceName'),
            spec.extendedResourceName,
            'must be a valid extended resource name',
          ),
        ]),
  ],
  columns: [nameColumn, ageColumn],
});

export const resourceClaimRules = defineRules<ResourceClaim>({
  kind: ResourceClaim,
  statusKeeps: objectMeta,
  metadataChecks: 'as new',
  returnsDeleted: true,
  storageKey: 'resourceclaims',
  default: ({ spec }) => defaultClaim(spec),
  prepareForCreate(claim) {
    claim.status = {};
  },
  validateCreate: ({ metadata, spec }, context) => [
    ...validateAdminAccess(spec?.devices?.requests ?? [], metadata.namespace, context),
    ...validateDeviceClaim(spec?.devices ?? {}, path('spec', 'devices')),
  ],
  validateUpdate: (claim, old) => validateImmutable(claim.spec, old.spec, path('spec')),
  columns: [
    nameColumn,
    text('State', 'Whether the claim has its devices.', ({ metadata, status }) => {
      const states = metadata.deletionTimestamp === undefined ? [] : ['deleted'];
      if (status?.allocation === undefined) return states.length > 0 ? states.join(',') : 'pending';
      states.push('allocated');
      if (status.reservedFor?.length) states.push('reserved');
      return states.join(',');
    }),
    ageColumn,
  ],
  subresources: {
    status: { prepareForUpdate: forgetDeallocated, validateUpdate: validateClaimStatus },
  },
});

export const resourceClaimTemplateRules = defineRules<ResourceClaimTemplate>({
  kind: ResourceClaimTemplate,
  metadataChecks: 'as new',
  returnsDeleted: true,
  storageKey: 'resourceclaimtemplates',
  default: ({ spec }) => defaultClaim(spec?.spec),
  validateCreate: ({ metadata, spec }, context) => [
    ...validateAdminAccess(spec?.spec?.devices?.requests ?? [], metadata.namespace, context),
    ...validateTemplateMetadata(spec?.metadata, path('spec')),
    ...validateDeviceClaim(spec?.spec?.devices ?? {}, path('spec', 'spec', 'devices')),
  ],
  validateUpdate: (template, old) => validateImmutable(template.spec, old.spec, path('spec')),
  columns: [nameColumn, ageColumn],
});

/** Fields of features that are off, but where they are in use already. */
function dropDisabled(slice: ResourceSlice, old: ResourceSlice | undefined): void {
  const before = old?.spec?.devices ?? [];
  const hadMappings = before.some((device) => device.nodeAllocatableResourceMappings !== undefined);
  const hadLists = before.some((device) =>
    Object.values(device.attributes ?? {}).some((attribute) =>
      lists.some((name) => attribute[name] !== undefined),
    ),
  );
  for (const device of slice.spec?.devices ?? []) {
    if (!hadMappings) delete device.nodeAllocatableResourceMappings;
    if (!hadLists)
      for (const attribute of Object.values(device.attributes ?? {}))
        for (const name of lists) delete attribute[name];
  }
}

/** Taints are from when they are first seen. */
function fillTaintTimes({ spec }: ResourceSlice, now: number): void {
  for (const { taints = [] } of spec?.devices ?? [])
    for (const taint of taints) taint.timeAdded ??= formatTime(now);
}

/** As newer rules of upstream count: in bytes. */
function inBytes(format: Format): Format {
  return (text) =>
    format(text).map((message) => message.replace(/^(must be no more than \d+) characters$/, '$1 bytes'));
}

const adminAccessLabel = 'resource.kubernetes.io/admin-access';

/** Devices that others use are looked at only from namespaces that say so. Source: KEP-5018. */
function validateAdminAccess(
  requests: readonly DeviceRequest[],
  namespace: string | undefined,
  { objects }: WriteContext,
): FieldError[] {
  const labels = objects.lister(Namespace).get('', namespace ?? '')?.metadata.labels;
  if (labels?.[adminAccessLabel] === 'true') return [];
  return requests.flatMap(({ exactly }, index) =>
    exactly?.adminAccess === true
      ? [
          forbiddenField(
            path('spec', 'devices', 'requests').index(index).child('adminAccess'),
            `admin access to devices requires the \`${adminAccessLabel}: true\` label on the containing namespace`,
          ),
        ]
      : [],
  );
}

const lists = ['bools', 'ints', 'strings', 'versions'] as const;

export const resourceSliceRules = defineRules<ResourceSlice>({
  kind: ResourceSlice,
  notSelectable: (field) => `field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: ${field}`,
  returnsDeleted: true,
  storageKey: 'resourceslices',
  generation: true,
  prepareForCreate(slice, { now }) {
    fillTaintTimes(slice, now());
    dropDisabled(slice, undefined);
  },
  prepareForUpdate(slice, old, { now }) {
    fillTaintTimes(slice, now());
    dropDisabled(slice, old);
  },
  validateCreate: (slice) => validateSlice(slice, undefined),
  validateUpdate: validateSlice,
  warnings({ spec }) {
    const driver = spec?.driver ?? '';
    if (driver === driver.toLowerCase()) return [];
    const shown = JSON.stringify(driver);
    return [`spec.driver: driver names should be lowercase; ${shown} contains uppercase characters`];
  },
  columns: [
    nameColumn,
    text('Node', 'Node that has the devices.', ({ spec }) => spec?.nodeName ?? ''),
    text('Driver', 'Driver of the devices.', ({ spec }) => spec?.driver ?? ''),
    text('Pool', 'Pool of the devices.', ({ spec }) => spec?.pool?.name ?? ''),
    ageColumn,
  ],
});
