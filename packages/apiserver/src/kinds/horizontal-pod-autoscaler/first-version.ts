import { HorizontalPodAutoscaler as V1 } from '@kubewright/api/autoscaling/v1';
import type {
  HorizontalPodAutoscalerBehavior,
  HorizontalPodAutoscalerCondition,
  MetricSpec,
  MetricStatus,
  HorizontalPodAutoscaler as V2,
} from '@kubewright/api/autoscaling/v2';
import type { Conversion } from '../kind-rules.js';
import {
  type FirstMetric,
  type FirstStatus,
  fromFirstMetric,
  fromFirstStatus,
  toFirstMetric,
  toFirstStatus,
} from './first-metrics.js';

/** What v1 can't say stands in annotations, as upstream's older clients know them. */
const annotations = {
  metrics: 'autoscaling.alpha.kubernetes.io/metrics',
  currentMetrics: 'autoscaling.alpha.kubernetes.io/current-metrics',
  conditions: 'autoscaling.alpha.kubernetes.io/conditions',
  behavior: 'autoscaling.alpha.kubernetes.io/behavior',
} as const;

/** autoscaling/v1 and v2 are one stored object: v1 knows the use of CPU alone. */
export const firstVersion: Conversion<V2, V1> = {
  kind: V1,
  default({ spec }) {
    if (spec !== undefined) spec.minReplicas ??= 1;
  },
  toStored(object) {
    const { metadata, spec, status } = object;
    const metrics = (read<FirstMetric[]>(metadata, annotations.metrics) ?? []).map(fromFirstMetric);
    if (spec?.targetCPUUtilizationPercentage !== undefined)
      metrics.push(cpu(spec.targetCPUUtilizationPercentage));
    if (metrics.length === 0) metrics.push(cpu(defaultUtilization));
    const behavior = lowerCased(read(metadata, annotations.behavior));
    const conditions = read<HorizontalPodAutoscalerCondition[]>(metadata, annotations.conditions);
    const current = read<FirstStatus[]>(metadata, annotations.currentMetrics)?.map(fromFirstStatus);
    const stored: V2 = {
      metadata: { ...metadata },
      spec: {
        scaleTargetRef: spec?.scaleTargetRef,
        maxReplicas: spec?.maxReplicas,
        ...(spec?.minReplicas === undefined ? {} : { minReplicas: spec.minReplicas }),
        metrics,
        ...(behavior === undefined ? {} : { behavior: behavior as HorizontalPodAutoscalerBehavior }),
      },
    };
    if (status !== undefined) {
      const { currentCPUUtilizationPercentage: used, ...same } = status;
      const metric = current ?? (used === undefined ? undefined : [cpuStatus(used)]);
      stored.status = {
        ...same,
        ...(metric === undefined ? {} : { currentMetrics: metric }),
        ...(conditions === undefined ? {} : { conditions }),
      };
    }
    setAnnotations(stored.metadata, {});
    return stored;
  },
  fromStored({ metadata, spec, status }) {
    const isPlain = ({ type, resource }: MetricSpec) =>
      type === 'Resource' && resource?.name === 'cpu' && resource.target.averageUtilization !== undefined;
    const metrics = spec.metrics ?? [];
    const target = metrics.find(isPlain)?.resource?.target.averageUtilization;
    const others = metrics.filter((metric) => !isPlain(metric)).map(toFirstMetric);
    const current = (status?.currentMetrics ?? []).map(toFirstStatus);
    const used = status?.currentMetrics?.find(({ resource }) => resource?.name === 'cpu')?.resource?.current
      .averageUtilization;
    const converted: V1 = {
      metadata: { ...metadata },
      spec: {
        scaleTargetRef: spec.scaleTargetRef,
        ...(spec.minReplicas === undefined ? {} : { minReplicas: spec.minReplicas }),
        maxReplicas: spec.maxReplicas,
        ...(target === undefined ? {} : { targetCPUUtilizationPercentage: target }),
      },
    };
    if (status !== undefined) {
      const { conditions: _conditions, currentMetrics: _currentMetrics, ...same } = status;
      converted.status = {
        ...same,
        currentReplicas: status.currentReplicas ?? 0,
        ...(used === undefined ? {} : { currentCPUUtilizationPercentage: used }),
      };
    }
    setAnnotations(converted.metadata, {
      ...(others.length > 0 ? { [annotations.metrics]: JSON.stringify(others) } : {}),
      ...(current.length > 0 ? { [annotations.currentMetrics]: JSON.stringify(current) } : {}),
      ...(spec.behavior === undefined
        ? {}
        : { [annotations.behavior]: JSON.stringify(upperCased(spec.behavior)) }),
      ...(status?.conditions?.length ? { [annotations.conditions]: JSON.stringify(status.conditions) } : {}),
    });
    return converted;
  },
};

export const defaultUtilization = 80;

/** The metric that v1 names by a number. */
export function cpu(averageUtilization: number): MetricSpec {
  return { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } };
}

function cpuStatus(averageUtilization: number): MetricStatus {
  return { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization } } };
}

/** What an annotation holds; what is no JSON counts as not there, as upstream. */
function read<T>({ annotations: all }: V1['metadata'], name: string): T | undefined {
  const text = all?.[name];
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Takes the annotations of the conversion off, and sets those that are given. */
function setAnnotations(metadata: V1['metadata'], wanted: Readonly<Record<string, string>>): void {
  const names = new Set<string>(Object.values(annotations));
  const kept = Object.entries(metadata.annotations ?? {}).filter(([name]) => !names.has(name));
  const all = { ...Object.fromEntries(kept), ...wanted };
  if (Object.keys(all).length > 0) metadata.annotations = all;
  else delete metadata.annotations;
}

/** Upstream writes the behavior with the names of its Go fields. */
function upperCased(value: unknown): unknown {
  return renamed(value, (name) => name.charAt(0).toUpperCase() + name.slice(1));
}

function lowerCased(value: unknown): unknown {
  return renamed(value, (name) => name.charAt(0).toLowerCase() + name.slice(1));
}

function renamed(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename));
  if (typeof value !== 'object' || value === null) return value === null ? undefined : value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null && item !== undefined)
      .map(([name, item]) => [rename(name), renamed(item, rename)]),
  );
}
