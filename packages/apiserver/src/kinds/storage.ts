import {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  StorageClass,
  VolumeAttachment,
  VolumeAttributesClass,
} from '@kubewright/api/storage/v1';
import { path } from '../validation/field-error.js';
import { validateImmutable } from '../validation/immutable.js';
import { ageColumn, createdAtColumn, flag, integer, nameColumn, orNone, orUnset, text } from './columns.js';
import { defineRules, objectMeta } from './kind-rules.js';
import {
  storageClassWarnings,
  validateAttachment,
  validateAttributesClass,
  validateAttributesClassUpdate,
  validateCapacity,
  validateCapacityUpdate,
  validateCsiDriver,
  validateCsiDriverUpdate,
  validateCsiNode,
  validateCsiNodeUpdate,
  validateNewAttachment,
  validateStorageClass,
  validateStorageClassUpdate,
} from './storage-validation.js';

const defaultMark = 'storageclass.kubernetes.io/is-default-class';

export const storageClassRules = defineRules<StorageClass>({
  kind: StorageClass,
  metadataChecks: 'as new',
  returnsDeleted: true,
  storageKey: 'storageclasses',
  default(storageClass) {
    storageClass.reclaimPolicy ??= 'Delete';
    storageClass.volumeBindingMode ??= 'Immediate';
  },
  validate: validateStorageClass,
  validateUpdate: validateStorageClassUpdate,
  warnings: storageClassWarnings,
  columns: [
    {
      ...nameColumn,
      cell: ({ metadata }) => {
        const isDefault = metadata.annotations?.[defaultMark] === 'true';
        return isDefault ? `${metadata.name ?? ''} (default)` : (metadata.name ?? '');
      },
    },
    text('Provisioner', 'Who makes the volumes.', ({ provisioner }) => provisioner),
    text(
      'ReclaimPolicy',
      'What becomes of a volume without its claim.',
      ({ reclaimPolicy }) => reclaimPolicy ?? 'Delete',
    ),
    text(
      'VolumeBindingMode',
      'When a volume is made.',
      ({ volumeBindingMode }) => volumeBindingMode ?? 'Immediate',
    ),
    {
      ...flag<StorageClass>(
        'AllowVolumeExpansion',
        'Whether claims may grow.',
        ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false,
      ),
      type: 'string',
    },
    ageColumn,
  ],
});

export const volumeAttachmentRules = defineRules<VolumeAttachment>({
  kind: VolumeAttachment,
  statusKeeps: objectMeta,
  returnsDeleted: true,
  needsResourceVersion: true,
  storageKey: 'volumeattachments',
  prepareForCreate(attachment) {
    attachment.status = { attached: false };
  },
  validate: validateAttachment,
  validateCreate: validateNewAttachment,
  validateUpdate: (attachment, old) => validateImmutable(attachment.spec, old.spec, path('spec')),
  columns: [
    nameColumn,
    {
      ...text<VolumeAttachment>('Attacher', 'Who attaches the volume.', ({ spec }) => spec?.attacher ?? ''),
      format: 'name',
    },
    text('PV', 'The volume.', ({ spec }) => spec?.source?.persistentVolumeName ?? ''),
    text('Node', 'The node.', ({ spec }) => spec?.nodeName ?? ''),
    flag('Attached', 'Whether it is attached.', ({ status }) => status?.attached ?? false),
    ageColumn,
  ],
});

export const csiDriverRules = defineRules<CSIDriver>({
  kind: CSIDriver,
  returnsDeleted: true,
  needsResourceVersion: true,
  storageKey: 'csidrivers',
  default(driver) {
    driver.spec ??= {};
    const { spec } = driver;
    spec.attachRequired ??= true;
    spec.podInfoOnMount ??= false;
    spec.storageCapacity ??= false;
    spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
    if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ['Persistent'];
    spec.requiresRepublish ??= false;
    spec.seLinuxMount ??= false;
  },
  validate: validateCsiDriver,
  warnings: ({ spec }) =>
    (spec?.tokenRequests ?? []).length > 0 && spec?.serviceAccountTokenInSecrets === undefined
      ? [
          'spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes',
        ]
      : [],
  validateUpdate: validateCsiDriverUpdate,
  columns: [
    nameColumn,
    flag(
      'AttachRequired',
      'Whether volumes are attached to nodes.',
      ({ spec }) => spec?.attachRequired ?? true,
    ),
    flag('PodInfoOnMount', 'Whether mounts name their pod.', ({ spec }) => spec?.podInfoOnMount ?? false),
    flag(
      'StorageCapacity',
      'Whether the driver reports capacity.',
      ({ spec }) => spec?.storageCapacity ?? false,
    ),
    text('TokenRequests', 'Audiences of tokens that the driver gets.', ({ spec }) =>
      orUnset(spec?.tokenRequests?.map(({ audience }) => audience).join(',')),
    ),
    flag(
      'RequiresRepublish',
      'Whether mounts are refreshed.',
      ({ spec }) => spec?.requiresRepublish ?? false,
    ),
    text('Modes', 'Lifetimes of volumes.', ({ spec }) => orNone(spec?.volumeLifecycleModes?.join(','))),
    ageColumn,
  ],
});

export const csiNodeRules = defineRules<CSINode>({
  kind: CSINode,
  returnsDeleted: true,
  needsResourceVersion: true,
  storageKey: 'csinodes',
  validate: validateCsiNode,
  validateUpdate: validateCsiNodeUpdate,
  columns: [
    nameColumn,
    integer('Drivers', 'How many drivers the node has.', ({ spec }) => (spec?.drivers ?? []).length),
    ageColumn,
  ],
});

export const csiStorageCapacityRules = defineRules<CSIStorageCapacity>({
  kind: CSIStorageCapacity,
  metadataChecks: 'as new',
  needsResourceVersion: true,
  storageKey: 'csistoragecapacities',
  validate: validateCapacity,
  validateUpdate: validateCapacityUpdate,
  columns: [nameColumn, createdAtColumn],
});

export const volumeAttributesClassRules = defineRules<VolumeAttributesClass>({
  kind: VolumeAttributesClass,
  metadataChecks: 'as new afterwards',
  returnsDeleted: true,
  storageKey: 'volumeattributesclasses',
  validateCreate: validateAttributesClass,
  validateUpdate: validateAttributesClassUpdate,
  columns: [
    nameColumn,
    text('DriverName', 'Driver of the class.', ({ driverName }) => driverName),
    ageColumn,
  ],
});
