import { Lease } from '@kubewright/api/coordination/v1';
import { type FieldError, invalid, path } from '../validation/field-error.js';
import { ageColumn, nameColumn, text } from './columns.js';
import { defineRules } from './kind-rules.js';

export const leaseRules = defineRules<Lease>({
  kind: Lease,
  metadataChecks: 'any finalizer',
  needsResourceVersion: true,
  createdByUpdate: true,
  storageKey: 'leases',
  // Coordinated election of leaders is off by default.
  prepareForCreate: dropElection,
  prepareForUpdate: dropElection,
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
    return errors;
  },
  columns: [
    nameColumn,
    text('Holder', 'Who holds the lease.', ({ spec }) => spec?.holderIdentity ?? ''),
    ageColumn,
  ],
});

function dropElection({ spec }: Lease): void {
  delete spec?.strategy;
  delete spec?.preferredHolder;
}
