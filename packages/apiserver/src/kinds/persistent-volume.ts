import { formatTime } from '@kubewright/api';
import {
  PersistentVolume,
  PersistentVolumeClaim,
  type PersistentVolumeClaimSpec,
} from '@kubewright/api/core/v1';
import type { WriteContext } from '../registry/write-context.js';
import { path } from '../validation/field-error.js';
import { ageColumn, nameColumn, orUnset, text, wide } from './columns.js';
import { defineRules } from './kind-rules.js';
import {
  claimWarnings,
  validateClaimSpec,
  validateClaimStatus,
  validateClaimUpdate,
} from './persistent-volume-claim-validation.js';
import {
  persistentVolumeWarnings,
  validatePersistentVolume,
  validatePersistentVolumeUpdate,
} from './persistent-volume-validation.js';
import { defaultClaimSpec, defaultStorageSource } from './pod/volume-defaults.js';
import { roundResources } from './resource-list.js';
import { classAnnotation } from './storage-class-annotation.js';

export const persistentVolumeRules = defineRules<PersistentVolume>({
  kind: PersistentVolume,
  metadataChecks: 'as new',
  storageKey: 'persistentvolumes',
  returnsDeleted: true,
  default(volume) {
    volume.spec ??= {};
    const { spec } = volume;
    spec.persistentVolumeReclaimPolicy ||= 'Retain';
    spec.volumeMode ??= 'Filesystem';
    roundResources(spec.capacity);
    defaultStorageSource(spec);
    volume.status ??= {};
    volume.status.phase ||= 'Pending';
  },
  prepareForCreate(volume, { now }) {
    volume.status = { phase: 'Pending', lastPhaseTransitionTime: formatTime(now()) };
  },
  validate: validatePersistentVolume,
  subresources: { status: { prepareForUpdate: markPhase } },
  validateUpdate: validatePersistentVolumeUpdate,
  warnings: persistentVolumeWarnings,
  columns: [
    nameColumn,
    text('Capacity', 'Size of the volume.', ({ spec }) => String(spec?.capacity?.storage ?? '0')),
    text('Access Modes', 'How the volume may be mounted.', ({ spec }) => modesText(spec?.accessModes)),
    text(
      'Reclaim Policy',
      'What becomes of it without its claim.',
      ({ spec }) => spec?.persistentVolumeReclaimPolicy ?? '',
    ),
    text('Status', 'Whether a claim has it.', ({ metadata, status }) =>
      metadata.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating',
    ),
    text('Claim', 'The claim that has it.', ({ spec }) =>
      spec?.claimRef === undefined ? '' : `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}`,
    ),
    text(
      'StorageClass',
      'Class of the volume.',
      ({ metadata, spec }) => metadata.annotations?.[classAnnotation] ?? spec?.storageClassName ?? '',
    ),
    text('VolumeAttributesClass', 'Attributes of the volume.', ({ spec }) =>
      orUnset(spec?.volumeAttributesClassName),
    ),
    text('Reason', 'Why the volume is as it is.', ({ status }) => status?.reason ?? ''),
    ageColumn,
    wide(text('VolumeMode', 'Files or a block device.', ({ spec }) => orUnset(spec?.volumeMode))),
  ],
});

