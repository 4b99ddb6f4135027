import { compareQuantities, dns1123LabelErrors, pathSegmentErrors } from '@kubewright/api';
import type { MetricIdentifier, MetricSpec, MetricTarget } from '@kubewright/api/autoscaling/v2';
import { validateChoice } from '../../validation/choices.js';
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  required,
} from '../../validation/field-error.js';
import { validateFormat } from '../../validation/formats.js';
import { validateContainerResourceName } from '../pod/resource-validation.js';
import { validateReference } from './reference-validation.js';

/** Each type of metric and the field that describes it. */
const types: ReadonlyMap<string, SourceName> = new Map([
  ['ContainerResource', 'containerResource'],
  ['External', 'external'],
  ['Object', 'object'],
  ['Pods', 'pods'],
  ['Resource', 'resource'],
]);

type SourceName = Exclude<keyof MetricSpec, 'type'>;

/** In the order in which upstream looks at them: the first one that is set is checked. */
const order: readonly SourceName[] = ['object', 'external', 'pods', 'resource', 'containerResource'];

export function validateMetric(metric: MetricSpec, field: FieldPath): FieldError[] {
  const { type = '' } = metric;
  const at = field.child('type');
  const unknown = validateChoice(type, [...types.keys()], at);
  const errors: FieldError[] = [];
  if (type === '') errors.push(required(at, 'must specify a metric source type'));
  errors.push(...unknown);
  const present = order.filter((name) => metric[name] !== undefined);
  const [first] = present;
  if (first !== undefined) errors.push(...sources[first](metric, field.child(first)));
  const expected = types.get(type);
  // Upstream says so twice.
  if (expected === undefined) errors.push(...unknown);
  else if (metric[expected] === undefined)
    errors.push(required(field.child(expected), 'must populate information for the given metric source'));
  if (present.length > 1)
    for (const name of present.filter((one) => one !== expected))
      errors.push(forbiddenField(field.child(name), 'must populate the given metric source only'));
  return errors;
}

const sources: Readonly<Record<SourceName, (metric: MetricSpec, field: FieldPath) => FieldError[]>> = {
  object: ({ object }, field) => {
    const errors = [
      ...validateReference(object?.describedObject, field.child('describedObject'), false),
      ...validateIdentifier(object?.metric, field.child('metric')),
      ...validateTarget(object?.target, field.child('target')),
    ];
    if (object?.target?.value === undefined && object?.target?.averageValue === undefined)
      errors.push(
        required(field.child('target', 'averageValue'), 'must set either a target value or averageValue'),
      );
    return errors;
  },
  external: ({ external }, field) => {
    const { value, averageValue } = external?.target ?? {};
    const errors = [
      ...validateIdentifier(external?.metric, field.child('metric')),
      ...validateTarget(external?.target, field.child('target')),
    ];
    if (value === undefined && averageValue === undefined)
      errors.push(
        required(
          field.child('target', 'averageValue'),
          'must set either a target value for metric or a per-pod target',
        ),
      );
    if (value !== undefined && averageValue !== undefined)
      errors.push(
        forbiddenField(
          field.child('target', 'value'),
          'may not set both a target value for metric and a per-pod target',
        ),
      );
    return errors;
  },
  pods: ({ pods }, field) => {
    const errors = [
      ...validateIdentifier(pods?.metric, field.child('metric')),
      ...validateTarget(pods?.target, field.child('target')),
    ];
    if (pods?.target?.averageValue === undefined)
      errors.push(
        required(field.child('target', 'averageValue'), 'must specify a positive target averageValue'),
      );
    return errors;
  },
  resource: ({ resource }, field) => [
    ...(resource?.name ? [] : [required(field.child('name'), 'must specify a resource name')]),
    ...validateUseTarget(resource?.target, field.child('target')),
  ],
  containerResource: ({ containerResource }, field) => [
    ...(containerResource?.name
      ? validateContainerResourceName(containerResource.name, field.child('name'))
      : [required(field.child('name'), 'must specify a resource name')]),
    ...(containerResource?.container
      ? validateFormat(dns1123LabelErrors, containerResource.container, field.child('container'))
      : [required(field.child('container'), 'must specify a container')]),
    ...validateUseTarget(containerResource?.target, field.child('target')),
  ],
};

/** The use of a resource: as an amount or as a share of what is requested. */
function validateUseTarget(target: MetricTarget | undefined, field: FieldPath): FieldError[] {
  const errors = validateTarget(target, field);
  const { averageUtilization, averageValue } = target ?? {};
  if (averageUtilization === undefined && averageValue === undefined)
    errors.push(
      required(
        field.child('averageUtilization'),
        'must set either a target raw value or a target utilization',
      ),
    );
  if (averageUtilization !== undefined && averageValue !== undefined)
    errors.push(
      forbiddenField(
        field.child('averageValue'),
        'may not set both a target raw value and a target utilization',
      ),
    );
  return errors;
}

function validateTarget(target: MetricTarget | undefined, field: FieldPath): FieldError[] {
  const { type = '', averageUtilization } = target ?? {};
  const errors: FieldError[] = [];
  if (type === '') errors.push(required(field.child('type'), 'must specify a metric target type'));
  if (!['Utilization', 'Value', 'AverageValue'].includes(type))
    errors.push(invalid(field.child('type'), type, 'must be either Utilization, Value, or AverageValue'));
  for (const name of ['value', 'averageValue'] as const) {
    const quantity = target?.[name];
    if (quantity !== undefined && compareQuantities(quantity, '0') <= 0)
      errors.push(invalid(field.child(name), quantity, 'must be positive'));
  }
  if (averageUtilization !== undefined && averageUtilization < 1)
    errors.push(invalid(field.child('averageUtilization'), averageUtilization, 'must be greater than 0'));
  return errors;
}

function validateIdentifier(metric: MetricIdentifier | undefined, field: FieldPath): FieldError[] {
  const at = field.child('name');
  return metric?.name
    ? validateFormat(pathSegmentErrors, metric.name, at)
    : [required(at, 'must specify a metric name')];
}
