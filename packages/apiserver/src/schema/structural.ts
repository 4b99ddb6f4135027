import type { Schema, SchemaSource } from '@kubewright/api';
import { createNormaliser, type Normaliser } from './normalise.js';

/**
 * Brings a body to a structural schema's form: fields that it does not have are pruned (and named), defaults filled
 * in; values of a wrong type stay for the validator to name. The metadata is that of every object.
 * Source: the CustomResourceDefinition page, "Pruning" and "Defaulting".
 */
export function createStructuralNormaliser(source: SchemaSource): Normaliser {
  const { metadata = {}, ...properties } = source.root.properties ?? {};
  const typed = createNormaliser(
    { root: { type: 'object', properties: { metadata } }, resolve: source.resolve },
    'ObjectMeta',
  );
  const schema: Schema = { ...source.root, properties };
  return (body) => {
    const { metadata: given, ...rest } = body;
    const unknownFields: string[] = [];
    const object = shape(rest, schema, '', unknownFields) as Record<string, unknown>;
    const meta = typed(given === undefined ? {} : { metadata: given });
    return {
      object: { ...object, ...meta.object },
      unknownFields: [...unknownFields, ...meta.unknownFields],
    };
  };
}

function shape(value: unknown, schema: Schema, path: string, unknownFields: string[]): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return value;
    return value.map((item: unknown, index) => shape(item, items, `${path}[${index}]`, unknownFields));
  }
  if (typeof value !== 'object' || value === null) return value;
  const { properties, additionalProperties } = schema;
  const open =
    schema['x-kubernetes-preserve-unknown-fields'] === true || (!properties && !additionalProperties);
  const result: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    const at = path === '' ? name : `${path}.${name}`;
    const property = Object.hasOwn(properties ?? {}, name) ? properties?.[name] : undefined;
    const next = property ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
    if (next !== undefined) setOwn(result, name, shape(field, next, at, unknownFields));
    else if (open || additionalProperties === true) setOwn(result, name, field);
    else unknownFields.push(at);
  }
  for (const [name, property] of Object.entries(properties ?? {})) {
    const { default: preset, nullable } = property;
    const absent = result[name] === undefined || (result[name] === null && !nullable);
    if (preset !== undefined && absent)
      result[name] = shape(structuredClone(preset), property, name, unknownFields);
  }
  return result;
}

/** Sets an own property even for the key `__proto__`. */
function setOwn(object: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}
