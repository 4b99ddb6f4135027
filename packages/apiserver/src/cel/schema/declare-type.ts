import type { Schema, SchemaSource } from '@kubewright/api';
import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  type ObjectField,
  objectType,
  STRING,
  TIMESTAMP,
} from '../types.js';
import { boxDouble, type Value } from '../values/value.js';
import type { DeclaredType } from './declared-type.js';
import { escapeProperty } from './escape.js';
import { bytesFromJson, dateFromJson, durationFromJson, timestampFromJson } from './formats.js';
import { SchemaList, SchemaMap, SchemaMapList, SchemaObject, SchemaSetList } from './schema-values.js';

/** What upstream takes a request to have at most, whatever a server's own limit is. */
const maxRequestBytes = 3 * 1024 * 1024;
const longestText = maxRequestBytes - 2;
/** JSON strings of dates, times and durations with their quotes. */
const dateSize = 12;
const timeSize = 32;
const smallestTime = 21;
const smallestDuration = 3;

export interface DeclareTypeOptions {
  /** The name of the object type; nested ones are named after it. @default 'object' */
  readonly name?: string;
  /** The schema is that of a whole object: it has `apiVersion`, `kind` and `metadata`. */
  readonly resourceRoot?: boolean;
}

/**
 * The type of CEL that values of a schema have, with the sizes that the schema's limits allow; undefined where the
 * schema says too little (no type). Rules are compiled against it; `fromJson` makes values of it.
 * Source: SchemaDeclType of Kubernetes' CEL.
 */
export function declareType(
  source: SchemaSource,
  options: DeclareTypeOptions = {},
): DeclaredType | undefined {
  const { name = 'object', resourceRoot = false } = options;
  return new Declarer(source).declare(source.root, name, resourceRoot);
}

const stringDeclared: DeclaredType = text(STRING, longestText, 2);
/** Upstream's estimates take the names in a map to have no size. */
const keyDeclared: DeclaredType = text(STRING, 0, 2);

class Declarer {
  readonly #source: SchemaSource;
  /** Schemas that refer to themselves end here. */
  readonly #references = new Map<string, DeclaredType | undefined>();

  constructor(source: SchemaSource) {
    this.#source = source;
  }

  declare(schema: Schema, name: string, resourceRoot: boolean): DeclaredType | undefined {
    if (schema.$ref !== undefined) return this.#reference(schema.$ref);
    if (schema.allOf?.length === 1 && schema.type === undefined)
      return this.declare(schema.allOf[0]!, name, false);
    if (schema['x-kubernetes-int-or-string'] === true || isAny(schema.format))
      return {
        ...dyn,
        maxElements: schema.maxLength === undefined ? longestText : limit(schema.maxLength) * 4,
      };
    const embedded = schema['x-kubernetes-embedded-resource'] === true;
    switch (schema.type) {
      case 'array':
        return this.#list(schema, name);
      case 'object':
        return typeof schema.additionalProperties === 'object'
          ? this.#map(schema, schema.additionalProperties, name)
          : this.#object(resourceRoot || embedded ? withObjectMeta(schema) : schema, name);
      case 'string':
        return declareString(schema);
      case 'boolean':
        return scalar(BOOL, 4);
      case 'number':
        return { ...scalar(DOUBLE, 1), fromJson: (json) => boxDouble(Number(json)) };
      case 'integer':
        return scalar(INT, 1);
      default:
        return undefined;
    }
  }

  #reference(name: string): DeclaredType | undefined {
    if (this.#references.has(name)) return this.#references.get(name);
    const schema = this.#source.resolve(name);
    if (schema.type === 'object' && typeof schema.additionalProperties !== 'object') {
      const declared = this.#object(schema, name, (early) => this.#references.set(name, early));
      this.#references.set(name, declared);
      return declared;
    }
    const declared = this.declare(schema, name, false);
    this.#references.set(name, declared);
    return declared;
  }

