import { dns1123LabelErrors, dns1123SubdomainErrors, labelValueErrors } from '@kubewright/api';
import type {
  DeviceClaim,
  DeviceConstraint,
  DeviceRequest,
  DeviceSelector,
  DeviceSubRequest,
  DeviceToleration,
  OpaqueDeviceConfiguration,
} from '@kubewright/api/resource/v1';
import { validateChoice, validateRequiredChoice } from '../../validation/choices.js';
import {
  type FieldError,
  type FieldPath,
  invalid,
  notSupported,
  required,
  tooLong,
} from '../../validation/field-error.js';
import { validateFormat } from '../../validation/formats.js';
import { validateLabelKey } from '../../validation/label-selector.js';
import { validateDriverName } from '../persistent-volume-validation.js';
import { validateAttributeName } from './attribute-name.js';
import { validateList, validateSet } from './bounded-lists.js';
import { validateSelectorExpression } from './selector-expression.js';

export const maxRequests = 32;
const maxAlternatives = 8;
const maxConstraints = 32;
export const maxConfigs = 32;
const maxSelectors = 32;
const maxExpressionLength = 10 * 1024;
const maxParametersLength = 10 * 1024;

/** The names of requests, each with those of its alternatives. */
export type RequestNames = ReadonlyMap<string, ReadonlySet<string>>;

/** What a claim asks for. Source: `validateDeviceClaim` of resource.k8s.io. */
export function validateDeviceClaim(devices: DeviceClaim, field: FieldPath): FieldError[] {
  const { constraints = [], config = [] } = devices;
  const requests = devices.requests ?? [];
  const names = requestNames(devices);
  return [
    ...validateSet(requests, maxRequests, field.child('requests'), validateRequest, ({ name }) => name ?? ''),
    ...validateList(constraints, maxConstraints, field.child('constraints'), (constraint, at) =>
      validateConstraint(constraint, names, at),
    ),
    ...validateList(config, maxConfigs, field.child('config'), (one, at) => [
      ...validateReferences(one.requests, names, at.child('requests')),
      ...validateConfiguration(one, at),
    ]),
  ];
}

export function requestNames({ requests }: DeviceClaim): RequestNames {
  return new Map(
    (requests ?? []).map(({ name, firstAvailable = [] }) => [
      name,
      new Set(firstAvailable.map((one) => one.name)),
    ]),
  );
}

export function validateSelectors(selectors: DeviceSelector[] | undefined, field: FieldPath): FieldError[] {
  return validateList(selectors ?? [], maxSelectors, field, ({ cel }, at) => {
    if (cel === undefined) return [required(at.child('cel'))];
    const expression = at.child('cel', 'expression');
    const text = cel.expression ?? '';
    return Buffer.byteLength(text) > maxExpressionLength
      ? [tooLong(expression, maxExpressionLength)]
      : validateSelectorExpression(text, expression);
  });
}

export function validateConfigurations(
  configs: readonly { opaque?: OpaqueDeviceConfiguration | undefined }[] | undefined,
  field: FieldPath,
): FieldError[] {
  return validateList(configs ?? [], maxConfigs, field, validateConfiguration);
}

function validateRequest(request: DeviceRequest, field: FieldPath): FieldError[] {
  const { name, exactly, firstAvailable = [] } = request;
  const errors = validateRequestName(name, field.child('name'));
  const which = 'exactly one of `exactly` or `firstAvailable` is required';
  if (exactly === undefined && firstAvailable.length === 0) errors.push(required(field, which));
  else if (exactly !== undefined && firstAvailable.length > 0)
    errors.push(invalid(field, null, `${which}, but multiple fields are set`));
  else if (exactly !== undefined) errors.push(...validateWish(exactly, field.child('exactly')));
  else
    errors.push(
      ...validateSet(
        firstAvailable,
        maxAlternatives,
        field.child('firstAvailable'),
        (one, at) => [...validateRequestName(one.name, at.child('name')), ...validateWish(one, at)],
        (one) => one.name ?? '',
      ),
    );
  return errors;
}

function validateRequestName(name: string | undefined, field: FieldPath): FieldError[] {
  return validateFormat(dns1123LabelErrors, name, field);
}

