import { dns1035LabelErrors, isApiError, pathSegmentErrors } from '@kubewright/api';
import type { ObjectMeta } from '@kubewright/api/meta/v1';
import { sortedJson } from '../patch/json-object.js';
import { type FieldError, type FieldPath, invalid, required } from '../validation/field-error.js';
import { validateObjectMeta } from '../validation/object-meta.js';
import { normaliseMetadata } from './metadata-normaliser.js';
import { fieldOf } from './schema-problem.js';
import type { StructuralSchema } from './structural-schema.js';

type JsonRecord = Readonly<Record<string, unknown>>;

/**
 * What is wrong with the types and metadata of objects within an object. Source: apiextensions' `objectmeta.Validate`.
 * @param field undefined for a whole object
 */
export function validateEmbedded(schema: StructuralSchema, value: unknown, field?: FieldPath): FieldError[] {
  if (!embedsBelow(schema)) return [];
  const errors: FieldError[] = [];
  walk(schema, value, field, errors);
  return errors;
}

const embedding = new WeakMap<StructuralSchema, boolean>();

function embedsBelow(schema: StructuralSchema): boolean {
  let known = embedding.get(schema);
  if (known === undefined) {
    const names = Object.keys(schema.schema.properties ?? {});
    known =
      schema.isEmbedded ||
      (schema.items !== undefined && embedsBelow(schema.items)) ||
      (schema.additional !== undefined && embedsBelow(schema.additional)) ||
      names.some((name) => {
        const property = schema.property(name);
        return property !== undefined && embedsBelow(property);
      });
    embedding.set(schema, known);
  }
  return known;
}

function walk(
  schema: StructuralSchema,
  value: unknown,
  field: FieldPath | undefined,
  errors: FieldError[],
): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined || !embedsBelow(items)) return;
    for (const [index, item] of value.entries()) walk(items, item, field?.index(index), errors);
    return;
  }
  if (schema.isEmbedded) errors.push(...embeddedErrors(value as JsonRecord, field));
  for (const [name, member] of Object.entries(value as JsonRecord)) {
    const property = schema.property(name);
    if (property !== undefined) {
      if (embedsBelow(property)) walk(property, member, fieldOf(field, name), errors);
    } else if (schema.additional !== undefined)
      walk(schema.additional, member, field?.key(name) ?? fieldOf(field, name), errors);
  }
}

function embeddedErrors(value: JsonRecord, field: FieldPath | undefined): FieldError[] {
  const at = (name: string) => fieldOf(field, name);
  const errors: FieldError[] = [];
  for (const name of ['apiVersion', 'kind'] as const)
    if (!Object.hasOwn(value, name)) errors.push(required(at(name)));
  const { apiVersion, kind, metadata } = value;
  if (apiVersion !== undefined) {
    if (typeof apiVersion !== 'string')
      errors.push(invalid(at('apiVersion'), apiVersion, 'must be a string'));
    else if (apiVersion === '') errors.push(invalid(at('apiVersion'), apiVersion, 'must not be empty'));
    else if (apiVersion.split('/').length > 2)
      errors.push(invalid(at('apiVersion'), apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  }
  if (kind !== undefined) {
    if (typeof kind !== 'string') errors.push(invalid(at('kind'), kind, 'must be a string'));
    else if (kind === '') errors.push(invalid(at('kind'), kind, 'must not be empty'));
    else {
      const wrong = dns1035LabelErrors(kind.toLowerCase());
      if (wrong.length > 0)
        errors.push(
          invalid(at('kind'), kind, `may have mixed case, but should otherwise match: ${wrong.join(',')}`),
        );
    }
  }
  if (metadata !== undefined) errors.push(...metadataErrors(metadata, at('metadata')));
  return errors;
}

function metadataErrors(given: unknown, field: FieldPath): FieldError[] {
  let metadata: ObjectMeta;
  try {
    metadata = normaliseMetadata(given).metadata as ObjectMeta;
  } catch (error) {
    if (!isApiError(error)) throw error;
    return [invalid(field, sortedJson(given), error.message)];
  }
  const named = { ...metadata, name: metadata.name || 'fakename' };
  const rules = { namespaced: (metadata.namespace ?? '') !== '', validateName: pathSegmentErrors };
  return validateObjectMeta(named, rules, field);
}
