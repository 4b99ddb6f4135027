import type {
  CrossVersionObjectReference,
  MetricIdentifier,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from '@kubewright/api/autoscaling/v2';
import type { LabelSelector, Quantity } from '@kubewright/api/meta/v1';

/** The flat forms that metrics have in the annotations of autoscaling/v1. */
interface FirstResource {
  name: string;
  container?: string;
  targetAverageUtilization?: number | undefined;
  targetAverageValue?: Quantity | undefined;
}

interface FirstNamed {
  metricName: string;
  selector?: LabelSelector | undefined;
  metricSelector?: LabelSelector | undefined;
  target?: CrossVersionObjectReference | undefined;
  targetValue?: Quantity | undefined;
  averageValue?: Quantity | undefined;
  targetAverageValue?: Quantity | undefined;
}

export interface FirstMetric {
  type: string;
  resource?: FirstResource;
  containerResource?: FirstResource;
  pods?: FirstNamed;
  object?: FirstNamed;
  external?: FirstNamed;
}

interface FirstResourceStatus {
  name: string;
  container?: string;
  currentAverageUtilization?: number | undefined;
  currentAverageValue?: Quantity | undefined;
}

interface FirstNamedStatus {
  metricName: string;
  selector?: LabelSelector | undefined;
  metricSelector?: LabelSelector | undefined;
  target?: CrossVersionObjectReference | undefined;
  currentValue?: Quantity | undefined;
  currentAverageValue?: Quantity | undefined;
  averageValue?: Quantity | undefined;
}

export interface FirstStatus {
  type: string;
  resource?: FirstResourceStatus;
  containerResource?: FirstResourceStatus;
  pods?: FirstNamedStatus;
  object?: FirstNamedStatus;
  external?: FirstNamedStatus;
}

export function fromFirstMetric(metric: FirstMetric): MetricSpec {
  const { type, resource, containerResource, pods, object, external } = metric;
  return {
    type,
    ...(resource === undefined
      ? {}
      : { resource: { name: resource.name, target: resourceTarget(resource) } }),
    ...(containerResource === undefined
      ? {}
      : {
          containerResource: {
            name: containerResource.name,
            container: containerResource.container ?? '',
            target: resourceTarget(containerResource),
          },
        }),
    ...(pods === undefined
      ? {}
      : {
          pods: {
            metric: identifier(pods),
            target: { type: 'AverageValue', averageValue: pods.targetAverageValue ?? '0' },
          },
        }),
    ...(object === undefined
      ? {}
      : {
          object: {
            describedObject: object.target ?? { kind: '', name: '' },
            metric: identifier(object),
            target: valueTarget(object.targetValue, object.averageValue),
          },
        }),
    ...(external === undefined
      ? {}
      : {
          external: {
            metric: identifier(external),
            target: valueTarget(external.targetValue, external.targetAverageValue),
          },
        }),
  };
}

export function toFirstMetric(metric: MetricSpec): FirstMetric {
  const { type, resource, containerResource, pods, object, external } = metric;
  return {
    type,
    ...(resource === undefined ? {} : { resource: flatResource(resource.name, resource.target) }),
    ...(containerResource === undefined
      ? {}
      : {
          containerResource: {
            ...flatResource(containerResource.name, containerResource.target),
            container: containerResource.container,
          },
        }),
    ...(pods === undefined
      ? {}
      : {
          pods: {
            metricName: pods.metric.name,
            selector: pods.metric.selector,
            targetAverageValue: pods.target.averageValue ?? '0',
          },
        }),
    ...(object === undefined
      ? {}
      : {
          object: {
            target: object.describedObject,
            metricName: object.metric.name,
            targetValue: object.target.value ?? '0',
            selector: object.metric.selector,
            averageValue: object.target.averageValue,
          },
        }),
    ...(external === undefined
      ? {}
      : {
          external: {
            metricName: external.metric.name,
            metricSelector: external.metric.selector,
            targetValue: external.target.value,
            targetAverageValue: external.target.averageValue,
          },
        }),
  };
}

export function fromFirstStatus(status: FirstStatus): MetricStatus {
  const { type, resource, containerResource, pods, object, external } = status;
  return {
    type,
    ...(resource === undefined
      ? {}
      : { resource: { name: resource.name, current: resourceValue(resource) } }),
    ...(containerResource === undefined
      ? {}
      : {
          containerResource: {
            name: containerResource.name,
            container: containerResource.container ?? '',
            current: resourceValue(containerResource),
          },
        }),
    ...(pods === undefined
      ? {}
      : { pods: { metric: identifier(pods), current: { averageValue: pods.currentAverageValue ?? '0' } } }),
    ...(object === undefined
      ? {}
      : {
          object: {
            describedObject: object.target ?? { kind: '', name: '' },
            metric: identifier(object),
            current: value(object.currentValue, object.averageValue),
          },
        }),
    ...(external === undefined
      ? {}
      : {
          external: {
            metric: identifier(external),
            current: value(external.currentValue, external.currentAverageValue),
          },
        }),
  };
}

export function toFirstStatus(status: MetricStatus): FirstStatus {
  const { type, resource, containerResource, pods, object, external } = status;
  return {
    type,
    ...(resource === undefined ? {} : { resource: flatStatus(resource.name, resource.current) }),
    ...(containerResource === undefined
      ? {}
      : {
          containerResource: {
            ...flatStatus(containerResource.name, containerResource.current),
            container: containerResource.container,
          },
        }),
    ...(pods === undefined
      ? {}
      : {
          pods: {
            metricName: pods.metric.name,
            selector: pods.metric.selector,
            currentAverageValue: pods.current.averageValue ?? '0',
          },
        }),
    ...(object === undefined
      ? {}
      : {
          object: {
            target: object.describedObject,
            metricName: object.metric.name,
            currentValue: object.current.value ?? '0',
            selector: object.metric.selector,
            averageValue: object.current.averageValue,
          },
        }),
    ...(external === undefined
      ? {}
      : {
          external: {
            metricName: external.metric.name,
            metricSelector: external.metric.selector,
            currentValue: external.current.value ?? '0',
            currentAverageValue: external.current.averageValue,
          },
        }),
  };
}

function identifier({
  metricName,
  selector,
  metricSelector,
}: FirstNamed | FirstNamedStatus): MetricIdentifier {
  const selected = selector ?? metricSelector;
  return { name: metricName, ...(selected === undefined ? {} : { selector: selected }) };
}

function resourceTarget({ targetAverageUtilization, targetAverageValue }: FirstResource): MetricTarget {
  return {
    type: targetAverageUtilization === undefined ? 'AverageValue' : 'Utilization',
    ...(targetAverageValue === undefined ? {} : { averageValue: targetAverageValue }),
    ...(targetAverageUtilization === undefined ? {} : { averageUtilization: targetAverageUtilization }),
  };
}

function valueTarget(total: Quantity | undefined, average: Quantity | undefined): MetricTarget {
  return { type: average === undefined ? 'Value' : 'AverageValue', ...value(total, average) };
}

function value(total: Quantity | undefined, average: Quantity | undefined): MetricValueStatus {
  return {
    ...(total === undefined ? {} : { value: total }),
    ...(average === undefined ? {} : { averageValue: average }),
  };
}

function resourceValue({
  currentAverageUtilization,
  currentAverageValue,
}: FirstResourceStatus): MetricValueStatus {
  return {
    ...(currentAverageUtilization === undefined ? {} : { averageUtilization: currentAverageUtilization }),
    averageValue: currentAverageValue ?? '0',
  };
}

function flatResource(name: string, { averageUtilization, averageValue }: MetricTarget): FirstResource {
  return { name, targetAverageUtilization: averageUtilization, targetAverageValue: averageValue };
}

function flatStatus(
  name: string,
  { averageUtilization, averageValue }: MetricValueStatus,
): FirstResourceStatus {
  return { name, currentAverageUtilization: averageUtilization, currentAverageValue: averageValue ?? '0' };
}
