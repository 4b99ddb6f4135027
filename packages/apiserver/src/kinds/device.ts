import {
  DeviceClass,
  ResourceClaim,
  ResourceClaimTemplate,
  ResourceSlice,
} from '@kubewright/api/resource/v1';
import { path } from '../validation/field-error.js';
import { validateImmutable } from '../validation/immutable.js';
import { ageColumn, nameColumn, text } from './columns.js';
import { defineRules } from './kind-rules.js';

interface Claim {
  devices?:
    | {
        requests?:
          | { exactly?: { allocationMode?: string | undefined; count?: number | undefined } | undefined }[]
          | undefined;
      }
    | undefined;
}

function defaultClaim(spec: Claim | undefined): void {
  for (const { exactly } of spec?.devices?.requests ?? []) {
    if (exactly === undefined) continue;
    exactly.allocationMode ||= 'ExactCount';
    if (exactly.allocationMode === 'ExactCount') exactly.count ||= 1;
  }
}

export const deviceClassRules = defineRules<DeviceClass>({
  kind: DeviceClass,
  storageKey: 'deviceclasses',
  generation: true,
  columns: [nameColumn, ageColumn],
});

export const resourceClaimRules = defineRules<ResourceClaim>({
  kind: ResourceClaim,
  storageKey: 'resourceclaims',
  default: ({ spec }) => defaultClaim(spec),
  prepareForCreate(claim) {
    claim.status = {};
  },
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
});

export const resourceClaimTemplateRules = defineRules<ResourceClaimTemplate>({
  kind: ResourceClaimTemplate,
  storageKey: 'resourceclaimtemplates',
  default: ({ spec }) => defaultClaim(spec?.spec),
  validateUpdate: (template, old) => validateImmutable(template.spec, old.spec, path('spec')),
  columns: [nameColumn, ageColumn],
});

export const resourceSliceRules = defineRules<ResourceSlice>({
  kind: ResourceSlice,
  storageKey: 'resourceslices',
  generation: true,
  validateUpdate: ({ spec }, old) =>
    (['driver', 'nodeName'] as const).flatMap((name) =>
      validateImmutable(spec?.[name], old.spec?.[name], path('spec', name)),
    ),
  columns: [
    nameColumn,
    text('Node', 'Node that has the devices.', ({ spec }) => spec?.nodeName ?? ''),
    text('Driver', 'Driver of the devices.', ({ spec }) => spec?.driver ?? ''),
    text('Pool', 'Pool of the devices.', ({ spec }) => spec?.pool?.name ?? ''),
    ageColumn,
  ],
});
