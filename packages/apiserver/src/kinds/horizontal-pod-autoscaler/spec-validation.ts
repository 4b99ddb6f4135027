import { compareQuantities, pathSegmentErrors } from '@kubewright/api';
import type {
  CrossVersionObjectReference,
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerSpec,
  HPAScalingRules,
} from '@kubewright/api/autoscaling/v2';
import { validateChoice } from '../../validation/choices.js';
import { type FieldError, type FieldPath, invalid, path, required } from '../../validation/field-error.js';
import { validateFormat } from '../../validation/formats.js';
import { validateNonNegative } from '../../validation/numbers.js';
import { validateMetric } from './metric-validation.js';

const maxWindowSeconds = 3600;
const maxPeriodSeconds = 1800;

/** An autoscaler but for its metadata. Source: `validateHorizontalPodAutoscalerSpec` of autoscaling. */
export function validateAutoscaler({ spec }: HorizontalPodAutoscaler): FieldError[] {
  const field = path('spec');
  if (spec === undefined) return [required(field)];
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
  errors.push(...validateReference(spec.scaleTargetRef, field.child('scaleTargetRef')));
  (spec.metrics ?? []).forEach((metric, index) => {
    errors.push(...validateMetric(metric, field.child('metrics').index(index)));
  });
  for (const name of ['scaleUp', 'scaleDown'] as const)
    errors.push(...validateRules(spec.behavior?.[name], field.child('behavior', name)));
  return errors;
}

/** What is scaled must say its group; the one scalable kind of the core has none. Kept references are not judged. */
export function validateTargetVersion(
  spec: HorizontalPodAutoscalerSpec | undefined,
  old: HorizontalPodAutoscalerSpec | undefined,
): FieldError[] {
  const { apiVersion = '', kind } = spec?.scaleTargetRef ?? {};
  const before = old?.scaleTargetRef;
  if (before !== undefined && (before.apiVersion ?? '') === apiVersion && before.kind === kind) return [];
  const at = path('spec', 'scaleTargetRef', 'apiVersion');
  if (apiVersion.split('/').length > 2)
    return [invalid(at, apiVersion, `unexpected GroupVersion string: ${apiVersion}`)];
  if (!apiVersion.includes('/') && kind !== 'ReplicationController')
    return [invalid(at, apiVersion, 'apiVersion must specify API group')];
  return [];
}

/** Another object by kind and name. */
export function validateReference(
  reference: CrossVersionObjectReference | undefined,
  field: FieldPath,
): FieldError[] {
  return (['kind', 'name'] as const).flatMap((name) => {
    const value = reference?.[name] ?? '';
    const at = field.child(name);
    return value === '' ? [required(at)] : validateFormat(pathSegmentErrors, value, at);
  });
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
