import type { Schema } from '@kubewright/api';
import { jsonEqual } from '../../patch/json-object.js';
import { linearPattern } from '../../schema/linear-pattern.js';
import {
  type FieldError,
  type FieldPath,
  forbiddenField as forbidden,
  invalid,
  required,
} from '../../validation/field-error.js';
import { completenessErrors } from './structural-completeness.js';

type Level = 'root' | 'item' | 'field';

const nothingSpecified: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};

/**
 * Why a schema is not structural: what is sorted out of objects has to be clear from the types alone.
 * Source: apiextensions' `ValidateStructural`.
 */
export function structuralSchemaErrors(schema: Schema, field: FieldPath): FieldError[] {
  const errors = [...invariants(schema, 'root', field), ...completenessErrors(schema, field)];
  const textOf = (error: FieldError) => `${error.field}: ${error.message}`;
  return errors.sort((a, b) => (textOf(a) < textOf(b) ? -1 : textOf(a) > textOf(b) ? 1 : 0));
}

function invariants(schema: Schema, level: Level, field: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const { type = '', items, properties = {}, additionalProperties } = schema;
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true;
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const isIntOrString = schema['x-kubernetes-int-or-string'] === true;
  if (type === 'array' && items === undefined)
    errors.push(required(field.child('items'), 'must be specified'));
  if (items !== undefined) errors.push(...invariants(items, 'item', field.child('items')));
  for (const [name, property] of Object.entries(properties))
    errors.push(...invariants(property, 'field', field.child('properties').key(name)));
  if (additionalProperties !== undefined) {
    const at = field.child('additionalProperties');
    if (level === 'root') errors.push(forbidden(at, 'must not be used at the root'));
    if (typeof additionalProperties === 'object')
      errors.push(...invariants(additionalProperties, 'field', at));
  }
  if (isIntOrString) {
    const must = 'must be false if x-kubernetes-int-or-string is true';
    if (preserves) errors.push(invalid(field.child('x-kubernetes-preserve-unknown-fields'), true, must));
    if (isEmbedded) errors.push(invalid(field.child('x-kubernetes-embedded-resource'), true, must));
  }
  const typed = {
    anyOf: isIntOrStringPattern(schema.anyOf),
    allOf: isIntOrStringPattern(schema.allOf?.[0]?.anyOf),
  };
  errors.push(...valueValidation(schema, typed, field));
  const at = field.child('type');
  if (isEmbedded && type !== 'object') {
    const must = 'must be object if x-kubernetes-embedded-resource is true';
    errors.push(type === '' ? required(at, must) : invalid(at, type, must));
  } else if (type === '' && !isIntOrString && !preserves) errors.push(required(at, nothingSpecified[level]));
  if (isEmbedded && additionalProperties !== undefined)
    errors.push(
      forbidden(
        field.child('additionalProperties'),
        'must not be used if x-kubernetes-embedded-resource is set',
      ),
    );
  if (level === 'root' && type !== '' && type !== 'object')
    errors.push(invalid(at, type, 'must be object at the root'));
  if (level === 'root' || isEmbedded)
    for (const name of ['kind', 'apiVersion']) {
      const own = Object.hasOwn(properties, name) ? properties[name] : undefined;
      if (own !== undefined && own.type !== 'string')
        errors.push(
          invalid(field.child('properties').key(name).child('type'), own.type ?? '', 'must be string'),
        );
    }
  const metadata = Object.hasOwn(properties, 'metadata') ? properties.metadata : undefined;
  if (metadata !== undefined)
    errors.push(
      ...metadataErrors(
        metadata,
        level,
        level === 'root' || isEmbedded,
        field.child('properties').key('metadata'),
      ),
    );
  if (isEmbedded && !preserves && Object.keys(properties).length === 0)
    errors.push(
      required(
        field.child('properties'),
        'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
      ),
    );
  return errors;
}

function metadataErrors(metadata: Schema, level: Level, isChecked: boolean, field: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (isChecked && metadata.type !== 'object')
    errors.push(invalid(field.child('type'), metadata.type ?? '', 'must be object'));
  if (level !== 'root') return errors;
  const { type: _t, default: _d, properties = {}, ...others } = metadata;
  const foreign = Object.keys(properties).some((name) => name !== 'name' && name !== 'generateName');
  if (foreign || Object.keys(others).length > 0)
    errors.push(
      forbidden(
        field,
        'must not specify anything other than name and generateName, but metadata is implicitly specified',
      ),
    );
  return errors;
}

