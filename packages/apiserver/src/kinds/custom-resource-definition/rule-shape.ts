import type { Schema } from '@kubewright/api';
import {
  type FieldError,
  type FieldPath,
  invalid,
  notSupported,
  required,
} from '../../validation/field-error.js';
import { schemaAtPath } from './schema-path.js';

const reasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];

/** What is wrong with the rules of a schema before anybody reads the expressions. */
export function ruleShapeErrors(schema: Schema, field: FieldPath): FieldError[] {
  return (schema['x-kubernetes-validations'] ?? []).flatMap((given, index) => {
    const { rule = '', message = '', messageExpression = '', reason, fieldPath = '' } = given;
    const at = field.child('x-kubernetes-validations').index(index);
    const errors: FieldError[] = [];
    if (rule.trim() === '') errors.push(required(at.child('rule'), 'rule is not specified'));
    else if (message !== '' && message.trim() === '')
      errors.push(invalid(at.child('message'), message, 'must be non-empty if specified'));
    else if (/[\n\r]/.test(message.trim()))
      errors.push(invalid(at.child('message'), message, 'must not contain line breaks'));
    else if (/[\n\r]/.test(rule.trim()) && message.trim() === '')
      errors.push(required(at.child('message'), 'message must be specified if rule contains line breaks'));
    if (messageExpression !== '' && messageExpression.trim() === '')
      errors.push(
        required(at.child('messageExpression'), 'messageExpression must be non-empty if specified'),
      );
    if (reason !== undefined && !reasons.includes(reason))
      errors.push(notSupported(at.child('reason'), reason, reasons));
    if (fieldPath === '') return errors;
    const where = at.child('fieldPath');
    if (fieldPath.trim() === '') errors.push(invalid(where, fieldPath, 'must be non-empty if specified'));
    if (/[\n\r]/.test(fieldPath)) errors.push(invalid(where, fieldPath, 'must not contain line breaks'));
    if (typeof schemaAtPath(schema, fieldPath) === 'string')
      errors.push(invalid(where, fieldPath, 'must be a valid path'));
    return errors;
  });
}
