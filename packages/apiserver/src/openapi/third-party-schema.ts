import type { Schema } from '@kubewright/api';
import { definitions } from '@kubewright/api/schemas';
import { described } from './descriptions.js';

/** Any kind of the built-in ones: what is said of every object is the same. */
const anyKind = 'io.k8s.api.core.v1.ConfigMap';

/**
 * A schema of a third party as documents show it: objects, embedded ones too, say what apiVersion, kind and metadata
 * are, and an int-or-string is one of the two. Source: apiextensions' OpenAPI builder.
 */
export function thirdPartySchema(schema: Schema): Schema {
  return withObjectFields(documentedPart(schema));
}

function withObjectFields(schema: Schema): Schema {
  const { apiVersion, kind, metadata } = described(anyKind, definitions.get(anyKind)).properties ?? {};
  if (apiVersion === undefined || kind === undefined || metadata === undefined) return schema;
  return { ...schema, properties: { apiVersion, kind, ...others(schema), metadata } };
}

function others({ properties = {} }: Schema): Readonly<Record<string, Schema>> {
  const { apiVersion: _a, kind: _k, metadata: _m, ...rest } = properties;
  return rest;
}

function documentedPart(schema: Schema): Schema {
  const { properties, items, additionalProperties } = schema;
  const result: { -readonly [K in keyof Schema]: Schema[K] } = { ...schema };
  if (properties !== undefined)
    result.properties = Object.fromEntries(
      Object.entries(properties).map(([name, property]) => [name, documentedPart(property)]),
    );
  if (items !== undefined) result.items = documentedPart(items);
  if (typeof additionalProperties === 'object')
    result.additionalProperties = documentedPart(additionalProperties);
  if (schema['x-kubernetes-int-or-string'] && schema.anyOf === undefined)
    result.anyOf = [{ type: 'integer' }, { type: 'string' }];
  if (!schema['x-kubernetes-embedded-resource']) return result;
  const required = [...(schema.required ?? []), 'kind', 'apiVersion'];
  return withObjectFields({ ...result, required: [...new Set(required)] });
}
