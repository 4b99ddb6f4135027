import { addQuantities, canonicalQuantity, compareQuantities, quantityValue } from '@kubewright/api';
import type { Quantity } from '@kubewright/api/meta/v1';
import type {
  CapacityRequestPolicy,
  CapacityRequestPolicyRange,
  DeviceCapacity,
} from '@kubewright/api/resource/v1';
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  required,
} from '../../validation/field-error.js';
import { validateSet } from './bounded-lists.js';

const maxOptions = 10;

/**
 * How much of something a device has, and in which portions it is given away.
 * @param shared whether the device may be allocated several times, without which nothing is given away in portions
 */
export function validateCapacity(capacity: DeviceCapacity, field: FieldPath, shared: boolean): FieldError[] {
  const { requestPolicy, value } = capacity;
  if (requestPolicy === undefined) return [];
  const at = field.child('requestPolicy');
  return shared
    ? validatePolicy(value, requestPolicy, at)
    : [forbiddenField(at, 'allowMultipleAllocations must be true')];
}

function validatePolicy(whole: Quantity, policy: CapacityRequestPolicy, field: FieldPath): FieldError[] {
  const { validValues = [], validRange, default: usual } = policy;
  if (validValues.length > 0 && validRange !== undefined) {
    const detail =
      'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time';
    return [forbiddenField(field, detail)];
  }
  if (validValues.length === 0 && validRange === undefined) return [];
  // An amount that is not there is null.
  if (!usual) {
    const name = validRange === undefined ? 'validValues' : 'validRange';
    return [required(field.child('default'), `required when ${name} is defined`)];
  }
  return validRange === undefined
    ? validateValues(usual, whole, validValues, field.child('validValues'))
    : validateRange(usual, whole, validRange, field.child('validRange'));
}

function validateValues(
  usual: Quantity,
  whole: Quantity,
  values: readonly Quantity[],
  field: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  values.slice(1).forEach((value, index) => {
    if (compareQuantities(values[index] ?? value, value) > 0)
      errors.push(invalid(field.index(index + 1), value, 'values must be sorted in ascending order'));
  });
  const check = (value: Quantity, at: FieldPath) =>
    compareQuantities(value, whole) > 0
      ? [invalid(at, value, `option is larger than capacity value: ${whole}`)]
      : [];
  errors.push(...validateSet(values, maxOptions, field, check, (value) => String(quantityValue(value))));
  if (values.length > maxOptions || !values.some((value) => compareQuantities(value, usual) === 0))
    errors.push(invalid(field, usual, 'default value is not valid according to the requestPolicy'));
  return errors;
}

function validateRange(
  usual: Quantity,
  whole: Quantity,
  { min, max, step }: Partial<CapacityRequestPolicyRange>,
  field: FieldPath,
): FieldError[] {
  const [minField, maxField, stepField] = [field.child('min'), field.child('max'), field.child('step')];
  if (min === undefined) return [required(minField, 'required when validRange is defined')];
  const errors: FieldError[] = [];
  const above = (a: Quantity, b: Quantity) => compareQuantities(a, b) > 0;
  if (above(min, whole)) errors.push(invalid(minField, min, `min is larger than capacity value: ${whole}`));
  if (above(min, usual)) errors.push(invalid(minField, usual, `default is less than min: ${min}`));
  if (max !== undefined) {
    if (above(min, max)) errors.push(invalid(maxField, min, `min is larger than max: ${max}`));
    if (above(max, whole)) errors.push(invalid(maxField, max, `max is larger than capacity value: ${whole}`));
    if (above(usual, max)) errors.push(invalid(maxField, usual, `default is more than max: ${max}`));
  }
  if (step !== undefined) {
    const one = canonicalQuantity(addQuantities(min, step));
    if (above(one, whole))
      errors.push(invalid(stepField, step, `one step ${one} is larger than capacity value: ${whole}`));
    for (const value of max === undefined ? [usual] : [usual, max])
      if (!isMultiple(value, min, step))
        errors.push(
          invalid(stepField, value, `value is not a multiple of a given step (${step}) from (${min})`),
        );
  }
  return errors;
}

// A step of nothing can't be counted; upstream divides by it and fails.
function isMultiple(value: Quantity, from: Quantity, step: Quantity): boolean {
  const size = quantityValue(step);
  return size !== 0n && (quantityValue(value) - quantityValue(from)) % size === 0n;
}