function validateWish(wish: Omit<DeviceSubRequest, 'name'>, field: FieldPath): FieldError[] {
  const className = field.child('deviceClassName');
  return [
    ...(wish.deviceClassName
      ? validateFormat(dns1123SubdomainErrors, wish.deviceClassName, className)
      : [required(className)]),
    ...validateSelectors(wish.selectors, field.child('selectors')),
    ...validateCount(wish, field),
    ...(wish.tolerations ?? []).flatMap((toleration, index) =>
      validateToleration(toleration, field.child('tolerations').index(index)),
    ),
  ];
}

function validateCount(
  { allocationMode = '', count = 0 }: Omit<DeviceSubRequest, 'name'>,
  field: FieldPath,
): FieldError[] {
  const at = field.child('count');
  if (allocationMode === 'All')
    return count === 0 ? [] : [invalid(at, count, "must not be specified when allocationMode is 'All'")];
  if (allocationMode === 'ExactCount')
    return count > 0 ? [] : [invalid(at, count, 'must be greater than zero')];
  return [notSupported(field.child('allocationMode'), allocationMode, ['All', 'ExactCount'])];
}

function validateToleration(toleration: DeviceToleration, field: FieldPath): FieldError[] {
  const { key = '', operator = '', value = '', effect = '' } = toleration;
  const at = field.child('value');
  return [
    ...(key === '' ? [] : validateLabelKey(key, field.child('key'))),
    ...(operator === 'Exists' && value !== ''
      ? [invalid(at, value, 'must be empty for operator `Exists`')]
      : []),
    ...(operator === 'Equal' ? validateFormat(labelValueErrors, value, at) : []),
    ...validateRequiredChoice(operator, ['Equal', 'Exists'], field.child('operator')),
    ...(effect === ''
      ? []
      : validateChoice(effect, ['NoExecute', 'NoSchedule', 'None'], field.child('effect'))),
  ];
}

function validateConstraint(
  { requests, matchAttribute, distinctAttribute }: DeviceConstraint,
  names: RequestNames,
  field: FieldPath,
): FieldError[] {
  const errors = validateReferences(requests, names, field.child('requests'));
  if (matchAttribute !== undefined)
    return [...errors, ...validateAttributeName(matchAttribute, field.child('matchAttribute'))];
  if (distinctAttribute !== undefined)
    return [...errors, ...validateAttributeName(distinctAttribute, field.child('distinctAttribute'))];
  const problem =
    'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set';
  return [...errors, required(field, problem)];
}

/** Names of requests in the claim, each once. */
export function validateReferences(
  references: readonly string[] | undefined,
  names: RequestNames,
  field: FieldPath,
): FieldError[] {
  const check = (reference: string, at: FieldPath) => validateReference(reference, names, at);
  return validateSet(references ?? [], maxRequests, field, check, (reference) => reference);
}

/** The name of a request in the claim, or of one of its alternatives. */
export function validateReference(reference: string, names: RequestNames, field: FieldPath): FieldError[] {
  const problem =
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
  const segments = reference.split('/');
  if (segments.length > 2) return [invalid(field, reference, problem)];
  const [request = '', alternative] = segments;
  const known =
    alternative === undefined ? names.has(request) : names.get(request)?.has(alternative) === true;
  return [
    ...segments.flatMap((segment) => validateRequestName(segment, field)),
    ...(known ? [] : [invalid(field, reference, problem)]),
  ];
}

export function validateConfiguration(
  { opaque }: { opaque?: OpaqueDeviceConfiguration | undefined },
  field: FieldPath,
): FieldError[] {
  const at = field.child('opaque');
  if (opaque === undefined) return [required(at)];
  return [
    ...validateDriverName(opaque.driver, at.child('driver')),
    ...validateParameters(opaque.parameters, at.child('parameters')),
  ];
}

/** An object that a driver understands. */
export function validateParameters(parameters: unknown, field: FieldPath): FieldError[] {
  if (parameters === undefined || parameters === null) return [required(field)];
  if (JSON.stringify(parameters).length > maxParametersLength) return [tooLong(field, maxParametersLength)];
  return typeof parameters === 'object' && !Array.isArray(parameters)
    ? []
    : [invalid(field, '<value omitted>', 'must be a valid JSON object')];
}
