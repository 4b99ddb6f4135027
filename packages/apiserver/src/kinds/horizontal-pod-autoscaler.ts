import { pathSegmentErrors } from '@kubewright/api';
import type { HorizontalPodAutoscaler as V1 } from '@kubewright/api/autoscaling/v1';
import {
  HorizontalPodAutoscaler,
  type HorizontalPodAutoscalerSpec,
  type HPAScalingRules,
  type MetricSpec,
  type MetricStatus,
  type MetricTarget,
  type MetricValueStatus,
} from '@kubewright/api/autoscaling/v2';
import { validateChoice } from '../validation/choices.js';
import { type FieldError, type FieldPath, invalid, path, required } from '../validation/field-error.js';
import { validateFormat } from '../validation/formats.js';
import { ageColumn, count, nameColumn, orUnset, text } from './columns.js';
import { cpu, defaultUtilization, firstVersion } from './horizontal-pod-autoscaler/first-version.js';
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
  otherVersions: [
    {
      ...firstVersion,
      columns: columns.map((column) => ({
        ...column,
        cell: (object, now) => column.cell(firstVersion.toStored(object as V1), now),
      })),
    },
  ],
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
    autoscaler.status = { desiredReplicas: 0 };
  },
  validate: ({ spec }) => (spec === undefined ? [required(path('spec'))] : validateSpec(spec, path('spec'))),
  columns,
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

const maxWindowSeconds = 3600;
const maxPeriodSeconds = 1800;

function validateSpec(spec: HorizontalPodAutoscalerSpec, field: FieldPath): FieldError[] {
  const { minReplicas, maxReplicas = 0 } = spec;
  const errors: FieldError[] = [];
  if (minReplicas !== undefined && minReplicas < 1)
    errors.push(invalid(field.child('minReplicas'), minReplicas, 'must be greater than or equal to 1'));
  if (maxReplicas < 1)
    errors.push(invalid(field.child('maxReplicas'), maxReplicas, 'must be greater than 0'));
  if (minReplicas !== undefined && maxReplicas < minReplicas)
    errors.push(
      invalid(field.child('maxReplicas'), maxReplicas, 'must be greater than or equal to `minReplicas`'),
    );
  for (const name of ['kind', 'name'] as const) {
    const value = spec.scaleTargetRef?.[name] ?? '';
    const at = field.child('scaleTargetRef', name);
    errors.push(...(value === '' ? [required(at)] : validateFormat(pathSegmentErrors, value, at)));
  }
  (spec.metrics ?? []).forEach((metric, index) => {
    errors.push(...validateMetric(metric, field.child('metrics').index(index)));
  });
  for (const name of ['scaleUp', 'scaleDown'] as const)
    errors.push(...validateRules(spec.behavior?.[name], field.child('behavior', name)));
  return errors;
}

/** Each type of metric and the field that describes it. */
const sources = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
} as const;

function validateMetric(metric: MetricSpec, field: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const { type = '' } = metric;
  if (type === '') errors.push(required(field.child('type'), 'must specify a metric source type'));
  errors.push(...validateChoice(type, Object.keys(sources), field.child('type')));
  const name = Object.hasOwn(sources, type) ? sources[type as keyof typeof sources] : undefined;
  if (name === undefined) return errors;
  if (metric[name] === undefined)
    errors.push(required(field.child(name), 'must populate information for the given metric source'));
  return errors;
}

function validateRules(rules: HPAScalingRules | undefined, field: FieldPath): FieldError[] {
  if (rules === undefined) return [];
  const window = rules.stabilizationWindowSeconds;
  const at = field.child('stabilizationWindowSeconds');
  const errors: FieldError[] = [];
  if (window !== undefined && window < 0)
    errors.push(invalid(at, window, 'must be greater than or equal to zero'));
  if (window !== undefined && window > maxWindowSeconds)
    errors.push(invalid(at, window, `must be less than or equal to ${maxWindowSeconds}`));
  errors.push(...validateChoice(rules.selectPolicy, ['Disabled', 'Max', 'Min'], field.child('selectPolicy')));
  const policies = field.child('policies');
  if (!rules.policies?.length) errors.push(required(policies, 'must specify at least one Policy'));
  (rules.policies ?? []).forEach(({ type, value, periodSeconds }, index) => {
    const policy = policies.index(index);
    errors.push(...validateChoice(type ?? '', ['Percent', 'Pods'], policy.child('type')));
    if (!(value > 0)) errors.push(invalid(policy.child('value'), value ?? 0, 'must be greater than zero'));
    if (!(periodSeconds > 0))
      errors.push(invalid(policy.child('periodSeconds'), periodSeconds ?? 0, 'must be greater than zero'));
    if (periodSeconds > maxPeriodSeconds)
      errors.push(
        invalid(
          policy.child('periodSeconds'),
          periodSeconds,
          `must be less than or equal to ${maxPeriodSeconds}`,
        ),
      );
  });
  return errors;
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
