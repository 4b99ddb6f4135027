import type { KubernetesObject, Schema, SchemaSource } from '@kubewright/api';
import { Ajv, type ErrorObject, type SchemaObject } from 'ajv';
import addFormats from 'ajv-formats';
import {
  type FieldError,
  FieldPath,
  invalid,
  notSupported,
  required,
  tooMany,
  typeInvalid,
} from '../validation/field-error.js';

/** What a schema finds wrong with an object, the metadata apart. */
export type SchemaValidator = (object: KubernetesObject) => FieldError[];

/** Of schemas that live: what compiling took milliseconds for, all servers of a process share. */
const compiled = new WeakMap<Schema, SchemaValidator>();

/** The validator of a structural schema. ajv answers whether an object fits; the errors read as upstream's. */
export function createSchemaValidator({ root }: SchemaSource): SchemaValidator {
  let validator = compiled.get(root);
  if (validator === undefined) {
    validator = compile(root);
    compiled.set(root, validator);
  }
  return validator;
}

function compile(root: Schema): SchemaValidator {
  const { metadata: _, apiVersion: _v, kind: _k, ...properties } = root.properties ?? {};
  const ajv = new Ajv({ allErrors: true, strict: false, verbose: true, validateFormats: true });
  (addFormats as unknown as (ajv: Ajv) => void)(ajv);
  const validate = ajv.compile(forAjv({ ...root, properties }) as SchemaObject);
  return (object) => {
    const { metadata: _m, apiVersion: _a, kind: _n, ...rest } = object;
    return validate(rest) ? [] : (validate.errors ?? []).flatMap(toFieldError);
  };
}

/** Kubernetes' own keywords in terms of plain JSON Schema. */
function forAjv(schema: Schema): object {
  const { nullable, ...plain } = schema;
  const result: Record<string, unknown> = { ...plain };
  if (schema['x-kubernetes-int-or-string']) result.type = ['integer', 'string'];
  if (nullable && typeof result.type === 'string') result.type = [result.type, 'null'];
  if (schema.properties)
    result.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, property]) => [name, forAjv(property)]),
    );
  if (schema.items) result.items = forAjv(schema.items);
  if (typeof schema.additionalProperties === 'object')
    result.additionalProperties = forAjv(schema.additionalProperties);
  if (schema['x-kubernetes-list-type'] === 'set') result.uniqueItems = true;
  return result;
}

/** `/spec/items/0/name` as `spec.items[0].name`. */
function fieldOf(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce(
      (path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : path === '' ? part : `${path}.${part}`),
      '',
    );
}

function toFieldError(error: ErrorObject): FieldError[] {
  const field = fieldOf(error.instancePath);
  const path = new FieldPath(field);
  const { data, keyword, params } = error;
  const body = `${field} in body`;
  switch (keyword) {
    case 'required':
      return [required(path.child(String(params.missingProperty)))];
    case 'enum':
      return [notSupported(path, data, (params.allowedValues as unknown[]).map(String))];
    case 'type': {
      const type = ([] as string[]).concat(params.type as string | string[]).filter((one) => one !== 'null');
      const shown = typeof data === 'object' && data !== null ? typeName(data) : data;
      return [
        typeInvalid(
          path,
          shown,
          `${body} must be of type ${type.join(',')}: ${JSON.stringify(typeName(data))}`,
        ),
      ];
    }
    case 'minimum':
      return [invalid(path, data, `${body} should be greater than or equal to ${String(params.limit)}`)];
    case 'maximum':
      return [invalid(path, data, `${body} should be less than or equal to ${String(params.limit)}`)];
    case 'exclusiveMinimum':
      return [invalid(path, data, `${body} should be greater than ${String(params.limit)}`)];
    case 'exclusiveMaximum':
      return [invalid(path, data, `${body} should be less than ${String(params.limit)}`)];
    case 'multipleOf':
      return [invalid(path, data, `${body} should be a multiple of ${String(params.multipleOf)}`)];
    case 'minLength':
      return [invalid(path, data, `${body} should be at least ${String(params.limit)} chars long`)];
    case 'maxLength':
      return [
        {
          type: 'FieldValueTooLong',
          field,
          message: `Too long: may not be more than ${String(params.limit)} bytes`,
        },
      ];
    case 'pattern':
      return [invalid(path, data, `${body} should match '${String(params.pattern)}'`)];
    case 'format':
      return [
        invalid(path, data, `${body} must be of type ${String(params.format)}: ${JSON.stringify(data)}`),
      ];
    case 'minItems':
      return [
        invalid(
          path,
          (data as unknown[]).length,
          `${body} should have at least ${String(params.limit)} items`,
        ),
      ];
    case 'maxItems':
      return [tooMany(path, (data as unknown[]).length, Number(params.limit))];
    case 'uniqueItems':
      return [
        {
          type: 'FieldValueDuplicate',
          field: `${field}[${String(params.i)}]`,
          message: duplicateText(error),
        },
      ];
    default:
      return [invalid(path, data, error.message ?? keyword)];
  }
}

function duplicateText({ data, params }: ErrorObject): string {
  return `Duplicate value: ${JSON.stringify((data as unknown[])[Number(params.i)])}`;
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'number' ? (Number.isInteger(value) ? 'integer' : 'number') : typeof value;
}
