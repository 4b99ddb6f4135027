import type { ResourceClaim } from '@kubewright/api/resource/v1';
import { type FieldError, forbiddenField, path, required } from '../../validation/field-error.js';
import { sameValue, validateImmutable } from '../../validation/immutable.js';
import { validateSet } from './bounded-lists.js';

const maxConsumers = 256;

/** Who may use the devices of a claim, and that they stay what they are; the devices are not looked at. */
export function validateClaimStatus({ metadata, status }: ResourceClaim, old: ResourceClaim): FieldError[] {
  const field = path('status');
  const at = field.child('reservedFor');
  const { reservedFor = [], allocation } = status ?? {};
  const errors = validateSet(
    reservedFor,
    maxConsumers,
    at,
    (consumer, one) =>
      (['resource', 'name', 'uid'] as const).flatMap((name) =>
        consumer[name] ? [] : [required(one.child(name))],
      ),
    ({ uid }) => uid ?? '',
  );
  const isNew = (consumer: object) =>
    !(old.status?.reservedFor ?? []).some((before) => sameValue(before, consumer));
  if (reservedFor.length > 0 && allocation === undefined)
    errors.push(forbiddenField(at, 'may not be specified when `allocated` is not set'));
  else if (metadata.deletionTimestamp !== undefined && reservedFor.some(isNew))
    errors.push(
      forbiddenField(
        at,
        'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set',
      ),
    );
  if (allocation !== undefined && old.status?.allocation !== undefined)
    errors.push(...validateImmutable(allocation, old.status.allocation, field.child('allocation')));
  return errors;
}
