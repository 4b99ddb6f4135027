import { qualifiedNameErrors } from '@kubewright/api';
import { Lease } from '@kubewright/api/coordination/v1';
import { validateChoice } from '../validation/choices.js';
import { type FieldError, type FieldPath, forbiddenField, invalid, path } from '../validation/field-error.js';
import { ageColumn, nameColumn, text } from './columns.js';
import { defineRules } from './kind-rules.js';

export const leaseRules = defineRules<Lease>({
  kind: Lease,
  needsResourceVersion: true,
  createdByUpdate: true,
  storageKey: 'leases',
  // Coordinated election of leaders is off by default.
  prepareForCreate({ spec }) {
    delete spec?.strategy;
    delete spec?.preferredHolder;
  },
  validate({ spec = {} }) {
    const field = path('spec');
    const errors: FieldError[] = [];
    if (spec.leaseDurationSeconds !== undefined && spec.leaseDurationSeconds <= 0)
      errors.push(
        invalid(field.child('leaseDurationSeconds'), spec.leaseDurationSeconds, 'must be greater than 0'),
      );
    if (spec.leaseTransitions !== undefined && spec.leaseTransitions < 0)
      errors.push(
        invalid(field.child('leaseTransitions'), spec.leaseTransitions, 'must be greater than or equal to 0'),
      );
    // An empty holder is no fault: a leader that lets go writes one.
    if (spec.strategy !== undefined)
      // Upstream reports the field twice over, too.
      errors.push(...validateStrategy(spec.strategy, field.child('strategy', 'strategy')));
    if (spec.preferredHolder !== undefined && spec.preferredHolder !== '' && (spec.strategy ?? '') === '')
      errors.push(
        forbiddenField(field.child('preferredHolder'), 'may only be specified if `strategy` is defined'),
      );
    return errors;
  },
  columns: [
    nameColumn,
    text('Holder', 'Who holds the lease.', ({ spec }) => spec?.holderIdentity ?? ''),
    ageColumn,
  ],
});

/** One of Kubernetes' own, or the qualified name of somebody else's. */
function validateStrategy(strategy: string, field: FieldPath): FieldError[] {
  if (!strategy.includes('/')) return validateChoice(strategy, ['OldestEmulationVersion'], field);
  return qualifiedNameErrors(strategy).map((message) => invalid(field, strategy, message));
}
