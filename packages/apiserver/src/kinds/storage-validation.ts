import { compareQuantities, dns1123SubdomainErrors, qualifiedNameErrors } from '@kubewright/api';
import type { TopologySelectorTerm } from '@kubewright/api/core/v1';
import type {
  CSIDriver,
  CSINode,
  CSINodeDriver,
  CSIStorageCapacity,
  StorageClass,
  VolumeAttachment,
  VolumeAttributesClass,
  VolumeError,
} from '@kubewright/api/storage/v1';
import { validateChoice } from '../validation/choices.js';
import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  notSupported,
  path,
  required,
  tooLong,
} from '../validation/field-error.js';
import { inRange, validateFormat } from '../validation/formats.js';
import { sameValue, validateImmutable } from '../validation/immutable.js';
import { validateLabelKey, validateLabelSelector } from '../validation/label-selector.js';
import { validateNonNegative } from '../validation/numbers.js';
import { validateDriverName } from './persistent-volume-validation.js';
import { oldNodeLabel } from './warnings.js';

const maxParameters = 512;
const maxParameterBytes = 256 * 1024;

export function validateStorageClass(object: StorageClass): FieldError[] {
  return [
    ...validateProvisioner(object.provisioner, path('provisioner')),
    ...validateParameters(object.parameters, path('parameters')),
    ...validateChoice(object.reclaimPolicy || undefined, ['Delete', 'Retain'], path('reclaimPolicy')),
    ...validateChoice(
      object.volumeBindingMode,
      ['Immediate', 'WaitForFirstConsumer'],
      path('volumeBindingMode'),
    ),
    ...validateTopologies(object.allowedTopologies ?? [], path('allowedTopologies')),
  ];
}

export function validateStorageClassUpdate(object: StorageClass, old: StorageClass): FieldError[] {
  return [
    ...validateImmutable(object.parameters ?? null, old.parameters, path('parameters')),
    ...validateImmutable(object.provisioner, old.provisioner, path('provisioner')),
    ...validateImmutable(object.reclaimPolicy, old.reclaimPolicy, path('reclaimPolicy')),
    ...validateImmutable(object.volumeBindingMode, old.volumeBindingMode, path('volumeBindingMode')),
  ];
}

export function storageClassWarnings({ allowedTopologies }: StorageClass): string[] {
  return (allowedTopologies ?? []).flatMap(({ matchLabelExpressions = [] }, index) =>
    matchLabelExpressions.flatMap(({ key }, keyIndex) => {
      const message = oldNodeLabel(key);
      const at = path('allowedTopologies').index(index).child('matchLabelExpressions').index(keyIndex);
      return message === undefined ? [] : [`${at.child('key')}: ${key} is ${message}`];
    }),
  );
}

export function validateAttributesClass({ driverName, parameters }: VolumeAttributesClass): FieldError[] {
  const at = path('parameters');
  return [
    ...validateProvisioner(driverName, path('driverName')),
    ...validateParameters(parameters, at),
    ...(Object.keys(parameters ?? {}).length === 0
      ? [required(at, 'must contain at least one key/value pair')]
      : []),
  ];
}

export function validateAttributesClassUpdate(
  object: VolumeAttributesClass,
  old: VolumeAttributesClass,
): FieldError[] {
  return [
    ...kept(object, old, 'driverName'),
    ...kept(object, old, 'parameters'),
    ...validateAttributesClass(object),
  ];
}

function kept<T extends object>(object: T, old: T, name: keyof T & string): FieldError[] {
  return sameValue(object[name], old[name])
    ? []
    : [forbiddenField(path(name), `updates to ${name} are forbidden.`)];
}

function validateProvisioner(name: string | undefined, field: FieldPath): FieldError[] {
  return name ? validateFormat(qualifiedNameErrors, name.toLowerCase(), field) : [required(field)];
}

