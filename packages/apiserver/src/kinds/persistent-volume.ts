import { compareQuantities } from '@kubewright/api';
import { PersistentVolume, PersistentVolumeClaim } from '@kubewright/api/core/v1';
import { validateChoice } from '../validation/choices.js';
import { type FieldError, forbiddenField, invalid, path, required } from '../validation/field-error.js';
import { sameValue } from '../validation/immutable.js';
import { ageColumn, nameColumn, orUnset, text, wide } from './columns.js';
import { defineRules } from './kind-rules.js';
import { validateAccessModes, validateClaimSpec } from './persistent-volume-claim-validation.js';
import { validateNodeSelector } from './pod/scheduling-validation.js';
import { defaultClaimSpec } from './pod/volume-defaults.js';

export const persistentVolumeRules = defineRules<PersistentVolume>({
  kind: PersistentVolume,
  storageKey: 'persistentvolumes',
  returnsDeleted: true,
  default(volume) {
    volume.spec ??= {};
    const { spec } = volume;
    spec.persistentVolumeReclaimPolicy ||= 'Retain';
    spec.volumeMode ??= 'Filesystem';
    if (spec.hostPath !== undefined) spec.hostPath.type ??= '';
  },
  prepareForCreate(volume) {
    volume.status = { phase: 'Pending' };
  },
  validate({ spec = {} }) {
    const field = path('spec');
    const modes = spec.accessModes ?? [];
    const storage = spec.capacity?.storage;
    const errors: FieldError[] = [];
    if (modes.length === 0) errors.push(required(field.child('accessModes')));
    errors.push(...validateAccessModes(modes, field.child('accessModes')));
    if (spec.capacity === undefined) errors.push(required(field.child('capacity')));
    else if (storage !== undefined && compareQuantities(storage, '0') <= 0)
      errors.push(invalid(field.child('capacity').key('storage'), storage, 'must be greater than zero'));
    errors.push(
      ...validateChoice(
        spec.persistentVolumeReclaimPolicy,
        ['Delete', 'Recycle', 'Retain'],
        field.child('persistentVolumeReclaimPolicy'),
      ),
    );
    if (spec.nodeAffinity?.required !== undefined)
      errors.push(
        ...validateNodeSelector(spec.nodeAffinity.required, field.child('nodeAffinity', 'required')),
      );
    errors.push(...validateChoice(spec.volumeMode, ['Block', 'Filesystem'], field.child('volumeMode')));
    const sources = Object.keys(spec).filter((name) => !notSources.has(name));
    if (sources.length === 0) errors.push(required(field, 'must specify a volume type'));
    for (const name of sources.slice(1))
      errors.push(forbiddenField(field.child(name), 'may not specify more than 1 volume type'));
    return errors;
  },
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

/** The name of a class from before there was a field. */
const classAnnotation = 'volume.beta.kubernetes.io/storage-class';

const notSources = new Set([
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
]);

export const persistentVolumeClaimRules = defineRules<PersistentVolumeClaim>({
  kind: PersistentVolumeClaim,
  storageKey: 'persistentvolumeclaims',
  returnsDeleted: true,
  default(claim) {
    claim.spec ??= {};
    defaultClaimSpec(claim.spec);
  },
  prepareForCreate(claim) {
    claim.status = { phase: 'Pending' };
  },
  validate: ({ spec = {} }) => validateClaimSpec(spec, path('spec')),
  validateUpdate({ spec = {} }, old) {
    const before = old.spec ?? {};
    const isBound = old.status?.phase === 'Bound';
    const masked = { ...spec };
    // What is not bound may still be; what is bound may grow.
    if (!before.volumeName) masked.volumeName = before.volumeName;
    if (isBound) masked.resources = before.resources;
    masked.volumeAttributesClassName = before.volumeAttributesClassName;
    if (before.storageClassName === undefined) masked.storageClassName = before.storageClassName;
    const errors: FieldError[] = [];
    if (!sameValue(masked, before))
      errors.push(
        forbiddenField(
          path('spec'),
          'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
        ),
      );
    const [wanted, had] = [spec.resources?.requests?.storage, before.resources?.requests?.storage];
    if (isBound && wanted !== undefined && had !== undefined && compareQuantities(wanted, had) < 0)
      errors.push(
        forbiddenField(
          path('spec', 'resources', 'requests', 'storage'),
          'field can not be less than previous value',
        ),
      );
    return errors;
  },
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
});

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
