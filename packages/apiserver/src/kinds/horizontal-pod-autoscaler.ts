import {
  HorizontalPodAutoscaler,
  type HPAScalingRules,
  type MetricSpec,
  type MetricStatus,
  type MetricTarget,
  type MetricValueStatus,
} from '@kubewright/api/autoscaling/v2';
import { ageColumn, count, nameColumn, orUnset, text } from './columns.js';
import { cpu, defaultUtilization, firstVersion } from './horizontal-pod-autoscaler/first-version.js';
import { validateAutoscaler, validateAutoscalerStatus } from './horizontal-pod-autoscaler/spec-validation.js';
import { type Column, defineRules } from './kind-rules.js';

const shownMetrics = 2;

const columns: readonly Column<HorizontalPodAutoscaler>[] = [
  nameColumn,
  text(
    'Reference',
    'What is scaled.',
    ({ spec }) => `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`,
  ),
  text('Targets', 'Metrics as they are, and as they should be.', metricsText),
  text('MinPods', 'Fewest pods.', ({ spec }) => orUnset(spec.minReplicas)),
  count('MaxPods', 'Most pods.', ({ spec }) => spec.maxReplicas),
  count('Replicas', 'Pods now.', ({ status }) => status?.currentReplicas ?? 0),
  ageColumn,
];

export const horizontalPodAutoscalerRules = defineRules<HorizontalPodAutoscaler>({
  kind: HorizontalPodAutoscaler,
  otherVersions: [firstVersion],
  storageKey: 'horizontalpodautoscalers',
  default({ spec }) {
    if (spec === undefined) return;
    spec.minReplicas ??= 1;
    if (!spec.metrics?.length) spec.metrics = [cpu(defaultUtilization)];
    if (spec.behavior === undefined) return;
    spec.behavior.scaleUp = withDefaults(spec.behavior.scaleUp, defaultScaleUp());
    spec.behavior.scaleDown = withDefaults(spec.behavior.scaleDown, defaultScaleDown());
  },
  prepareForCreate(autoscaler) {
    // Go writes the list although nobody has measured anything.
    autoscaler.status = { desiredReplicas: 0 };
    Object.assign(autoscaler.status, { currentMetrics: null });
  },
  validateCreate: (autoscaler) => validateAutoscaler(autoscaler, undefined),
  validateUpdate: validateAutoscaler,
  columns,
  subresources: { status: { validateUpdate: validateAutoscalerStatus } },
});

function defaultScaleUp(): HPAScalingRules {
  return {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [
      { type: 'Pods', value: 4, periodSeconds: 15 },
      { type: 'Percent', value: 100, periodSeconds: 15 },
    ],
  };
}

function defaultScaleDown(): HPAScalingRules {
  return { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] };
}

function withDefaults(rules: HPAScalingRules | undefined, defaults: HPAScalingRules): HPAScalingRules {
  return {
    ...defaults,
    ...Object.fromEntries(Object.entries(rules ?? {}).filter(([, value]) => value !== undefined)),
  };
}

function metricsText({ spec, status }: HorizontalPodAutoscaler): string {
  const metrics = spec.metrics ?? [];
  if (metrics.length === 0) return '<none>';
  const all = metrics.map((metric, index) => metricText(metric, status?.currentMetrics?.[index]));
  const list = all.slice(0, shownMetrics).join(', ');
  return all.length > shownMetrics ? `${list} + ${all.length - shownMetrics} more...` : list;
}

function metricText(metric: MetricSpec, status: MetricStatus | undefined): string {
  const { resource, containerResource, pods, object, external } = metric;
  const used = resource ?? containerResource;
  if (used !== undefined)
    return `${used.name}: ${resourceText(used.target, (status?.resource ?? status?.containerResource)?.current)}`;
  if (pods !== undefined)
    return `${status?.pods?.current.averageValue ?? '<unknown>'}/${pods.target.averageValue ?? '0'}`;
  const valued = object ?? external;
  if (valued === undefined) return '<unknown type>';
  const current = (object === undefined ? status?.external : status?.object)?.current;
  return valued.target.averageValue === undefined
    ? `${current?.value ?? '<unknown>'}/${valued.target.value ?? '0'}`
    : `${current?.averageValue ?? '<unknown>'}/${valued.target.averageValue} (avg)`;
}

function resourceText(target: MetricTarget, current: MetricValueStatus | undefined): string {
  if (target.averageValue !== undefined)
    return `${current?.averageValue ?? '<unknown>'}/${target.averageValue}`;
  const share = (value: number | undefined, otherwise: string) =>
    value === undefined ? otherwise : `${value}%`;
  return `${share(current?.averageUtilization, '<unknown>')}/${share(target.averageUtilization, '<auto>')}`;
}