function isIntOrStringPattern(anyOf: readonly Schema[] | undefined): boolean {
  return jsonEqual(anyOf ?? null, [{ type: 'integer' }, { type: 'string' }]);
}

/** What may be left out of the rule that alternatives have no types. */
interface Typed {
  readonly anyOf?: boolean;
  readonly allOf?: boolean;
}

function valueValidation(schema: Schema, typed: Typed, field: FieldPath): FieldError[] {
  const { anyOf = [], allOf = [], oneOf = [], not, pattern = '' } = schema;
  const errors: FieldError[] = [];
  if (typed.anyOf !== true)
    for (const [i, one] of anyOf.entries()) errors.push(...nested(one, {}, field.child('anyOf').index(i)));
  for (const [i, one] of allOf.entries())
    errors.push(...nested(one, { anyOf: typed.allOf === true && i === 0 }, field.child('allOf').index(i)));
  for (const [i, one] of oneOf.entries()) errors.push(...nested(one, {}, field.child('oneOf').index(i)));
  if (not !== undefined) errors.push(...nested(not, {}, field.child('not')));
  const problem = pattern === '' ? undefined : patternProblem(pattern);
  if (problem !== undefined)
    errors.push(
      invalid(field.child('pattern'), pattern, `must be a valid regular expression, but isn't: ${problem}`),
    );
  return errors;
}

function patternProblem(pattern: string): string | undefined {
  try {
    linearPattern(pattern);
    return undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return error.message;
  }
}

/** A schema below `allOf` and its like may only judge values. */
function nested(schema: Schema, typed: Typed, field: FieldPath): FieldError[] {
  const { items, properties = {}, additionalProperties } = schema;
  const errors = valueValidation(schema, typed, field);
  if (items !== undefined) errors.push(...nested(items, {}, field.child('items')));
  for (const [name, property] of Object.entries(properties))
    errors.push(...nested(property, {}, field.child('properties').key(name)));
  for (const [name, isSet, must] of forbiddenWhenNested(schema))
    if (isSet) errors.push(forbidden(field.child(name), `${must} to be structural`));
  if (additionalProperties !== undefined && additionalProperties !== false)
    errors.push(forbidden(field.child('additionalProperties'), 'must be undefined to be structural'));
  if (Object.hasOwn(properties, 'metadata'))
    errors.push(
      forbidden(field.child('properties').key('metadata'), 'must not be specified in a nested context'),
    );
  return errors;
}

function forbiddenWhenNested(schema: Schema): (readonly [name: string, isSet: boolean, must: string])[] {
  const isSet = (name: string) => {
    const value = (schema as Readonly<Record<string, unknown>>)[name];
    return value !== undefined && value !== null && value !== false && value !== '';
  };
  const hasItems = (name: 'x-kubernetes-list-map-keys' | 'x-kubernetes-validations') =>
    (schema[name] ?? []).length > 0;
  return [
    ['type', isSet('type'), 'must be empty'],
    ['default', isSet('default'), 'must be undefined'],
    ['title', isSet('title'), 'must be empty'],
    ['description', isSet('description'), 'must be empty'],
    ['nullable', isSet('nullable'), 'must be false'],
    ['x-kubernetes-preserve-unknown-fields', isSet('x-kubernetes-preserve-unknown-fields'), 'must be false'],
    ['x-kubernetes-embedded-resource', isSet('x-kubernetes-embedded-resource'), 'must be false'],
    ['x-kubernetes-int-or-string', isSet('x-kubernetes-int-or-string'), 'must be false'],
    ['x-kubernetes-list-map-keys', hasItems('x-kubernetes-list-map-keys'), 'must be empty'],
    ['x-kubernetes-list-type', isSet('x-kubernetes-list-type'), 'must be undefined'],
    ['x-kubernetes-map-type', isSet('x-kubernetes-map-type'), 'must be undefined'],
    ['x-kubernetes-validations', hasItems('x-kubernetes-validations'), 'must be empty'],
  ];
}
