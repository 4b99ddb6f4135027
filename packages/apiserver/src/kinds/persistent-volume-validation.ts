import { compareQuantities, dns1123LabelErrors, dns1123SubdomainErrors } from '@kubewright/api';
import type {
  CSIPersistentVolumeSource,
  ISCSIPersistentVolumeSource,
  PersistentVolume,
  PersistentVolumeSpec,
  SecretReference,
  VolumeNodeAffinity,
} from '@kubewright/api/core/v1';
import { validateChoice } from '../validation/choices.js';
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  notSupported,
  path,
  required,
  tooLong,
} from '../validation/field-error.js';
import { type Format, validateFormat } from '../validation/formats.js';
import { goForm } from '../validation/go-form.js';
import { sameValue, validateImmutable } from '../validation/immutable.js';
import { lineDifference } from '../validation/line-difference.js';
import { sortedKeys } from '../validation/sorted-keys.js';
import { validateAccessModes, validateBasicAmount } from './persistent-volume-claim-validation.js';
import { validateNoBacksteps } from './pod/path-validation.js';
import { validateNodeSelector } from './pod/scheduling-validation.js';
import { validateHostPath, validateNfs } from './pod/volume-validation.js';
import { classWarnings } from './storage-class-annotation.js';
import { needs, validateIscsi, validateStorageSource } from './storage-source-validation.js';
import { nodeTermWarnings } from './warnings.js';

/** A volume but for its metadata. Source: `ValidatePersistentVolumeSpec` of core. */
export function validatePersistentVolume({ metadata, spec = {} }: PersistentVolume): FieldError[] {
  const field = path('spec');
  const modes = spec.accessModes ?? [];
  const errors: FieldError[] = [];
  if (modes.length === 0) errors.push(required(field.child('accessModes')));
  errors.push(
    ...validateAccessModes(modes, field.child('accessModes')),
    ...validateCapacity(spec, field.child('capacity')),
    ...(spec.persistentVolumeReclaimPolicy
      ? validateChoice(
          spec.persistentVolumeReclaimPolicy,
          ['Delete', 'Recycle', 'Retain'],
          field.child('persistentVolumeReclaimPolicy'),
        )
      : []),
  );
  const affinity = spec.nodeAffinity;
  if (affinity !== undefined) {
    const at = field.child('nodeAffinity', 'required');
    errors.push(
      ...(affinity.required === undefined
        ? [required(at, 'must specify required node constraints')]
        : validateNodeSelector(affinity.required, at)),
    );
  }
  errors.push(...validateSource(spec, metadata.name ?? '', field));
  if (/^\/+$/.test(spec.hostPath?.path ?? '') && spec.persistentVolumeReclaimPolicy === 'Recycle')
    errors.push(
      forbiddenField(
        field.child('persistentVolumeReclaimPolicy'),
        "may not be 'recycle' for a hostPath mount of '/'",
      ),
    );
  if (spec.storageClassName)
    errors.push(
      ...validateFormat(dns1123SubdomainErrors, spec.storageClassName, field.child('storageClassName')),
    );
  errors.push(...validateChoice(spec.volumeMode, ['Block', 'Filesystem'], field.child('volumeMode')));
  return [...errors, ...validateAttributesClass(spec, field)];
}

function validateCapacity({ capacity }: PersistentVolumeSpec, field: FieldPath): FieldError[] {
  const entries = Object.entries(capacity ?? {});
  const errors: FieldError[] = [];
  if (entries.length === 0) errors.push(required(field));
  if (capacity?.storage === undefined || entries.length > 1)
    errors.push(notSupported(field, capacity === undefined ? null : sortedKeys(capacity), ['storage']));
  for (const [name, quantity] of entries) {
    const at = field.key(name);
    errors.push(...validateBasicAmount(quantity, at));
    if (compareQuantities(quantity, '0') <= 0)
      errors.push(invalid(at, String(quantity), 'must be greater than zero'));
  }
  return errors;
}

function validateAttributesClass(
  { volumeAttributesClassName: name, csi }: PersistentVolumeSpec,
  field: FieldPath,
): FieldError[] {
  if (name === undefined) return [];
  const at = field.child('volumeAttributesClassName');
  return [
    ...(name === ''
      ? [required(at, 'an empty string is disallowed')]
      : validateFormat(dns1123SubdomainErrors, name, at)),
    ...(csi === undefined
      ? [required(field.child('csi'), 'has to be specified when using volumeAttributesClassName')]
      : []),
  ];
}