  #list(schema: Schema, name: string): DeclaredType | undefined {
    const element =
      schema.items === undefined ? undefined : this.declare(schema.items, `${name}.@idx`, false);
    if (element === undefined) return undefined;
    const most = Math.floor(longestText / (element.minSerializedSize + 1));
    return {
      type: listOf(element.type),
      element,
      maxElements: schema.maxItems === undefined ? most : limit(schema.maxItems),
      minSerializedSize: 2,
      get fromJson() {
        return listFromJson(schema, element);
      },
    };
  }

  #map(schema: Schema, values: Schema, name: string): DeclaredType | undefined {
    const element = this.declare(values, `${name}.@elem`, false);
    if (element === undefined) return undefined;
    const { maxProperties } = schema as { readonly maxProperties?: number };
    const most = Math.floor(longestText / (element.minSerializedSize + 6));
    return {
      type: mapOf(STRING, element.type),
      key: keyDeclared,
      element,
      maxElements: maxProperties === undefined ? most : limit(maxProperties),
      minSerializedSize: 2,
      get fromJson() {
        const { fromJson } = element;
        return fromJson && ((json: unknown) => new SchemaMap(json, fromJson));
      },
    };
  }

  #object(schema: Schema, name: string, begun?: (declared: DeclaredType) => void): DeclaredType {
    const fields = new Map<string, ObjectField>();
    let fromJson: ((json: unknown) => Value) | undefined | null = null;
    const declared = {
      type: objectType(name, () => fields),
      maxElements: 0,
      minSerializedSize: 2,
      get fromJson() {
        // Only known when all fields are; null while it is not asked for.
        if (fromJson === null) {
          fromJson = undefined;
          if (!isPlain(fields)) fromJson = (json) => new SchemaObject(json, fields);
        }
        return fromJson;
      },
    };
    begun?.(declared);
    for (const [property, propertySchema] of Object.entries(schema.properties ?? {})) {
      const field = this.declare(propertySchema, `${name}.${property}`, false);
      if (field === undefined) continue;
      const escaped = escapeProperty(property);
      if (escaped !== undefined) fields.set(escaped, { name: property, type: field.type, declared: field });
      if (schema.required?.includes(property) && propertySchema.default === undefined)
        declared.minSerializedSize += Buffer.byteLength(property) + field.minSerializedSize + 4;
    }
    return declared;
  }
}

const dyn: DeclaredType = { type: DYN, maxElements: 0, minSerializedSize: 1, fromJson: undefined };

function scalar(type: DeclaredType['type'], minSerializedSize: number): DeclaredType {
  return { type, maxElements: 0, minSerializedSize, fromJson: undefined };
}

function text(
  type: DeclaredType['type'],
  maxElements: number,
  minSerializedSize: number,
  fromJson?: (json: unknown) => Value,
): DeclaredType {
  return { type, maxElements, minSerializedSize, fromJson };
}

function declareString(schema: Schema): DeclaredType {
  const { format, maxLength } = schema;
  switch (format) {
    case 'byte':
      return text(BYTES, maxLength === undefined ? longestText : limit(maxLength), 2, bytesFromJson);
    case 'duration':
      return text(DURATION, timeSize, smallestDuration, durationFromJson);
    case 'date':
      return text(TIMESTAMP, dateSize, dateSize, dateFromJson);
    case 'date-time':
      return text(TIMESTAMP, timeSize, smallestTime, timestampFromJson);
  }
  // A character may take four bytes; upstream counts so.
  if (maxLength !== undefined) return text(STRING, limit(maxLength) * 4, 2);
  const choices = (schema.enum ?? []).filter((choice) => typeof choice === 'string');
  if (choices.length === 0) return stringDeclared;
  return text(STRING, Math.max(...choices.map((choice) => Buffer.byteLength(choice))), 2);
}

function listFromJson(schema: Schema, element: DeclaredType): ((json: unknown) => Value) | undefined {
  const { fromJson } = element;
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return (json) => new SchemaSetList(json, fromJson);
    case 'map': {
      const keys = schema['x-kubernetes-list-map-keys'] ?? [];
      return (json) => new SchemaMapList(json, fromJson, keys);
    }
    default:
      return fromJson && ((json) => new SchemaList(json, fromJson));
  }
}

/** Whether JSON objects with these fields can stand for themselves. */
function isPlain(fields: ReadonlyMap<string, ObjectField>): boolean {
  for (const [escaped, { name, declared }] of fields)
    if (escaped !== name || declared?.fromJson !== undefined) return false;
  return true;
}

/** Formats of values that are text or number. */
function isAny(format: string | undefined): boolean {
  return format === 'int-or-string' || format === 'quantity';
}

/** Every whole object has these, whether its schema lists them or not; of the metadata only the names are seen. */
function withObjectMeta(schema: Schema): Schema {
  const type = 'string';
  const { metadata } = schema.properties ?? {};
  const named = metadata?.properties?.name !== undefined && metadata.properties.generateName !== undefined;
  const complete = named || metadata?.$ref !== undefined || metadata?.allOf !== undefined;
  return {
    ...schema,
    properties: {
      ...schema.properties,
      kind: { type },
      apiVersion: { type },
      metadata: complete
        ? metadata
        : { type: 'object', properties: { name: { type }, generateName: { type } } },
    },
  };
}

function limit(value: number): number {
  return Math.max(0, value);
}
