import type { Schema } from '@kubewright/api';
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
  CustomResourceSubresources,
} from '@kubewright/api/apiextensions/v1';
import {
  duplicate,
  type FieldError,
  type FieldPath,
  invalid,
  required,
  tooMany,
} from '../../validation/field-error.js';
import { schemaAtPath } from './schema-path.js';

const types = ['boolean', 'date', 'integer', 'number', 'string'];
const formats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];
const mostSelectableFields = 8;

/** Source: `ValidateCustomResourceColumnDefinition`. */
export function validateColumns(
  columns: readonly CustomResourceColumnDefinition[] | undefined,
  field: FieldPath,
): FieldError[] {
  return (columns ?? []).flatMap(({ name, type, format, jsonPath }, index) => {
    const at = field.index(index);
    const errors: FieldError[] = [];
    const oneOf = `must be one of ${types.join(',')}`;
    if (!name) errors.push(required(at.child('name')));
    if (!type) errors.push(required(at.child('type'), oneOf));
    else if (!types.includes(type)) errors.push(invalid(at.child('type'), type, oneOf));
    if (format && !formats.includes(format))
      errors.push(invalid(at.child('format'), format, `must be one of ${formats.join(',')}`));
    if (!jsonPath) errors.push(required(at.child('JSONPath')));
    else errors.push(...simplePath(jsonPath, at.child('JSONPath')));
    return errors;
  });
}

/** Source: `ValidateCustomResourceDefinitionSubresources`. */
export function validateSubresources(
  subresources: CustomResourceSubresources | undefined,
  field: FieldPath,
): FieldError[] {
  const { scale } = subresources ?? {};
  if (scale === undefined) return [];
  const below = (
    name: string,
    value: string | undefined,
    roots: readonly string[],
    where: string,
  ): FieldError[] => {
    const at = field.child(`scale.${name}`);
    if (!value) return [required(at)];
    const errors = simplePath(value, at);
    if (errors.length > 0) return errors;
    return roots.some((root) => value.startsWith(root))
      ? []
      : [invalid(at, value, `should be a json path under ${where}`)];
  };
  return [
    ...below('specReplicasPath', scale.specReplicasPath, ['.spec.'], '.spec'),
    ...below('statusReplicasPath', scale.statusReplicasPath, ['.status.'], '.status'),
    ...(scale.labelSelectorPath
      ? below('labelSelectorPath', scale.labelSelectorPath, ['.spec.', '.status.'], 'either .spec or .status')
      : []),
  ];
}

function simplePath(text: string, field: FieldPath): FieldError[] {
  return text.startsWith('.') ? [] : [invalid(field, text, 'must be a simple json path starting with .')];
}

/** Source: `ValidateCustomResourceSelectableFields`. */
export function validateSelectableFields(
  { name, schema, selectableFields = [] }: CustomResourceDefinitionVersion,
  field: FieldPath,
  old: CustomResourceDefinition | undefined,
): FieldError[] {
  const seen = new Set<string>();
  const errors: FieldError[] = [];
  for (const [index, { jsonPath }] of selectableFields.entries()) {
    const at = field.index(index).child('jsonPath');
    if (!jsonPath) {
      errors.push(required(at));
      continue;
    }
    const found = schemaAtPath((schema?.openAPIV3Schema ?? {}) as Schema, jsonPath, { brackets: false });
    if (typeof found === 'string') {
      errors.push(invalid(at, jsonPath, `is an invalid path: ${found}`));
      continue;
    }
    if (jsonPath.split('.')[1] === 'metadata')
      errors.push(invalid(at, jsonPath, 'must not point to fields in metadata'));
    if (!['string', 'boolean', 'integer'].includes(found.type ?? ''))
      errors.push(
        invalid(
          at,
          jsonPath,
          'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
        ),
      );
    if (seen.has(jsonPath)) errors.push(duplicate(at, jsonPath));
    seen.add(jsonPath);
  }
  const before = old?.spec.versions.find((version) => version.name === name)?.selectableFields ?? [];
  const mayStay = JSON.stringify(before) === JSON.stringify(selectableFields);
  if (seen.size > mostSelectableFields && !mayStay)
    errors.push(tooMany(field, seen.size, mostSelectableFields));
  return errors;
}