function validateParameters(
  parameters: Readonly<Record<string, string>> | undefined,
  field: FieldPath,
): FieldError[] {
  const entries = Object.entries(parameters ?? {});
  if (entries.length > maxParameters) return [tooLong(field, maxParameters)];
  const errors: FieldError[] = [];
  let size = 0;
  for (const [key, value] of entries) {
    if (key === '') errors.push(invalid(field, key, 'field can not be empty.'));
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (size > maxParameterBytes) errors.push(tooLong(field, maxParameterBytes));
  return errors;
}

function validateTopologies(terms: readonly TopologySelectorTerm[], field: FieldPath): FieldError[] {
  // Upstream compares each with as many empty ones as there are terms, too.
  const seen: ReadonlyMap<string, ReadonlySet<string>>[] = terms.map(() => new Map());
  return terms.flatMap(({ matchLabelExpressions = [] }, index) => {
    const at = field.index(index).child('matchLabelExpressions');
    const byKey = new Map<string, ReadonlySet<string>>();
    const errors: FieldError[] = [];
    matchLabelExpressions.forEach((requirement, keyIndex) => {
      const { key } = requirement;
      const values = requirement.values ?? [];
      const one = at.index(keyIndex);
      const known = new Set<string>();
      if (values.length === 0) errors.push(required(one.child('values')));
      values.forEach((value, valueIndex) => {
        const valueField = one.child('values').index(valueIndex);
        if (known.has(value)) errors.push(duplicate(valueField, value));
        known.add(value);
      });
      errors.push(...validateLabelKey(key ?? '', one.child('key')));
      if (byKey.has(key)) errors.push(duplicate(one.child('key'), key));
      byKey.set(key, known);
    });
    for (const other of seen) if (sameSets(byKey, other)) errors.push(duplicate(at, ''));
    seen.push(byKey);
    return errors;
  });
}

function sameSets(
  one: ReadonlyMap<string, ReadonlySet<string>>,
  other: ReadonlyMap<string, ReadonlySet<string>>,
): boolean {
  if (one.size !== other.size) return false;
  return [...one].every(([key, values]) => {
    const others = other.get(key);
    return others?.size === values.size && [...values].every((value) => others.has(value));
  });
}

const maxMetadataBytes = 256 * 1024;
const maxErrorBytes = 1024;

export function validateAttachment({ spec, status }: VolumeAttachment): FieldError[] {
  const field = path('spec');
  const { inlineVolumeSpec, persistentVolumeName } = spec?.source ?? {};
  const source = field.child('source');
  const detail = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
  const errors: FieldError[] = spec?.attacher ? [] : [required(field.child('attacher'))];
  if (inlineVolumeSpec === undefined && persistentVolumeName === undefined)
    errors.push(required(source, detail));
  else if (inlineVolumeSpec !== undefined && persistentVolumeName !== undefined)
    errors.push(forbiddenField(source, detail));
  else if (persistentVolumeName === '')
    errors.push(
      required(source.child('persistentVolumeName'), 'must specify non empty persistentVolumeName'),
    );
  errors.push(...validateFormat(dns1123SubdomainErrors, spec?.nodeName ?? '', field.child('nodeName')));
  return [...errors, ...validateAttachmentStatus(status)];
}

/** What only v1 asks of a new attachment. */
export function validateNewAttachment({ spec }: VolumeAttachment): FieldError[] {
  const name = spec?.source?.persistentVolumeName;
  return [
    // Without one it was told already.
    ...(spec?.attacher ? validateDriverName(spec.attacher, path('spec.attacher')) : []),
    ...(name === undefined
      ? []
      : validateFormat(dns1123SubdomainErrors, name, path('spec.source.persistentVolumeName'))),
  ];
}

function validateAttachmentStatus(status: VolumeAttachment['status']): FieldError[] {
  const field = path('status');
  const size = Object.entries(status?.attachmentMetadata ?? {}).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );
  return [
    ...(size > maxMetadataBytes ? [tooLong(field.child('attachmentMetadata'), maxMetadataBytes)] : []),
    ...validateVolumeError(status?.attachError, field.child('attachError')),
    ...validateVolumeError(status?.detachError, field.child('detachError')),
  ];
}

function validateVolumeError(error: VolumeError | undefined, field: FieldPath): FieldError[] {
  const { message = '', errorCode } = error ?? {};
  return [
    // The limit that upstream names is that of the metadata.
    ...(Buffer.byteLength(message) > maxErrorBytes
      ? [tooLong(field.child('message'), maxMetadataBytes)]
      : []),
    ...(errorCode !== undefined && errorCode < 0
      ? [invalid(field.child('errorCode'), errorCode, inRange(0, 2147483647))]
      : []),
  ];
}

