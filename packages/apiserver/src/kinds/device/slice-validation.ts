import { dns1123SubdomainErrors } from '@kubewright/api';
import type { NodeSelectorTerm } from '@kubewright/api/core/v1';
import type { ResourcePool, ResourceSlice, ResourceSliceSpec } from '@kubewright/api/resource/v1';
import { type FieldError, type FieldPath, invalid, path, required } from '../../validation/field-error.js';
import { validateFormat } from '../../validation/formats.js';
import { validateImmutable } from '../../validation/immutable.js';
import { validateDriverName } from '../persistent-volume-validation.js';
import { validateNodeSelector } from '../pod/scheduling-validation.js';
import { validateSet } from './bounded-lists.js';
import { validateCounterName, validateCounters, validateDevice } from './device-validation.js';
import { validatePoolName } from './pool-name.js';

const maxDevices = 128;
const maxLongDevices = 64;
const maxCounterSets = 8;

/** Where the devices of a slice are, and what they are. Source: `validateResourceSliceSpec` of resource.k8s.io. */
export function validateSlice({ spec }: ResourceSlice, old: ResourceSlice | undefined): FieldError[] {
  const field = path('spec');
  if (spec === undefined) return [required(field)];
  const devices = spec.devices ?? [];
  const isLong = devices.some(({ taints, consumesCounters }) => taints?.length || consumesCounters?.length);
  return [
    ...validateDriverName(spec.driver, field.child('driver')),
    ...validatePool(spec.pool, field.child('pool')),
    ...(old === undefined ? [] : validateKept(spec, old.spec, field)),
    ...validateNodes(spec, field),
    ...(spec.sharedCounters !== undefined && spec.devices !== undefined
      ? [invalid(field, '', 'only one of `sharedCounters` or `devices` is allowed')]
      : []),
    ...validateSet(
      devices,
      isLong ? maxLongDevices : maxDevices,
      field.child('devices'),
      (device, at) => {
        const before = old?.spec.devices?.find(({ name }) => name === device.name);
        return validateDevice(device, before, at, spec.perDeviceNodeSelection === true);
      },
      ({ name }) => name ?? '',
    ),
    ...validateSet(
      spec.sharedCounters ?? [],
      maxCounterSets,
      field.child('sharedCounters'),
      ({ name, counters }, at) => [
        ...validateCounterName(name, at.child('name')),
        ...validateCounters(counters, at.child('counters')),
      ],
      ({ name }) => name ?? '',
    ),
  ];
}

function validatePool(pool: Partial<ResourcePool> | undefined, field: FieldPath): FieldError[] {
  const { name, resourceSliceCount = 0, generation = 0 } = pool ?? {};
  const errors = validatePoolName(name, field.child('name'));
  if (resourceSliceCount <= 0)
    errors.push(invalid(field.child('resourceSliceCount'), resourceSliceCount, 'must be greater than zero'));
  if (generation < 0)
    errors.push(invalid(field.child('generation'), generation, 'must be greater than or equal to zero'));
  return errors;
}

function validateKept(spec: ResourceSliceSpec, old: ResourceSliceSpec, field: FieldPath): FieldError[] {
  return [
    ...validateImmutable(spec.pool?.name, old.pool?.name, field.child('pool', 'name')),
    ...validateImmutable(spec.driver, old.driver, field.child('driver')),
    ...validateImmutable(spec.nodeName, old.nodeName, field.child('nodeName')),
  ];
}

/** Upstream shows its internal form. */
function shownTerm({ matchExpressions, matchFields }: NodeSelectorTerm): unknown {
  const shown = (requirements: NodeSelectorTerm['matchExpressions']) =>
    requirements?.map(({ key, operator, values }) => ({
      ...{ Key: key, Operator: operator },
      Values: values ?? null,
    })) ?? null;
  return { MatchExpressions: shown(matchExpressions), MatchFields: shown(matchFields) };
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
    errors.push(...validateNodeSelector(nodeSelector, field.child('nodeSelector')));
    const terms = nodeSelector.nodeSelectorTerms ?? [];
    if (terms.length !== 1)
      errors.push(
        invalid(
          field.child('nodeSelector', 'nodeSelectorTerms'),
          terms.length === 0 ? null : terms.map(shownTerm),
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
