import { Lease } from '@kubewright/api/coordination/v1';
import { type FieldError, invalid, path } from '../validation/field-error.js';
import { validatePositive } from '../validation/numbers.js';
import { ageColumn, nameColumn, text } from './columns.js';
import { defineRules } from './kind-rules.js';

export const leaseRules = defineRules<Lease>({
  kind: Lease,
  storageKey: 'leases',
  validate({ spec = {} }) {
    const field = path('spec');
    const errors: FieldError[] = [];
    if (spec.leaseDurationSeconds !== undefined)
      errors.push(...validatePositive(spec.leaseDurationSeconds, field.child('leaseDurationSeconds')));
    if (spec.leaseTransitions !== undefined && spec.leaseTransitions < 0)
      errors.push(
        invalid(field.child('leaseTransitions'), spec.leaseTransitions, 'must be greater than or equal to 0'),
      );
    if (spec.holderIdentity === '')
      errors.push(invalid(field.child('holderIdentity'), '', 'must not be empty'));
    return errors;
  },
  columns: [
    nameColumn,
    text('Holder', 'Who holds the lease.', ({ spec }) => spec?.holderIdentity ?? ''),
    ageColumn,
  ],
});
