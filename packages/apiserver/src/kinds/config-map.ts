import { configMapKeyErrors } from '@kubewright/api';
import { ConfigMap } from '@kubewright/api/core/v1';
import { type FieldError, forbiddenField, invalid, path, tooLong } from '../validation/field-error.js';
import { sameValue } from '../validation/immutable.js';
import { ageColumn, count, nameColumn } from './columns.js';
import { defineRules } from './kind-rules.js';

/** Source: "ConfigMaps" of the Kubernetes documentation. */
export const maxDataBytes = 1024 * 1024;

export const configMapRules = defineRules<ConfigMap>({
  kind: ConfigMap,
  metadataChecks: 'as new',
  storageKey: 'configmaps',
  validate({ data = {}, binaryData = {} }) {
    const errors: FieldError[] = [];
    let size = 0;
    for (const [key, value] of Object.entries(data)) {
      const field = path('data').key(key);
      errors.push(...configMapKeyErrors(key).map((message) => invalid(field, key, message)));
      if (Object.hasOwn(binaryData, key))
        errors.push(invalid(field, key, 'duplicate of key present in binaryData'));
      size += Buffer.byteLength(value);
    }
    for (const [key, value] of Object.entries(binaryData)) {
      const field = path('binaryData').key(key);
      errors.push(...configMapKeyErrors(key).map((message) => invalid(field, key, message)));
      size += Buffer.byteLength(value, 'base64');
    }
    if (size > maxDataBytes) errors.push(tooLong(path(''), maxDataBytes));
    return errors;
  },
  validateUpdate: (map, old) => validateFrozen(map, old, ['data', 'binaryData']),
  columns: [
    nameColumn,
    count(
      'Data',
      'How many entries there are.',
      ({ data = {}, binaryData = {} }) => Object.keys(data).length + Object.keys(binaryData).length,
    ),
    ageColumn,
  ],
});

/** What is marked immutable stays so, and its data with it. Source: KEP-1412. */
export function validateFrozen<T extends { immutable?: boolean | undefined }>(
  object: T,
  old: T,
  names: readonly (keyof T & string)[],
): FieldError[] {
  if (old.immutable !== true) return [];
  const why = 'field is immutable when `immutable` is set';
  const errors = object.immutable === true ? [] : [forbiddenField(path('immutable'), why)];
  for (const name of names)
    if (!sameValue(object[name], old[name])) errors.push(forbiddenField(path(name), why));
  return errors;
}
