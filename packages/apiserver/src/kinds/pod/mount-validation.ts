import type { Container, Volume } from '@kubewright/api/core/v1';
import { validateChoice } from '../../validation/choices.js';
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  notFoundField,
  required,
} from '../../validation/field-error.js';
import { validateDescending, validateNoBacksteps } from './path-validation.js';

type Volumes = ReadonlyMap<string, Volume>;

/** Where a container mounts the pod's volumes. */
export function validateMounts(container: Container, volumes: Volumes, field: FieldPath): FieldError[] {
  const paths = new Set<string>();
  const devices = container.volumeDevices ?? [];
  return (container.volumeMounts ?? []).flatMap((mount, index) => {
    const at = field.index(index);
    const { name = '', mountPath = '', subPath = '', subPathExpr = '' } = mount;
    const errors: FieldError[] = [];
    if (name === '') errors.push(required(at.child('name')));
    if (!volumes.has(name)) errors.push(notFoundField(at.child('name'), name));
    if (mountPath === '') errors.push(required(at.child('mountPath')));
    if (paths.has(mountPath)) errors.push(invalid(at.child('mountPath'), mountPath, 'must be unique'));
    paths.add(mountPath);
    if (devices.some((device) => device.name === name))
      errors.push(invalid(at.child('name'), name, 'must not already exist in volumeDevices'));
    if (devices.some((device) => device.devicePath === mountPath))
      errors.push(
        invalid(at.child('mountPath'), mountPath, 'must not already exist as a path in volumeDevices'),
      );
    // These four paths have no index upstream either.
    if (subPath !== '') errors.push(...validateDescending(subPath, field.child('subPath')));
    if (subPathExpr !== '') {
      if (subPath !== '')
        errors.push(
          invalid(at.child('subPathExpr'), subPathExpr, 'subPathExpr and subPath are mutually exclusive'),
        );
      errors.push(...validateDescending(subPathExpr, field.child('subPathExpr')));
    }
    errors.push(...validatePropagation(container, mount.mountPropagation, field.child('mountPropagation')));
    errors.push(...validateRecursiveReadOnly(mount, field.child('recursiveReadOnly')));
    return errors;
  });
}

function validatePropagation(container: Container, mode: string | undefined, field: FieldPath): FieldError[] {
  const errors = validateChoice(mode, ['Bidirectional', 'HostToContainer', 'None'], field);
  if (mode === 'Bidirectional' && container.securityContext?.privileged !== true)
    errors.push(
      forbiddenField(field, 'Bidirectional mount propagation is available only to privileged containers'),
    );
  return errors;
}

function validateRecursiveReadOnly(
  mount: {
    recursiveReadOnly?: string | undefined;
    readOnly?: boolean | undefined;
    mountPropagation?: string | undefined;
  },
  field: FieldPath,
): FieldError[] {
  const mode = mount.recursiveReadOnly;
  if (mode === undefined || mode === 'Disabled') return [];
  const unknown = validateChoice(mode, ['Disabled', 'Enabled', 'IfPossible'], field);
  if (unknown.length > 0) return unknown;
  const errors: FieldError[] = [];
  if (mount.readOnly !== true)
    errors.push(forbiddenField(field, 'may only be specified when readOnly is true'));
  if (mount.mountPropagation !== undefined && mount.mountPropagation !== 'None')
    errors.push(
      forbiddenField(field, 'may only be specified when mountPropagation is None or not specified'),
    );
  return errors;
}

/** Volumes that a container takes as block devices. */
export function validateDevices(container: Container, volumes: Volumes, field: FieldPath): FieldError[] {
  const names = new Set<string>();
  const paths = new Set<string>();
  const mounts = container.volumeMounts ?? [];
  return (container.volumeDevices ?? []).flatMap((device, index) => {
    const at = field.index(index);
    const { name = '', devicePath = '' } = device;
    const volume = volumes.get(name);
    const errors: FieldError[] = [];
    if (name === '') errors.push(required(at.child('name')));
    if (names.has(name)) errors.push(invalid(at.child('name'), name, 'must be unique'));
    if (volume !== undefined && volume.persistentVolumeClaim === undefined && volume.ephemeral === undefined)
      errors.push(
        invalid(
          at.child('name'),
          name,
          'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode',
        ),
      );
    if (volume === undefined) errors.push(notFoundField(at.child('name'), name));
    if (devicePath === '') errors.push(required(at.child('devicePath')));
    if (paths.has(devicePath)) errors.push(invalid(at.child('devicePath'), devicePath, 'must be unique'));
    if (validateNoBacksteps(devicePath, field).length > 0)
      errors.push(invalid(at.child('devicePath'), devicePath, "can not contain backsteps ('..')"));
    else paths.add(devicePath);
    if (mounts.some((mount) => mount.name === name))
      errors.push(invalid(at.child('name'), name, 'must not already exist in volumeMounts'));
    if (mounts.some((mount) => mount.mountPath === devicePath))
      errors.push(
        invalid(at.child('devicePath'), devicePath, 'must not already exist as a path in volumeMounts'),
      );
    if (name !== '') names.add(name);
    return errors;
  });
}
