import { dns1123LabelErrors } from '@kubewright/api';
import type {
  AllocatedDeviceStatus,
  AllocationResult,
  DeviceAllocationConfiguration,
  DeviceRequestAllocationResult,
  NetworkDeviceData,
  ResourceClaim,
} from '@kubewright/api/resource/v1';
import { validateRequiredChoice } from '../../validation/choices.js';
import { validateConditions } from '../../validation/conditions.js';
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  path,
  required,
  tooLong,
  tooMany,
} from '../../validation/field-error.js';
import { validateFormat } from '../../validation/formats.js';
import { sameValue, validateImmutable } from '../../validation/immutable.js';
import { validateDriverName } from '../persistent-volume-validation.js';
import { validateNodeSelector } from '../pod/scheduling-validation.js';
import { validateBindingConditions } from './binding-conditions.js';
import { validateList, validateSet } from './bounded-lists.js';
import { allocatedDevices, deviceId } from './claim-devices.js';
import {
  maxConfigs,
  maxRequests,
  type RequestNames,
  requestNames,
  validateConfiguration,
  validateParameters,
  validateReference,
  validateReferences,
} from './claim-validation.js';
import { validateInterfaceAddress } from './interface-address.js';
import { validatePoolName } from './pool-name.js';

const maxConsumers = 256;
const maxConditions = 8;
const maxAddresses = 16;
const maxInterfaceNameLength = 256;
const maxHardwareAddressLength = 128;

/** What a claim got, who may use it, and what its driver says. Source: `validateResourceClaimStatusUpdate`. */
export function validateClaimStatus(claim: ResourceClaim, old: ResourceClaim): FieldError[] {
  const { metadata, spec, status } = claim;
  const field = path('status');
  const at = field.child('reservedFor');
  const { reservedFor = [], allocation, devices = [] } = status ?? {};
  const errors = validateSet(
    reservedFor,
    maxConsumers,
    at,
    (consumer, one) =>
      (['resource', 'name', 'uid'] as const).flatMap((name) =>
        consumer[name] ? [] : [required(one.child(name))],
      ),
    ({ uid }) => uid ?? '',
  );
  const allocated = allocatedDevices(claim);
  errors.push(
    ...validateSet(
      devices,
      undefined,
      field.child('devices'),
      (device, one) => validateDeviceStatus(device, one, allocated),
      deviceId,
    ),
  );
  const isNew = (consumer: object) =>
    !(old.status?.reservedFor ?? []).some((before) => sameValue(before, consumer));
  if (reservedFor.length > 0 && allocation === undefined)
    errors.push(forbiddenField(at, 'may not be specified when `allocated` is not set'));
  else if (metadata.deletionTimestamp !== undefined && reservedFor.some(isNew))
    errors.push(
      forbiddenField(
        at,
        'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set',
      ),
    );
  if (allocation === undefined) return errors;
  const allocationField = field.child('allocation');
  if (old.status?.allocation !== undefined)
    return [...errors, ...validateImmutable(allocation, old.status.allocation, allocationField)];
  return [...errors, ...validateAllocation(allocation, requestNames(spec?.devices ?? {}), allocationField)];
}

function validateAllocation(
  { devices = {}, nodeSelector }: AllocationResult,
  names: RequestNames,
  field: FieldPath,
): FieldError[] {
  const at = field.child('devices');
  return [
    ...validateList(devices.results ?? [], maxRequests, at.child('results'), (result, one) =>
      validateResult(result, names, one),
    ),
    // Those of the class and those of the claim.
    ...validateList(devices.config ?? [], 2 * maxConfigs, at.child('config'), (config, one) =>
      validateAllocatedConfiguration(config, names, one),
    ),
    ...(nodeSelector === undefined ? [] : validateNodeSelector(nodeSelector, field.child('nodeSelector'))),
  ];
}

function validateResult(
  result: DeviceRequestAllocationResult,
  names: RequestNames,
  field: FieldPath,
): FieldError[] {
  return [
    ...validateReference(result.request ?? '', names, field.child('request')),
    ...validateDriverName(result.driver, field.child('driver')),
    ...validatePoolName(result.pool, field.child('pool')),
    ...validateFormat(dns1123LabelErrors, result.device, field.child('device')),
    ...validateBindingConditions(result, field),
    ...validateShareId(result.shareID, field.child('shareID')),
  ];
}

function validateAllocatedConfiguration(
  config: DeviceAllocationConfiguration,
  names: RequestNames,
  field: FieldPath,
): FieldError[] {
  return [
    ...validateRequiredChoice(config.source, ['FromClaim', 'FromClass'], field.child('source')),
    ...validateReferences(config.requests, names, field.child('requests')),
    ...validateConfiguration(config, field),
  ];
}

function validateDeviceStatus(
  device: AllocatedDeviceStatus,
  field: FieldPath,
  allocated: ReadonlySet<string>,
): FieldError[] {
  const { data } = device;
  const conditions = device.conditions ?? [];
  const errors = [
    ...validateDriverName(device.driver, field.child('driver')),
    ...validatePoolName(device.pool, field.child('pool')),
    ...validateFormat(dns1123LabelErrors, device.device, field.child('device')),
    ...validateShareId(device.shareID, field.child('shareID')),
  ];
  if (!allocated.has(deviceId(device)))
    errors.push(invalid(field, device, 'must be an allocated device in the claim'));
  const at = field.child('conditions');
  if (conditions.length > maxConditions) errors.push(tooMany(at, conditions.length, maxConditions));
  return [
    ...errors,
    ...validateConditions(conditions, at),
    ...(data === undefined ? [] : validateParameters(data, field.child('data'))),
    ...validateNetworkData(device.networkData, field.child('networkData')),
  ];
}

function validateNetworkData(data: NetworkDeviceData | undefined, field: FieldPath): FieldError[] {
  if (data === undefined) return [];
  const { interfaceName = '', hardwareAddress = '', ips = [] } = data;
  return [
    ...(Buffer.byteLength(interfaceName) > maxInterfaceNameLength
      ? [tooLong(field.child('interfaceName'), maxInterfaceNameLength)]
      : []),
    ...(Buffer.byteLength(hardwareAddress) > maxHardwareAddressLength
      ? [tooLong(field.child('hardwareAddress'), maxHardwareAddressLength)]
      : []),
    ...validateSet(ips, maxAddresses, field.child('ips'), validateInterfaceAddress, (address) => address),
  ];
}

const uuid = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;

function validateShareId(id: string | undefined, field: FieldPath): FieldError[] {
  if (id === undefined) return [];
  if (!uuid.test(id)) {
    const problem = id.length === 36 ? 'invalid UUID format' : `invalid UUID length: ${id.length}`;
    return [invalid(field, id, `error validating uid: ${problem}`)];
  }
  return id === id.toLowerCase()
    ? []
    : [
        invalid(
          field,
          id,
          'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters',
        ),
      ];
}
