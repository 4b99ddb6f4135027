import type { Schema } from '@kubewright/api';
import {
  type FieldError,
  type FieldPath,
  forbiddenField as forbidden,
  invalid,
  notSupported,
  required,
} from '../../validation/field-error.js';
import { ruleShapeErrors } from './rule-shape.js';

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const metaFields = new Set(['metadata', 'kind', 'apiVersion']);

/** Where a schema stands, as far as it bears on what it may say. */
interface Standing {
  /** Why it may have no default. */
  readonly noDefault?: string;
  /** Within the metadata of an object, of this kind or an embedded one. */
  readonly inMetadata?: boolean;
}

/** What is wrong with a schema besides its structure. Source: `ValidateCustomResourceDefinitionOpenAPISchema`. */
export function openApiSchemaErrors(schema: Schema, field: FieldPath): FieldError[] {
  return walk(schema, field, {}, true);
}

/** All that JSON Schema has; upstream knows of more than structural schemas may say. */
interface AnySchema extends Schema {
  readonly id?: string;
  readonly additionalItems?: unknown;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly definitions?: Readonly<Record<string, Schema>>;
  readonly dependencies?: object;
}

function walk(schema: AnySchema, field: FieldPath, standing: Standing, isRoot = false): FieldError[] {
  const errors = keywordErrors(schema, field, standing);
  const { properties = {}, additionalProperties, not, allOf = [], oneOf = [], anyOf = [], items } = schema;
  if (schema.uniqueItems === true)
    errors.push(
      forbidden(
        field.child('uniqueItems'),
        'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      ),
    );
  if (additionalProperties !== undefined) {
    const at = field.child('additionalProperties');
    if (Object.keys(properties).length > 0 && additionalProperties !== true)
      errors.push(forbidden(at, 'additionalProperties and properties are mutual exclusive'));
    const inside = 'inside additionalProperties applying to object metadata';
    if (typeof additionalProperties === 'object')
      errors.push(
        ...walk(
          additionalProperties,
          at,
          standing.inMetadata ? { ...standing, noDefault: inside } : standing,
        ),
      );
  }
  for (const [name, property] of Object.entries(properties)) {
    const isMeta = (isRoot || schema['x-kubernetes-embedded-resource'] === true) && metaFields.has(name);
    const below: Standing = isMeta
      ? { ...standing, inMetadata: true, ...(isRoot ? { noDefault: `in top-level ${name}` } : {}) }
      : standing;
    errors.push(...walk(property, field.child('properties').key(name), below));
  }
  if (not !== undefined) errors.push(...walk(not, field.child('not'), standing));
  for (const [name, schemas] of [
    ['allOf', allOf],
    ['oneOf', oneOf],
    ['anyOf', anyOf],
  ] as const)
    for (const [i, one] of schemas.entries()) errors.push(...walk(one, field.child(name).index(i), standing));
  if (items !== undefined && !Array.isArray(items))
    errors.push(...walk(items, field.child('items'), standing));
  return [...errors, ...extensionErrors(schema, field), ...ruleShapeErrors(schema, field)];
}

/** Source: `specStandardValidatorV3`. */
function keywordErrors(
  schema: AnySchema,
  field: FieldPath,
  { noDefault, inMetadata }: Standing,
): FieldError[] {
  const errors: FieldError[] = [];
  const type: string = schema.type ?? '';
  if (type !== '' && !types.includes(type)) errors.push(notSupported(field.child('type'), type, types));
  if (schema.default != null && noDefault !== undefined)
    errors.push(forbidden(field.child('default'), `must not be set ${noDefault}`));
  const unsupported: readonly (readonly [name: string, isSet: boolean])[] = [
    ['id', (schema.id ?? '') !== ''],
    ['additionalItems', schema.additionalItems !== undefined],
    ['patternProperties', Object.keys(schema.patternProperties ?? {}).length > 0],
    ['definitions', Object.keys(schema.definitions ?? {}).length > 0],
    ['dependencies', schema.dependencies !== undefined],
    ['$ref', schema.$ref !== undefined],
  ];
  for (const [name, isSet] of unsupported)
    if (isSet) errors.push(forbidden(field.child(name), `${name} is not supported`));
  if (type === 'null')
    errors.push(forbidden(field.child('type'), 'type cannot be set to null, use nullable as an alternative'));
  if (Array.isArray(schema.items))
    errors.push(forbidden(field.child('items'), 'items must be a schema object and not an array'));
  if (inMetadata && schema['x-kubernetes-embedded-resource'] === true)
    errors.push(
      forbidden(field.child('x-kubernetes-embedded-resource'), 'must not be used inside of resource meta'),
    );
  return errors;
}

function extensionErrors(schema: Schema, field: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const preserves = schema['x-kubernetes-preserve-unknown-fields'];
  if (preserves === false)
    errors.push(
      invalid(field.child('x-kubernetes-preserve-unknown-fields'), preserves, 'must be true or undefined'),
    );
  const { type = '' } = schema;
  const mapType: string | undefined = schema['x-kubernetes-map-type'];
  if (mapType !== undefined && type !== 'object') errors.push(needsType('object', 'x-kubernetes-map-type'));
  if (mapType !== undefined && mapType !== 'atomic' && mapType !== 'granular')
    errors.push(notSupported(field.child('x-kubernetes-map-type'), mapType, ['atomic', 'granular']));
  const listType: string | undefined = schema['x-kubernetes-list-type'];
  const { items } = schema;
  if (listType !== undefined && type !== 'array') errors.push(needsType('array', 'x-kubernetes-list-type'));
  else if (listType === 'set' && items !== undefined) {
    const must = 'must be atomic as item of a list with x-kubernetes-list-type=set';
    const own = items['x-kubernetes-list-type'];
    const at = field.child('items');
    if (items.type === 'array' && own !== undefined && own !== 'atomic')
      errors.push(invalid(at.child('x-kubernetes-list-type'), own, must));
    if (items.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic')
      errors.push(invalid(at.child('x-kubernetes-map-type'), own ?? null, must));
  }
  if (listType !== undefined && !['atomic', 'set', 'map'].includes(listType))
    errors.push(notSupported(field.child('x-kubernetes-list-type'), listType, ['atomic', 'set', 'map']));
  return [...errors, ...listMapErrors(schema, field), ...nullableErrors(schema, field)];

  function needsType(wanted: string, because: string): FieldError {
    const must = `must be ${wanted} if ${because} is specified`;
    return type === '' ? required(field.child('type'), must) : invalid(field.child('type'), type, must);
  }
}

function listMapErrors(schema: Schema, field: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const listType: string | undefined = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  if (keys.length > 0 && listType !== 'map') {
    const must = 'must be map if x-kubernetes-list-map-keys is non-empty';
    const at = field.child('x-kubernetes-list-type');
    errors.push(listType === undefined ? required(at, must) : invalid(at, listType, must));
  }
  if (listType !== 'map') return errors;
  const { items } = schema;
  const at = field.child('x-kubernetes-list-map-keys');
  if (keys.length === 0) errors.push(required(at, 'must not be empty if x-kubernetes-list-type is map'));
  if (items === undefined) {
    errors.push(required(field.child('items'), 'must have a schema if x-kubernetes-list-type is map'));
    return errors;
  }
  if (items.type !== 'object') {
    const must = "must be object if parent array's x-kubernetes-list-type is map";
    errors.push(invalid(field.child('items').child('type'), items.type ?? '', must));
    return errors;
  }
  const seen = new Set<string>();
  for (const key of keys) {
    const property = Object.hasOwn(items.properties ?? {}, key) ? items.properties?.[key] : undefined;
    if (property === undefined)
      errors.push(invalid(at, keys, 'entries must all be names of item properties'));
    else if (property.type === 'array' || property.type === 'object')
      errors.push(
        invalid(
          field.child('items').child('properties').key(key).child('type'),
          items.type,
          "must be a scalar type if parent array's x-kubernetes-list-type is map",
        ),
      );
    if (seen.has(key)) errors.push(invalid(at, keys, 'must not contain duplicate entries'));
    seen.add(key);
  }
  return errors;
}

/** Source: `validateMapListKeysMapSet`. */
function nullableErrors(schema: Schema, field: FieldPath): FieldError[] {
  const { items } = schema;
  const listType = schema['x-kubernetes-list-type'];
  if (items === undefined || (listType !== 'set' && listType !== 'map')) return [];
  const errors: FieldError[] = [];
  const at = field.child('items');
  if (items.nullable === true)
    errors.push(
      forbidden(at.child('nullable'), `cannot be nullable when x-kubernetes-list-type is ${listType}`),
    );
  if (listType === 'set') return errors;
  for (const key of schema['x-kubernetes-list-map-keys'] ?? []) {
    const property = Object.hasOwn(items.properties ?? {}, key) ? items.properties?.[key] : undefined;
    if (property === undefined) continue;
    const below = at.child('properties').key(key);
    const because = 'this property is in x-kubernetes-list-map-keys, so it';
    if (items.required?.includes(key) !== true && property.default == null)
      errors.push(
        required(below.child('default'), `${because} must have a default or be a required property`),
      );
    if (property.nullable === true)
      errors.push(forbidden(below.child('nullable'), `${because} cannot be nullable`));
  }
  return errors;
}
