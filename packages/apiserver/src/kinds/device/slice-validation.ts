import { dns1123LabelErrors, dns1123SubdomainErrors } from '@kubewright/api';
import type { ResourceSlice, ResourceSliceSpec } from '@kubewright/api/resource/v1';
import { type FieldError, type FieldPath, invalid, path, required } from '../../validation/field-error.js';
import { validateFormat } from '../../validation/formats.js';
import { validateImmutable } from '../../validation/immutable.js';
import { validateDriverName } from '../persistent-volume-validation.js';
import { validateSet } from './bounded-lists.js';

const maxDevices = 128;
const maxLongDevices = 64;

/** Where the devices of a slice are and how they are named; what they are is not looked at. */
export function validateSlice({ spec }: ResourceSlice, old: ResourceSlice | undefined): FieldError[] {
  const field = path('spec');
  if (spec === undefined) return [required(field)];
  const devices = spec.devices ?? [];
  const isLong = devices.some(({ taints, consumesCounters }) => taints?.length || consumesCounters?.length);
  return [
    ...validateDriverName(spec.driver, field.child('driver')),
    ...(old === undefined ? [] : validateKept(spec, old.spec, field)),
    ...validateNodes(spec, field),
    ...(spec.sharedCounters !== undefined && spec.devices !== undefined
      ? [invalid(field, '', 'only one of `sharedCounters` or `devices` is allowed')]
      : []),
    ...validateSet(
      devices,
      isLong ? maxLongDevices : maxDevices,
      field.child('devices'),
      ({ name }, at) =>
        name ? validateFormat(dns1123LabelErrors, name, at.child('name')) : [required(at.child('name'))],
      ({ name }) => name ?? '',
    ),
  ];
}

function validateKept(spec: ResourceSliceSpec, old: ResourceSliceSpec, field: FieldPath): FieldError[] {
  return [
    ...validateImmutable(spec.pool?.name, old.pool?.name, field.child('pool', 'name')),
    ...validateImmutable(spec.driver, old.driver, field.child('driver')),
    ...validateImmutable(spec.nodeName, old.nodeName, field.child('nodeName')),
  ];
}

function validateNodes(spec: ResourceSliceSpec, field: FieldPath): FieldError[] {
  const { nodeName, nodeSelector } = spec;
  const errors: FieldError[] = [];
  const set: string[] = [];
  if (nodeName === '')
    errors.push(
      invalid(field.child('nodeName'), nodeName, 'must be either unset or set to a non-empty string'),
    );
  else if (nodeName !== undefined) {
    set.push('`nodeName`');
    errors.push(...validateFormat(dns1123SubdomainErrors, nodeName, field.child('nodeName')));
  }
  if (nodeSelector !== undefined) {
    set.push('`nodeSelector`');
    const terms = nodeSelector.nodeSelectorTerms ?? [];
    if (terms.length !== 1)
      errors.push(
        invalid(
          field.child('nodeSelector', 'nodeSelectorTerms'),
          terms,
          'must have exactly one node selector term',
        ),
      );
  }
  for (const name of ['allNodes', 'perDeviceNodeSelection'] as const) {
    if (spec[name] === true) set.push(`\`${name}\``);
    if (spec[name] === false)
      errors.push(invalid(field.child(name), false, 'must be either unset or set to true'));
  }
  const which = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';
  if (set.length === 0) errors.push(required(field, which));
  if (set.length > 1)
    errors.push(invalid(field, `{${set.join(', ')}}`, `${which}, but multiple fields are set`));
  return errors;
}
