import {
  compareQuantities,
  dns1123LabelErrors,
  dns1123SubdomainErrors,
  qualifiedNameErrors,
  quantityValue,
} from '@kubewright/api';
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '@kubewright/api/core/v1';
import type { Quantity } from '@kubewright/api/meta/v1';
import { validateChoice } from '../validation/choices.js';
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  notSupported,
  path,
  required,
} from '../validation/field-error.js';
import { validateFormat } from '../validation/formats.js';
import { goForm } from '../validation/go-form.js';
import { sameValue, validateImmutable } from '../validation/immutable.js';
import { validateLabelSelector } from '../validation/label-selector.js';
import { lineDifference } from '../validation/line-difference.js';
import { classAnnotation, classWarnings } from './storage-class-annotation.js';
import { fractionWarnings } from './warnings.js';

export const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

/** What a claim asks for, its own or that of a template. */
export function validateClaimSpec(
  spec: PersistentVolumeClaimSpec,
  field: FieldPath,
  old?: PersistentVolumeClaimSpec,
): FieldError[] {
  const modes = spec.accessModes ?? [];
  const errors: FieldError[] = [];
  if (modes.length === 0)
    errors.push(required(field.child('accessModes'), 'at least 1 access mode is required'));
  errors.push(...validateLabelSelector(spec.selector, field.child('selector')));
  errors.push(...validateAccessModes(modes, field.child('accessModes')));
  const storage = spec.resources?.requests?.storage;
  const storageField = field.child('resources').key('storage');
  if (storage === undefined) errors.push(required(storageField));
  else if (compareQuantities(storage, '0') <= 0)
    errors.push(invalid(storageField, storage, 'must be greater than zero'));
  if (spec.storageClassName)
    errors.push(
      ...validateFormat(dns1123SubdomainErrors, spec.storageClassName, field.child('storageClassName')),
    );
  errors.push(...validateChoice(spec.volumeMode, ['Block', 'Filesystem'], field.child('volumeMode')));
  // Groups were not looked at in former times.
  const anyGroup = old?.dataSource !== undefined || old?.dataSourceRef !== undefined;
  errors.push(...validateDataSources(spec, field, anyGroup));
  if (spec.volumeAttributesClassName)
    errors.push(
      ...validateFormat(
        dns1123SubdomainErrors,
        spec.volumeAttributesClassName,
        field.child('volumeAttributesClassName'),
      ),
    );
  return errors;
}

/** What the claim starts with: a copy of another claim, or something that another controller knows. */
function validateDataSources(
  { dataSource, dataSourceRef }: PersistentVolumeClaimSpec,
  field: FieldPath,
  anyGroup: boolean,
): FieldError[] {
  const errors = [
    ...validateDataSource(dataSource, field.child('dataSource'), anyGroup),
    ...validateDataSource(dataSourceRef, field.child('dataSourceRef'), anyGroup),
  ];
  const at = field.child('dataSourceRef', 'namespace');
  if (dataSourceRef?.namespace)
    errors.push(...validateFormat(dns1123LabelErrors, dataSourceRef.namespace, at));
  if (dataSource === undefined || dataSourceRef === undefined) return errors;
  // Upstream shows the path of the other field as the value.
  const wrong = (detail: string) => invalid(field, {}, detail);
  if (dataSourceRef.namespace)
    return [...errors, wrong('may not be specified when dataSourceRef.namespace is specified')];
  const { namespace: _, ...same } = dataSourceRef;
  return sameValue(dataSource, same) ? errors : [...errors, wrong('must match dataSourceRef')];
}

function validateDataSource(
  source: { name: string; kind: string; apiGroup?: string | undefined } | undefined,
  field: FieldPath,
  anyGroup: boolean,
): FieldError[] {
  if (source === undefined) return [];
  const errors: FieldError[] = [];
  if (!source.name) errors.push(required(field.child('name')));
  if (!source.kind) errors.push(required(field.child('kind')));
  if (!source.apiGroup && source.kind !== 'PersistentVolumeClaim')
    errors.push(
      invalid(
        field,
        source.kind ?? '',
        "must be 'PersistentVolumeClaim' when referencing the default apiGroup",
      ),
    );
  if (source.apiGroup && !anyGroup)
    errors.push(...validateFormat(dns1123SubdomainErrors, source.apiGroup, field.child('apiGroup')));
  return errors;
}

