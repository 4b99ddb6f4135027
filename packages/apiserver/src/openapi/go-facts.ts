import { readFileSync } from 'node:fs';
import type { Schema } from '@kubewright/api';
import { dataFile } from '../data-file.js';
import { forms } from '../encoding/protobuf-forms.js';
import { type Field, findMessage, type Message } from '../encoding/protobuf-layout.js';

/** By definition and property. */
interface Facts {
  /** Defaults that are no zero values, or of members that may be left out. */
  readonly defaults: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** The values of enumerations; `NAME.[]` and `NAME.{}` are a list's items and a map's values. */
  readonly enums: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

let facts: Facts | undefined;

/**
 * A built-in definition with what upstream's documents say of its Go type besides: the values of enumerations, and the
 * zero value as the default of what is no pointer and never left out. Documents alone: nothing is filled in by it.
 */
export function withGoFacts(name: string, schema: Schema): Schema {
  if (schema.properties === undefined) return schema;
  const message = findMessage(name.replace(/^io\.k8s\./, 'k8s.io.').replace(/-/g, '_'));
  // `src` and `dist` are siblings of `data`, so the path is the same from both.
  facts ??= JSON.parse(readFileSync(dataFile('openapi-facts.json'), 'utf8')) as Facts;
  const { [name]: values = {} } = facts.enums;
  const { [name]: defaults = {} } = facts.defaults;
  const fields = message === undefined ? new Map<string, Field>() : fieldsOf(message);
  const properties = Object.entries(schema.properties).map(([property, value]): [string, Schema] => {
    const field = fields.get(property);
    const { items, additionalProperties } = value;
    const zero = defaults[property] ?? (field?.shape === 'single' ? zeroOf(field) : undefined);
    const element = field === undefined ? undefined : elementZero(field);
    const result = {
      ...withMarks(value, zero, values[property]),
      ...(items === undefined ? {} : { items: withMarks(items, element, values[`${property}.[]`]) }),
      ...(typeof additionalProperties === 'object'
        ? { additionalProperties: withMarks(additionalProperties, element, values[`${property}.{}`]) }
        : {}),
    };
    return [property, result];
  });
  return { ...schema, properties: Object.fromEntries(properties) };
}

function withMarks(schema: Schema, zero: unknown, values: readonly string[] | undefined): Schema {
  return {
    ...schema,
    ...(zero === undefined || schema.default !== undefined ? {} : { default: zero }),
    ...(values === undefined ? {} : { enum: values }),
  };
}

/** By their names in JSON; those of structs embedded inline are their owner's. */
function fieldsOf(message: Message, fields = new Map<string, Field>()): Map<string, Field> {
  for (const field of message.fields) {
    if (field.json !== undefined) fields.set(field.json, field);
    else if (typeof field.type === 'object') fieldsOf(field.type, fields);
  }
  return fields;
}

/** Structs are never left out, whatever their tags say. */
function zeroOf(field: Field): unknown {
  if (field.isPointer || (typeof field.type === 'string' && !field.keepsZero)) return undefined;
  return typeZero(field);
}

/** Of the items of a list or the values of a map. A list of texts that is a message of its own is one field. */
function elementZero(field: Field): unknown {
  if (field.shape !== 'single') return typeZero(field);
  return typeof field.type === 'object' && forms.has(field.type.name) ? '' : undefined;
}

function typeZero({ type }: Field): unknown {
  if (typeof type === 'object') return forms.has(type.name) ? undefined : {};
  if (type === 'bytes') return undefined;
  return type === 'string' ? '' : type === 'bool' ? false : 0;
}
