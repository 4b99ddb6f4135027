import type { Schema } from '@kubewright/api';
import type { CustomResourceDefinitionVersion } from '@kubewright/api/apiextensions/v1';
import { jsonEqual } from '../../patch/json-object.js';
import {
  type FieldError,
  type FieldPath,
  forbiddenField as forbidden,
  invalid,
} from '../../validation/field-error.js';
import { defaultErrors } from './default-checks.js';
import { internalSchema } from './internal-form.js';
import { ruleErrorsOf } from './rule-checks.js';
import { openApiSchemaErrors } from './schema-checks.js';
import { structuralSchemaErrors } from './structural-checks.js';

/**
 * The schema of a version, where it stands. Source: `validateCustomResourceDefinitionValidation`.
 * @param old the version before an update
 */
export function validateVersionSchema(
  version: CustomResourceDefinitionVersion,
  field: FieldPath,
  old: CustomResourceDefinitionVersion | undefined,
): FieldError[] {
  const given = version.schema?.openAPIV3Schema;
  if (given === undefined) return [];
  const schema = given as Schema;
  const at = field.child('openAPIV3Schema');
  const errors: FieldError[] = [];
  if (version.subresources?.status !== undefined) errors.push(...statusRootErrors(schema, at));
  if (schema.nullable === true)
    errors.push(forbidden(at.child('nullable'), 'nullable cannot be true at the root'));
  const unreadable = unreadableKeyword(schema);
  if (unreadable === undefined) {
    const structural = structuralSchemaErrors(schema, at);
    errors.push(...(structural.length > 0 ? structural : defaultErrors(schema, at)));
  }
  const shape = openApiSchemaErrors(schema, at);
  // Types are made of schemas that are right.
  const isUnchanged = jsonEqual(old?.schema?.openAPIV3Schema ?? null, given);
  if (errors.length + shape.length === 0 && unreadable === undefined)
    errors.push(...ruleErrorsOf(schema, at, isUnchanged));
  errors.push(...shape);
  // Mostly told above.
  if (unreadable !== undefined && errors.length === 0) errors.push(invalid(at, '', unreadable));
  return errors;
}

/** Upstream's names of the fields that a root may have beside a status. */
const allowedAtRoot =
  'Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations';

function statusRootErrors(schema: Schema, field: FieldPath): FieldError[] {
  const allowed = new Set(allowedAtRoot.split(' '));
  for (const [name, value] of Object.entries(schema)) {
    if (value === undefined || value === false || value === '') continue;
    if (name === 'type') {
      if (value === 'object') continue;
      const must =
        'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
      return [invalid(field.child('type'), value, must)];
    }
    if (!allowed.has(goName(name)))
      return [
        invalid(
          field,
          internalSchema(schema),
          `only [${allowedAtRoot}] fields are allowed at the root of the schema if the status subresource is enabled`,
        ),
      ];
  }
  return [];
}

/** `x-kubernetes-map-type` is XMapType. */
function goName(name: string): string {
  return name
    .replace(/^x-kubernetes-/, 'x-')
    .split('-')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');
}

/** What no structural schema can be made of. Source: apiextensions' `NewStructural`. */
function unreadableKeyword(schema: Schema): string | undefined {
  const all = schema as Readonly<Record<string, unknown>>;
  for (const name of [
    'id',
    '$schema',
    '$ref',
    'patternProperties',
    'dependencies',
    'additionalItems',
    'definitions',
  ]) {
    const value = all[name];
    const isEmpty = value === undefined || value === '' || JSON.stringify(value) === '{}';
    if (!isEmpty) return `OpenAPIV3Schema '${name === '$schema' ? 'schema' : name}' is not supported`;
  }
  if (Array.isArray(schema.items)) return "OpenAPIV3Schema 'items' must be a schema, but is an array";
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined";
  const { items, additionalProperties, not, properties = {}, allOf = [], anyOf = [], oneOf = [] } = schema;
  const below = [
    ...(items === undefined ? [] : [items]),
    ...(typeof additionalProperties === 'object' ? [additionalProperties] : []),
    ...(not === undefined ? [] : [not]),
    ...Object.values(properties),
    ...allOf,
    ...anyOf,
    ...oneOf,
  ];
  for (const one of below) {
    const found = unreadableKeyword(one);
    if (found !== undefined) return found;
  }
  return undefined;
}
