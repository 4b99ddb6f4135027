import { type FieldError, type FieldPath, invalid, tooLong } from '../../validation/field-error.js';
import { validateDriverName } from '../persistent-volume-validation.js';

const maxIdLength = 32;

/** The full name of an attribute: `DOMAIN/NAME`. */
export function validateAttributeName(name: string, field: FieldPath): FieldError[] {
  const errors = validateQualifiedName(name, field);
  if (!name.includes('/'))
    errors.push(
      invalid(field, name, 'a fully qualified name must be a domain and a name separated by a slash'),
    );
  return errors;
}

/** A name that may have a domain before it. More than one slash is let through, as upstream does. */
export function validateQualifiedName(name: string, field: FieldPath): FieldError[] {
  const [first = '', id, ...more] = name.split('/');
  if (more.length > 0) return [];
  if (id === undefined) return validateId(first, field);
  return [
    ...(first === ''
      ? [invalid(field, '', 'the domain must not be empty')]
      : validateDriverName(first, field)),
    ...(id === '' ? [invalid(field, '', 'the name must not be empty')] : validateId(id, field)),
  ];
}

function validateId(id: string, field: FieldPath): FieldError[] {
  const problem =
    "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')";
  return [
    ...(id.length > maxIdLength ? [tooLong(field, maxIdLength)] : []),
    ...(/^[A-Za-z_][A-Za-z0-9_]*$/.test(id) ? [] : [invalid(field, id, problem)]),
  ];
}
