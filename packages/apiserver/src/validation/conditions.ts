import { qualifiedNameErrors } from '@kubewright/api';
import type { Condition } from '@kubewright/api/meta/v1';
import {
  duplicate,
  type FieldError,
  type FieldPath,
  invalid,
  notSupported,
  required,
  tooLong,
} from './field-error.js';
import { validateFormat } from './formats.js';

const statuses = ['False', 'True', 'Unknown'];
const maxReasonLength = 1024;
const maxMessageLength = 32 * 1024;

/** Conditions of the type that all newer kinds share. Source: apimachinery's `ValidateConditions`. */
export function validateConditions(
  conditions: readonly Condition[] | undefined,
  field: FieldPath,
): FieldError[] {
  const seen = new Set<string>();
  return (conditions ?? []).flatMap((condition, index) => {
    const at = field.index(index);
    const type = condition.type ?? '';
    const errors = seen.has(type) ? [duplicate(at.child('type'), type)] : [];
    seen.add(type);
    return [...errors, ...validateCondition(condition, at)];
  });
}

function validateCondition(condition: Condition, field: FieldPath): FieldError[] {
  const { type = '', status = '', observedGeneration = 0, reason = '', message = '' } = condition;
  const errors = validateFormat(qualifiedNameErrors, type, field.child('type'));
  if (!statuses.includes(status)) errors.push(notSupported(field.child('status'), status, statuses));
  if (observedGeneration < 0)
    errors.push(
      invalid(field.child('observedGeneration'), observedGeneration, 'must be greater than or equal to zero'),
    );
  if (!condition.lastTransitionTime) errors.push(required(field.child('lastTransitionTime')));
  const reasonField = field.child('reason');
  if (reason === '') errors.push(required(reasonField));
  else {
    errors.push(...validateFormat(reasonErrors, reason, reasonField));
    if (Buffer.byteLength(reason) > maxReasonLength) errors.push(tooLong(reasonField, maxReasonLength));
  }
  if (Buffer.byteLength(message) > maxMessageLength)
    errors.push(tooLong(field.child('message'), maxMessageLength));
  return errors;
}

function reasonErrors(reason: string): string[] {
  return /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/.test(reason)
    ? []
    : [
        "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')",
      ];
}