export function validateCsiDriver({ spec = {} }: CSIDriver): FieldError[] {
  const field = path('spec');
  const errors: FieldError[] = [];
  // The first of these is misspelt upstream, too.
  if (spec.attachRequired === undefined) errors.push(required(field.child('attachedRequired')));
  for (const name of ['podInfoOnMount', 'storageCapacity'] as const)
    if (spec[name] === undefined) errors.push(required(field.child(name)));
  errors.push(
    ...validateChoice(
      spec.fsGroupPolicy,
      ['File', 'None', 'ReadWriteOnceWithFSType'],
      field.child('fsGroupPolicy'),
    ),
  );
  if (spec.serviceAccountTokenInSecrets === true && (spec.tokenRequests ?? []).length === 0)
    errors.push(
      invalid(
        field.child('serviceAccountTokenInSecrets'),
        true,
        'serviceAccountTokenInSecrets is set but no tokenRequests are specified',
      ),
    );
  const audiences = new Set<string>();
  (spec.tokenRequests ?? []).forEach(({ audience, expirationSeconds: seconds }, index) => {
    const at = field.child('tokenRequests').index(index);
    if (audiences.has(audience)) {
      errors.push(duplicate(at.child('audience'), audience));
      return;
    }
    audiences.add(audience);
    if (seconds !== undefined && seconds < 600)
      errors.push(
        invalid(at.child('expirationSeconds'), seconds, 'may not specify a duration less than 10 minutes'),
      );
    if (seconds !== undefined && seconds > 2 ** 32)
      errors.push(
        invalid(
          at.child('expirationSeconds'),
          seconds,
          'may not specify a duration larger than 2^32 seconds',
        ),
      );
  });
  for (const mode of spec.volumeLifecycleModes ?? [])
    if (mode !== 'Persistent' && mode !== 'Ephemeral')
      errors.push(notSupported(field.child('volumeLifecycleModes'), mode, ['Persistent', 'Ephemeral']));
  const period = spec.nodeAllocatableUpdatePeriodSeconds;
  if (period !== undefined && period < 10)
    errors.push(
      invalid(
        field.child('nodeAllocatableUpdatePeriodSeconds'),
        period,
        'must be greater than or equal to 10 seconds',
      ),
    );
  return errors;
}

export function validateCsiDriverUpdate({ spec }: CSIDriver, old: CSIDriver): FieldError[] {
  return [
    ...validateImmutable(spec?.attachRequired, old.spec?.attachRequired, path('spec', 'attachedRequired')),
    ...validateImmutable(
      spec?.volumeLifecycleModes,
      old.spec?.volumeLifecycleModes,
      path('spec', 'volumeLifecycleModes'),
    ),
  ];
}

const maxNodeId = 256;

export function validateCsiNode({ spec }: CSINode): FieldError[] {
  const names = new Set<string>();
  return (spec?.drivers ?? []).flatMap((driver, index) =>
    validateNodeDriver(driver, names, path('spec', 'drivers').index(index)),
  );
}

function validateNodeDriver(driver: CSINodeDriver, names: Set<string>, field: FieldPath): FieldError[] {
  const { name, nodeID } = driver;
  const errors = validateDriverName(name, field.child('name'));
  if (!nodeID) errors.push(required(field.child('nodeID')));
  else if (nodeID.length > maxNodeId)
    errors.push(invalid(field.child('nodeID'), nodeID, `must be ${maxNodeId} characters or less`));
  errors.push(...validateNonNegative(driver.allocatable?.count, field.child('allocatable', 'count')));
  if (names.has(name)) errors.push(duplicate(field.child('name'), name));
  names.add(name);
  const keys = new Set<string>();
  for (const key of driver.topologyKeys ?? []) {
    if (key === '') errors.push(required(field));
    if (keys.has(key)) errors.push(duplicate(field, key));
    keys.add(key);
    errors.push(...validateFormat(qualifiedNameErrors, key, field));
  }
  return errors;
}

/** A driver that is there stays as it is, but for how much it can attach. */
export function validateCsiNodeUpdate({ spec }: CSINode, old: CSINode): FieldError[] {
  return (old.spec?.drivers ?? []).flatMap((before) => {
    const now = spec?.drivers?.find(({ name }) => name === before.name);
    if (now === undefined) return [];
    const { allocatable: _n, ...same } = now;
    const { allocatable: _b, ...had } = before;
    return validateImmutable(same, had, path('spec', 'drivers'));
  });
}

export function validateCapacity(object: CSIStorageCapacity): FieldError[] {
  const { nodeTopology, storageClassName = '', capacity } = object;
  return [
    ...validateLabelSelector(nodeTopology, path('nodeTopology')),
    ...validateFormat(dns1123SubdomainErrors, storageClassName, path('storageClassName')),
    ...(capacity !== undefined && compareQuantities(capacity, '0') < 0
      ? [invalid(path('capacity'), String(capacity), 'must be greater than or equal to 0')]
      : []),
  ];
}

export function validateCapacityUpdate(object: CSIStorageCapacity, old: CSIStorageCapacity): FieldError[] {
  return (['nodeTopology', 'storageClassName'] as const).flatMap((name) =>
    validateImmutable(object[name], old[name], path(name)),
  );
}
