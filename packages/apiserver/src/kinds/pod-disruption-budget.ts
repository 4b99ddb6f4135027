import { pathSegmentErrors } from '@kubewright/api';
import { PodDisruptionBudget, type PodDisruptionBudgetSpec } from '@kubewright/api/policy/v1';
import { validateChoice } from '../validation/choices.js';
import { validateConditions } from '../validation/conditions.js';
import { type FieldError, invalid, path } from '../validation/field-error.js';
import { validateLabelSelector } from '../validation/label-selector.js';
import { validateNonNegative } from '../validation/numbers.js';
import { ageColumn, integer, nameColumn, text } from './columns.js';
import { defineRules } from './kind-rules.js';
import { validateAtMostAll, validateCountOrPercent } from './workload-validation.js';

export const podDisruptionBudgetRules = defineRules<PodDisruptionBudget>({
  kind: PodDisruptionBudget,
  metadataChecks: 'common',
  needsResourceVersion: true,
  storageKey: 'poddisruptionbudgets',
  generation: true,
  // Any segment of a path will do.
  validateName: pathSegmentErrors,
  prepareForCreate(budget) {
    budget.status = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
  },
  validate({ spec = {} }) {
    const field = path('spec');
    const errors: FieldError[] = [];
    if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined)
      errors.push(invalid(field, shownSpec(spec), 'minAvailable and maxUnavailable cannot be both set'));
    for (const name of ['minAvailable', 'maxUnavailable'] as const) {
      if (spec[name] === undefined) continue;
      errors.push(
        ...validateCountOrPercent(spec[name], field.child(name)),
        ...validateAtMostAll(spec[name], field.child(name)),
      );
    }
    errors.push(
      ...validateLabelSelector(spec.selector, field.child('selector')),
      ...validateChoice(
        spec.unhealthyPodEvictionPolicy,
        ['AlwaysAllow', 'IfHealthyBudget'],
        field.child('unhealthyPodEvictionPolicy'),
      ),
    );
    return errors;
  },
  columns: [
    nameColumn,
    text('Min Available', 'Pods that must stay.', ({ spec }) => String(spec?.minAvailable ?? 'N/A')),
    text('Max Unavailable', 'Pods that may be missing.', ({ spec }) => String(spec?.maxUnavailable ?? 'N/A')),
    integer('Allowed Disruptions', 'Pods that may go now.', ({ status }) => status?.disruptionsAllowed ?? 0),
    ageColumn,
  ],
  subresources: {
    status: {
      validateUpdate: ({ status }) => [
        ...validateConditions(status?.conditions, path('status', 'conditions')),
        ...(['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const).flatMap(
          (name) => validateNonNegative(status?.[name], path('status', name)),
        ),
      ],
    },
  },
});

/** Upstream shows its internal form. */
function shownSpec({
  minAvailable,
  selector,
  maxUnavailable,
  unhealthyPodEvictionPolicy,
}: PodDisruptionBudgetSpec): unknown {
  return {
    MinAvailable: minAvailable,
    Selector: selector ?? null,
    MaxUnavailable: maxUnavailable,
    UnhealthyPodEvictionPolicy: unhealthyPodEvictionPolicy ?? null,
  };
}