/** A claim stays as it is, but for what binding, growing and other attributes need. */
export function validateClaimUpdate(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const { spec = {}, metadata, status } = claim;
  const before = old.spec ?? {};
  const isBound = status?.phase === 'Bound';
  const masked = { ...spec };
  if (!before.volumeName) masked.volumeName = before.volumeName;
  const [note, oldNote] = [
    metadata.annotations?.[classAnnotation],
    old.metadata.annotations?.[classAnnotation],
  ];
  const errors = validateClaimSpec(spec, path('spec'), before);
  // A class that was named by the annotation may move into the field; a claim without one may get one.
  const isNewClass = before.storageClassName === undefined && spec.storageClassName !== undefined;
  const moves = isNewClass && oldNote === spec.storageClassName && (note === undefined || note === oldNote);
  if (!moves && (note ?? '') !== (oldNote ?? ''))
    errors.push(
      invalid(path('metadata', 'annotations').key(classAnnotation), note ?? '', 'field is immutable'),
    );
  if (moves || (isNewClass && oldNote === undefined)) masked.storageClassName = before.storageClassName;
  const [size, oldSize] = [spec.resources?.requests?.storage, before.resources?.requests?.storage];
  if (isBound) {
    masked.volumeAttributesClassName = before.volumeAttributesClassName;
    if (spec.resources?.requests !== undefined)
      masked.resources = {
        ...spec.resources,
        requests: { ...spec.resources.requests, ...(oldSize === undefined ? {} : { storage: oldSize }) },
      };
  }
  if (!sameValue(masked, before))
    errors.push(
      forbiddenField(
        path('spec'),
        `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n${claimDifference(before, masked)}`,
      ),
    );
  // What did not grow yet may be wanted smaller again. Source: KEP-1790.
  const capacity = old.status?.capacity?.storage ?? '0';
  const wanted = size ?? '0';
  if (compareQuantities(wanted, oldSize ?? '0') < 0 && compareQuantities(wanted, capacity) <= 0)
    errors.push(
      forbiddenField(
        path('spec', 'resources', 'requests', 'storage'),
        'field can not be less than status.capacity',
      ),
    );
  errors.push(...validateImmutable(spec.volumeMode, before.volumeMode, path('volumeMode')));
  const attributes = spec.volumeAttributesClassName;
  if (old.status?.currentVolumeAttributesClassName !== undefined && !attributes)
    if (attributes !== before.volumeAttributesClassName)
      errors.push(
        forbiddenField(
          path('spec', 'volumeAttributesClassName'),
          `update to ${attributes === undefined ? 'nil' : 'empty string'} is forbidden when status.currentVolumeAttributesClassName is not nil`,
        ),
      );
  return errors;
}

function claimDifference(before: PersistentVolumeClaimSpec, after: PersistentVolumeClaimSpec): string {
  const type = 'PersistentVolumeClaimSpec';
  return lineDifference(goForm(before, type), goForm(after, type));
}

export function claimWarnings({ metadata, spec }: PersistentVolumeClaim): string[] {
  return [
    ...classWarnings(metadata.annotations),
    ...(['requests', 'limits'] as const).flatMap((list) =>
      fractionWarnings(spec?.resources?.[list]?.storage, path('spec', 'resources', list).key('storage')),
    ),
  ];
}

const resizeStatuses = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
];

export function validateClaimStatus({ spec, status }: PersistentVolumeClaim): FieldError[] {
  const errors = spec?.accessModes?.length ? [] : [required(path('Spec', 'accessModes'))];
  for (const [name, quantity] of Object.entries(status?.capacity ?? {}))
    errors.push(...validateBasicAmount(quantity, path('status', 'capacity').key(name)));
  const states = path('status', 'allocatedResourceStatuses');
  for (const [name, state] of Object.entries(status?.allocatedResourceStatuses ?? {})) {
    errors.push(...validateClaimResource(name, states));
    if (!resizeStatuses.includes(state)) errors.push(notSupported(states, name, [...resizeStatuses].sort()));
  }
  const amounts = path('status', 'allocatedResources');
  for (const [name, quantity] of Object.entries(status?.allocatedResources ?? {})) {
    const wrong = validateClaimResource(name, amounts);
    errors.push(...(wrong.length > 0 ? wrong : validateBasicAmount(quantity, amounts.key(name))));
  }
  return errors;
}

/** What of a claim is counted: storage, or what a driver counts under a name of its own. */
function validateClaimResource(name: string, field: FieldPath): FieldError[] {
  const errors = validateFormat(qualifiedNameErrors, name, field);
  if (errors.length > 0) return errors;
  const isNative = !name.includes('/') || name.includes('kubernetes.io/');
  return isNative && name !== 'storage' ? [notSupported(field, name, ['storage'])] : [];
}

/** An amount that is not below nothing; upstream shows it as a number. */
export function validateBasicAmount(quantity: Quantity, field: FieldPath): FieldError[] {
  return compareQuantities(quantity, '0') < 0
    ? [invalid(field, quantityValue(quantity), 'must be a valid resource quantity')]
    : [];
}

export function validateAccessModes(modes: readonly string[], field: FieldPath): FieldError[] {
  const errors = modes
    .filter((mode) => !accessModes.includes(mode))
    .map((mode) => notSupported(field, mode, accessModes));
  if (modes.includes('ReadWriteOncePod') && modes.length > 1)
    errors.push(forbiddenField(field, 'may not use ReadWriteOncePod with other access modes'));
  return errors;
}
