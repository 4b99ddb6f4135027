import { compareQuantities } from '@kubewright/api';
import type {
  CrossVersionObjectReference,
  HorizontalPodAutoscaler,
  HPAScalingRules,
} from '@kubewright/api/autoscaling/v2';
import { validateChoice } from '../../validation/choices.js';
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  path,
  required,
} from '../../validation/field-error.js';
import { validateNonNegative } from '../../validation/numbers.js';
import { validateMetric } from './metric-validation.js';
import { validateReference } from './reference-validation.js';

const maxWindowSeconds = 3600;
const maxPeriodSeconds = 1800;

/** An autoscaler but for its metadata. Source: `validateHorizontalPodAutoscalerSpec` of autoscaling. */
export function validateAutoscaler(
  { spec }: HorizontalPodAutoscaler,
  old: HorizontalPodAutoscaler | undefined,
): FieldError[] {
  const field = path('spec');
  if (spec === undefined) return [required(field)];
  const { minReplicas, maxReplicas = 0 } = spec;
  const errors: FieldError[] = [];
  // No replicas at all are a feature that is off by default, and stays where it was on.
  const fewest = old?.spec?.minReplicas === 0 ? 0 : 1;
  if (minReplicas !== undefined && minReplicas < fewest)
    errors.push(
      invalid(field.child('minReplicas'), minReplicas, `must be greater than or equal to ${fewest}`),
    );
  if (maxReplicas === 0) errors.push(required(field.child('maxReplicas'), 'must be set and greater than 0'));
  else if (maxReplicas < 1)
    errors.push(invalid(field.child('maxReplicas'), maxReplicas, 'must be greater than or equal to 1'));
  if (minReplicas !== undefined && maxReplicas < minReplicas)
    errors.push(
      invalid(field.child('maxReplicas'), maxReplicas, 'must be greater than or equal to `minReplicas`'),
    );
  const target = spec.scaleTargetRef ?? {};
  errors.push(
    ...validateReference(
      target,
      field.child('scaleTargetRef'),
      needsGroup(target, old?.spec?.scaleTargetRef),
    ),
  );
  (spec.metrics ?? []).forEach((metric, index) => {
    errors.push(...validateMetric(metric, field.child('metrics').index(index)));
  });
  if (minReplicas === 0 && !(spec.metrics ?? []).some(({ type }) => type === 'Object' || type === 'External'))
    errors.push(
      forbiddenField(
        field.child('metrics'),
        'must specify at least one Object or External metric to support scaling to zero replicas',
      ),
    );
  for (const name of ['scaleUp', 'scaleDown'] as const)
    errors.push(...validateRules(spec.behavior?.[name], field.child('behavior', name)));
  return errors;
}

/** What is scaled must say its group, but for the one scalable kind of the core, and what an update leaves alone. */
function needsGroup(
  { apiVersion, kind }: CrossVersionObjectReference,
  before: CrossVersionObjectReference | undefined,
): boolean {
  if (before !== undefined && before.apiVersion === apiVersion && before.kind === kind) return false;
  return kind !== 'ReplicationController';
}

export function validateAutoscalerStatus({ status }: HorizontalPodAutoscaler): FieldError[] {
  return (['currentReplicas', 'desiredReplicas'] as const).flatMap((name) =>
    validateNonNegative(status?.[name], path('status', name)),
  );
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
  if (rules.tolerance !== undefined && compareQuantities(rules.tolerance, '0') < 0)
    errors.push(invalid(field.child('tolerance'), rules.tolerance, 'must be greater than or equal to 0'));
  return errors;
}