export const persistentVolumeClaimRules = defineRules<PersistentVolumeClaim>({
  kind: PersistentVolumeClaim,
  metadataChecks: 'as new',
  storageKey: 'persistentvolumeclaims',
  returnsDeleted: true,
  default(claim) {
    claim.spec ??= {};
    defaultClaimSpec(claim.spec);
    claim.status ??= {};
    claim.status.phase ||= 'Pending';
    roundResources(claim.status.capacity);
    roundResources(claim.status.allocatedResources);
  },
  prepareForCreate(claim) {
    claim.status = { phase: 'Pending' };
    if (claim.spec === undefined) return;
    // Data of other namespaces is off by default.
    if (claim.spec.dataSourceRef?.namespace) delete claim.spec.dataSourceRef;
    dropForeignSource(claim.spec);
    joinDataSources(claim.spec);
  },
  prepareForUpdate(claim, old) {
    if (claim.spec === undefined) return;
    const before = old.spec ?? {};
    if (before.dataSourceRef === undefined) {
      if (claim.spec.dataSourceRef?.namespace) delete claim.spec.dataSourceRef;
      if (before.dataSource === undefined) dropForeignSource(claim.spec);
    }
    // Old clients know one of the two fields only.
    joinDataSources(claim.spec);
  },
  validateCreate: ({ spec = {} }) => validateClaimSpec(spec, path('spec')),
  validateUpdate: validateClaimUpdate,
  warnings: claimWarnings,
  columns: [
    nameColumn,
    text('Status', 'Whether the claim has a volume.', ({ metadata, status }) =>
      metadata.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating',
    ),
    text('Volume', 'The volume that the claim has.', ({ spec }) => spec?.volumeName ?? ''),
    text('Capacity', 'Size of the volume.', ({ spec, status }) =>
      spec?.volumeName ? String(status?.capacity?.storage ?? '0') : '',
    ),
    text('Access Modes', 'How the volume may be mounted.', ({ spec, status }) =>
      spec?.volumeName ? modesText(status?.accessModes) : '',
    ),
    text(
      'StorageClass',
      'Class of the volume.',
      ({ metadata, spec }) => metadata.annotations?.[classAnnotation] ?? spec?.storageClassName ?? '',
    ),
    text('VolumeAttributesClass', 'Attributes of the volume.', ({ spec }) =>
      orUnset(spec?.volumeAttributesClassName),
    ),
    ageColumn,
    wide(text('VolumeMode', 'Files or a block device.', ({ spec }) => orUnset(spec?.volumeMode))),
  ],
  subresources: { status: { validateUpdate: validateClaimStatus } },
});

/** The older of the two fields takes claims and snapshots only; anything else in it alone was always ignored. */
function dropForeignSource(spec: PersistentVolumeClaimSpec): void {
  if (spec.dataSourceRef !== undefined || spec.dataSource === undefined) return;
  const { apiGroup, kind } = spec.dataSource;
  const isClaim = (apiGroup ?? '') === '' && kind === 'PersistentVolumeClaim';
  const isSnapshot = apiGroup === 'snapshot.storage.k8s.io' && kind === 'VolumeSnapshot';
  if (!isClaim && !isSnapshot) delete spec.dataSource;
}

/** Two fields, one meaning: the older one knows no namespace. Source: KEP-1495. */
function joinDataSources(spec: PersistentVolumeClaimSpec): void {
  const { dataSource, dataSourceRef } = spec;
  if (dataSource !== undefined && dataSourceRef === undefined) spec.dataSourceRef = { ...dataSource };
  if (dataSource === undefined && dataSourceRef !== undefined && !dataSourceRef.namespace) {
    const { namespace: _, ...same } = dataSourceRef;
    spec.dataSource = same;
  }
}

/** A phase that changes says when, if its writer did not. Source: KEP-3762. */
function markPhase(volume: PersistentVolume, old: PersistentVolume, { now }: WriteContext): void {
  const { status } = volume;
  if (status === undefined) return;
  const before = old.status?.lastPhaseTransitionTime;
  const isOld = status.lastPhaseTransitionTime === undefined || status.lastPhaseTransitionTime === before;
  if (status.phase !== old.status?.phase && isOld) status.lastPhaseTransitionTime = formatTime(now());
  else if (before !== undefined) status.lastPhaseTransitionTime ??= before;
}

const shortModes = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
] as const;

function modesText(modes: readonly string[] | undefined): string {
  return shortModes
    .filter(([mode]) => modes?.includes(mode))
    .map(([, short]) => short)
    .join(',');
}