type SourceName = (typeof sourceNames)[number];

/** In the order in which upstream looks at them: the first one counts, any further one is one too many. */
const sourceNames = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'glusterfs',
  'flocker',
  'nfs',
  'rbd',
  'quobyte',
  'cephfs',
  'iscsi',
  'cinder',
  'fc',
  'flexVolume',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'scaleIO',
  'local',
  'storageos',
  'csi',
] as const satisfies readonly (keyof PersistentVolumeSpec)[];

function validateSource(spec: PersistentVolumeSpec, volume: string, field: FieldPath): FieldError[] {
  const [first, ...others] = sourceNames.filter((name) => spec[name] !== undefined);
  if (first === undefined) return [required(field, 'must specify a volume type')];
  return [
    ...validateFirst(first, spec, volume, field),
    ...others.flatMap((name) =>
      // One that the check of too many forgets: its own rules hold.
      name === 'flexVolume'
        ? validateStorageSource(name, spec, field.child(name))
        : [
            forbiddenField(
              field.child(name === 'cephfs' ? 'cephFS' : name),
              'may not specify more than 1 volume type',
            ),
          ],
    ),
  ];
}

function validateFirst(
  name: SourceName,
  spec: PersistentVolumeSpec,
  volume: string,
  field: FieldPath,
): FieldError[] {
  // Upstream calls this one by its old name.
  const at = field.child(name === 'gcePersistentDisk' ? 'persistentDisk' : name);
  if (name === 'hostPath' && spec.hostPath !== undefined) return validateHostPath(spec.hostPath, at);
  if (name === 'nfs' && spec.nfs !== undefined) return validateNfs(spec.nfs, at);
  if (name === 'local' && spec.local !== undefined) {
    const errors = spec.local.path
      ? validateNoBacksteps(spec.local.path, at.child('path'))
      : [required(at.child('path'))];
    return spec.nodeAffinity === undefined
      ? [...errors, required(field.child('nodeAffinity'), 'Local volume requires node affinity')]
      : errors;
  }
  if (name === 'csi' && spec.csi !== undefined) return validateCsi(spec.csi, at);
  if (name === 'iscsi' && spec.iscsi !== undefined) return validateIscsiVolume(spec.iscsi, volume, at);
  return [...validateStorageSource(name, spec, at), ...validateNamespaces(name, spec, at)];
}

function validateIscsiVolume(
  source: ISCSIPersistentVolumeSource,
  volume: string,
  field: FieldPath,
): FieldError[] {
  const isLong = source.initiatorName !== undefined && `${volume}:${source.targetPortal}`.length > 64;
  return [
    ...(isLong
      ? [
          invalid(
            field.child('targetportal'),
            source.targetPortal,
            'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.',
          ),
        ]
      : []),
    ...validateIscsi(source, field, 'must be valid format'),
    ...(source.secretRef === undefined ? [] : needs(source.secretRef, ['name'], field.child('secretRef'))),
  ];
}

/** A persistent volume is in no namespace, so what it refers to says in which it is. */
function validateNamespaces(name: SourceName, spec: PersistentVolumeSpec, field: FieldPath): FieldError[] {
  const secret = name === 'cinder' || name === 'storageos' ? spec[name]?.secretRef : undefined;
  if (secret !== undefined) return needs(secret, ['namespace'], field.child('secretRef'));
  if (name === 'azureFile' && spec.azureFile?.secretNamespace === '')
    return [required(field.child('secretNamespace'))];
  const namespace = name === 'glusterfs' ? spec.glusterfs?.endpointsNamespace : undefined;
  if (namespace === undefined) return [];
  const at = field.child('endpointsNamespace');
  return namespace === ''
    ? [invalid(at, namespace, 'if the endpointnamespace is set, it must be a valid namespace name')]
    : validateFormat(dns1123LabelErrors, namespace, at);
}

function validateCsi(csi: CSIPersistentVolumeSource, field: FieldPath): FieldError[] {
  const errors = validateDriverName(csi.driver, field.child('driver'));
  if (!csi.volumeHandle) errors.push(required(field.child('volumeHandle')));
  for (const name of [
    'controllerPublishSecretRef',
    'controllerExpandSecretRef',
    'nodePublishSecretRef',
    'nodeExpandSecretRef',
  ] as const)
    errors.push(...validateSecret(csi[name], field.child(name)));
  return errors;
}

