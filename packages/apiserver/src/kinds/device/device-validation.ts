import { dns1123LabelErrors, dns1123SubdomainErrors, labelValueErrors } from '@kubewright/api';
import type {
  Counter,
  Device,
  DeviceAttribute,
  DeviceCounterConsumption,
  DeviceTaint,
} from '@kubewright/api/resource/v1';
import { validateRequiredChoice } from '../../validation/choices.js';
import { type FieldError, type FieldPath, invalid, required, tooLong } from '../../validation/field-error.js';
import { validateFormat } from '../../validation/formats.js';
import { sameValue } from '../../validation/immutable.js';
import { validateLabelKey } from '../../validation/label-selector.js';
import { validateNodeSelector } from '../pod/scheduling-validation.js';
import { validateQualifiedName } from './attribute-name.js';
import { validateBindingConditions } from './binding-conditions.js';
import { validateList, validateMap, validateSet } from './bounded-lists.js';
import { validateCapacity } from './capacity-validation.js';

const maxAttributesAndCapacities = 32;
const maxTaints = 16;
const maxConsumptions = 2;
const maxCounters = 32;
const maxValueLength = 64;
/** A domain of 63 characters, a slash and an identifier of 32. */
const maxQualifiedNameLength = 96;
const maxLabelLength = 63;

/**
 * One device of a slice.
 * @param perDevice whether the slice says that each device names its own nodes
 */
export function validateDevice(
  device: Device,
  old: Device | undefined,
  field: FieldPath,
  perDevice: boolean,
): FieldError[] {
  const { attributes = {}, capacity = {}, taints = [], consumesCounters = [] } = device;
  const errors = validateFormat(dns1123LabelErrors, device.name, field.child('name'));
  const count = Object.keys(attributes).length + Object.keys(capacity).length;
  if (count > maxAttributesAndCapacities)
    errors.push(
      invalid(
        field,
        count,
        `the total number of attributes and capacities must not exceed ${maxAttributesAndCapacities}`,
      ),
    );
  const names = { maxKeyLength: maxQualifiedNameLength, validateKey: validateQualifiedName };
  errors.push(
    ...validateMap(attributes, names, field.child('attributes'), validateAttribute),
    ...validateMap(capacity, names, field.child('capacity'), (one, at) =>
      validateCapacity(one, at, device.allowMultipleAllocations === true),
    ),
  );
  if (old === undefined || !sameValue(old.taints, device.taints))
    errors.push(...validateList(taints, maxTaints, field.child('taints'), validateTaint));
  return [
    ...errors,
    ...validateSet(
      consumesCounters,
      maxConsumptions,
      field.child('consumesCounters'),
      validateConsumption,
      ({ counterSet }) => counterSet ?? '',
    ),
    ...(perDevice ? validateNodes(device, field) : validateNoNodes(device, field)),
    ...validateBindingConditions(device, field),
  ];
}

// Source: semver.org, version 2.0.0.
const identifier = '(0|[1-9]\\d*)';
const preRelease = '(0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)';
const build = '[0-9a-zA-Z-]+';
const semver = new RegExp(
  `^${identifier}\\.${identifier}\\.${identifier}(-${preRelease}(\\.${preRelease})*)?(\\+${build}(\\.${build})*)?$`,
);

function validateAttribute(attribute: DeviceAttribute, field: FieldPath): FieldError[] {
  const { string, version } = attribute;
  const errors: FieldError[] = [];
  const bounded = (value: string, at: FieldPath) => {
    if (Buffer.byteLength(value) > maxValueLength) errors.push(tooLong(at, maxValueLength));
  };
  if (string !== undefined) bounded(string, field.child('string'));
  if (version !== undefined) {
    const at = field.child('version');
    if (!semver.test(version))
      errors.push(invalid(at, version, 'must be a string compatible with semver.org spec 2.0.0'));
    bounded(version, at);
  }
  const set = (['bool', 'int', 'string', 'version'] as const).filter((name) => attribute[name] !== undefined);
  if (set.length !== 1)
    errors.push(
      invalid(
        field,
        set.length === 0 ? '' : shownAttribute(attribute),
        'exactly one value must be specified',
      ),
    );
  return errors;
}

/** Upstream shows its internal form. */
function shownAttribute({ int, bool, string, version }: DeviceAttribute): unknown {
  return {
    ...{ IntValue: int ?? null, BoolValue: bool ?? null },
    ...{ StringValue: string ?? null, VersionValue: version ?? null },
    ...{ IntValues: null, BoolValues: null, StringValues: null, VersionValues: null },
  };
}

function validateTaint(taint: DeviceTaint, field: FieldPath): FieldError[] {
  const { key = '', value = '', effect } = taint;
  return [
    ...validateLabelKey(key, field.child('key')),
    ...(value === '' ? [] : validateFormat(labelValueErrors, value, field.child('value'))),
    ...validateRequiredChoice(effect, ['NoExecute', 'NoSchedule', 'None'], field.child('effect')),
  ];
}

function validateConsumption(consumption: DeviceCounterConsumption, field: FieldPath): FieldError[] {
  return [
    ...validateCounterName(consumption.counterSet, field.child('counterSet')),
    ...validateCounters(consumption.counters, field.child('counters')),
  ];
}

/** The name of a set of counters. */
export function validateCounterName(name: string | undefined, field: FieldPath): FieldError[] {
  return name ? validateFormat(dns1123LabelErrors, name, field) : [required(field)];
}

/** Named counters: at least one. */
export function validateCounters(
  counters: Readonly<Record<string, Counter>> | undefined,
  field: FieldPath,
): FieldError[] {
  if (Object.keys(counters ?? {}).length === 0) return [required(field)];
  const names = {
    most: maxCounters,
    maxKeyLength: maxLabelLength,
    validateKey: (name: string, at: FieldPath) => validateFormat(dns1123LabelErrors, name, at),
  };
  return validateMap(counters ?? {}, names, field, () => []);
}

function validateNodes(device: Device, field: FieldPath): FieldError[] {
  const { nodeName, nodeSelector, allNodes } = device;
  const errors: FieldError[] = [];
  const set: string[] = [];
  if (nodeName === '') errors.push(invalid(field.child('nodeName'), nodeName, 'must not be empty'));
  else if (nodeName !== undefined) {
    set.push('`nodeName`');
    errors.push(...validateFormat(dns1123SubdomainErrors, nodeName, field.child('nodeName')));
  }
  if (nodeSelector !== undefined) {
    set.push('`nodeSelector`');
    errors.push(...validateNodeSelector(nodeSelector, field.child('nodeSelector')));
  }
  if (allNodes === true) set.push('`allNodes`');
  if (allNodes === false)
    errors.push(invalid(field.child('allNodes'), false, 'must be either unset or set to true'));
  const which =
    'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
  if (set.length === 0) errors.push(required(field, which));
  if (set.length > 1) errors.push(invalid(field, `{${set.join(', ')}}`, which));
  return errors;
}

function validateNoNodes({ nodeName, nodeSelector, allNodes }: Device, field: FieldPath): FieldError[] {
  if (nodeName === undefined && nodeSelector === undefined && allNodes === undefined) return [];
  const detail =
    '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
  return [invalid(field, null, detail)];
}
