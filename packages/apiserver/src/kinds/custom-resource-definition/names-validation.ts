import { dns1035LabelErrors } from '@kubewright/api';
import type { CustomResourceDefinitionNames } from '@kubewright/api/apiextensions/v1';
import { type FieldError, type FieldPath, invalid } from '../../validation/field-error.js';

/** Names, wanted or accepted. Source: `ValidateCustomResourceDefinitionNames`. */
export function validateNames(names: CustomResourceDefinitionNames, field: FieldPath): FieldError[] {
  const { plural, singular, kind, listKind, shortNames = [], categories = [] } = names;
  const label = (at: FieldPath, name: string, before = ''): FieldError[] => {
    const errors = dns1035LabelErrors(before === '' ? name : name.toLowerCase());
    return errors.length === 0 ? [] : [invalid(at, name, `${before}${errors.join(',')}`)];
  };
  const optional = (child: string, name: string | undefined, before = ''): FieldError[] =>
    name === undefined || name === '' ? [] : label(field.child(child), name, before);
  const mixed = 'may have mixed case, but should otherwise match: ';
  const errors = [
    ...optional('plural', plural),
    ...optional('singular', singular),
    ...optional('kind', kind, mixed),
    ...optional('listKind', listKind, mixed),
    ...shortNames.flatMap((name, index) => label(field.child('shortNames').index(index), name)),
  ];
  if (kind !== undefined && kind !== '' && kind === listKind)
    errors.push(invalid(field.child('listKind'), listKind, 'kind and listKind may not be the same'));
  return [
    ...errors,
    ...categories.flatMap((name, index) => label(field.child('categories').index(index), name)),
  ];
}