/** The name of a CSI driver. */
export function validateDriverName(name: string | undefined, field: FieldPath): FieldError[] {
  if (!name) return [required(field)];
  return [
    ...(name.length > 63 ? [tooLong(field, 63)] : []),
    // The message shows the name as it was given.
    ...dns1123SubdomainErrors(name.toLowerCase()).map((message) => invalid(field, name, message)),
  ];
}

function validateSecret(secret: SecretReference | undefined, field: FieldPath): FieldError[] {
  if (secret === undefined) return [];
  return [
    ...validateName(dns1123SubdomainErrors, secret.name, field.child('name')),
    ...validateName(dns1123LabelErrors, secret.namespace, field.child('namespace')),
  ];
}

function validateName(format: Format, name: string | undefined, field: FieldPath): FieldError[] {
  return name ? validateFormat(format, name, field) : [required(field)];
}

/** Where the data is may not change. */
export function validatePersistentVolumeUpdate(
  volume: PersistentVolume,
  { spec: old = {} }: PersistentVolume,
): FieldError[] {
  const { spec = {} } = volume;
  // Upstream looks at the whole of it twice, and says what is wrong as often.
  const errors = validatePersistentVolume(volume);
  const source = 'PersistentVolumeSource';
  const wanted = { ...spec, csi: growingSource(spec, old) };
  const moved = sourceNames.some((name) => !sameValue(wanted[name], old[name]));
  if (moved)
    errors.push(
      forbiddenField(
        path('spec', 'persistentvolumesource'),
        `spec.persistentvolumesource is immutable after creation\n${lineDifference(goForm(old, source), goForm(wanted, source))}`,
      ),
    );
  errors.push(...validateImmutable(spec.volumeMode, old.volumeMode, path('volumeMode')));
  if (old.nodeAffinity !== undefined && !isSameAffinity(spec.nodeAffinity, old.nodeAffinity))
    errors.push(
      invalid(
        path('nodeAffinity'),
        goForm(spec.nodeAffinity, '*VolumeNodeAffinity'),
        'field is immutable, except for updating from beta label to GA',
      ),
    );
  if (old.volumeAttributesClassName !== undefined && spec.volumeAttributesClassName === undefined)
    errors.push(
      forbiddenField(
        path('spec', 'volumeAttributesClassName'),
        'update from non-nil value to nil is forbidden',
      ),
    );
  return errors;
}

/** Labels of nodes that have another name now. */
const laterLabels: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'kubernetes.io/arch',
  'beta.kubernetes.io/os': 'kubernetes.io/os',
  'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
};

function isSameAffinity(now: VolumeNodeAffinity | undefined, old: VolumeNodeAffinity): boolean {
  return sameValue(now, old) || sameValue(now, withLaterLabels(old));
}

function withLaterLabels({ required }: VolumeNodeAffinity): VolumeNodeAffinity {
  if (required === undefined) return {};
  const nodeSelectorTerms = required.nodeSelectorTerms.map(({ matchExpressions, ...term }) => ({
    ...term,
    matchExpressions: matchExpressions?.map(({ key, ...rest }) => ({
      ...rest,
      key: laterLabels[key] ?? key,
    })),
  }));
  return { required: { nodeSelectorTerms } };
}

/** The secret for growing may be given later. */
function growingSource(
  spec: PersistentVolumeSpec,
  old: PersistentVolumeSpec,
): CSIPersistentVolumeSource | undefined {
  if (spec.csi === undefined || old.csi === undefined) return spec.csi;
  if (old.csi.controllerExpandSecretRef !== undefined) return spec.csi;
  return { ...spec.csi, controllerExpandSecretRef: undefined };
}

const goneSources: readonly (readonly [SourceName, string])[] = [
  ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['storageos', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];

export function persistentVolumeWarnings({ metadata, spec = {} }: PersistentVolume): string[] {
  const terms = path('spec', 'nodeAffinity', 'required', 'nodeSelectorTerms');
  return [
    ...classWarnings(metadata.annotations),
    ...(spec.persistentVolumeReclaimPolicy === 'Recycle'
      ? [
          'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
        ]
      : []),
    ...(spec.nodeAffinity?.required?.nodeSelectorTerms ?? []).flatMap((term, index) =>
      nodeTermWarnings(term, terms.index(index)),
    ),
    ...goneSources.flatMap(([name, message]) =>
      spec[name] === undefined
        ? []
        : [`${path('spec', name === 'storageos' ? 'storageOS' : name)}: ${message}`],
    ),
  ];
}
