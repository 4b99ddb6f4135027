import { badRequest, type SchemaSource } from '@kubewright/api';
import type { FieldError } from '../validation/field-error.js';
import { applyDefaults } from './defaults.js';
import { normaliseMetadata } from './metadata-normaliser.js';
import type { Normaliser } from './normalise.js';
import { prune, type UnknownFields } from './prune.js';
import { StructuralSchema } from './structural-schema.js';

/**
 * Brings a body to a structural schema's form: fields that it does not have are pruned (and named), defaults filled
 * in; values of a wrong type stay for the validator to name, but for those that say what an object is. The metadata is
 * that of every object.
 * Source: the CustomResourceDefinition page, "Pruning" and "Defaulting", and apiextensions' `objectmeta.Coerce`.
 * @throws ApiError BadRequest from the function, for metadata that is none
 */
export function createStructuralNormaliser(source: SchemaSource): Normaliser {
  let schema: StructuralSchema | undefined;
  return (body) => {
    schema ??= StructuralSchema.of(source.root);
    const { apiVersion, kind, metadata: given, ...rest } = body;
    const { metadata, unknownFields } = normaliseMetadata(given ?? {});
    const malformed: FieldError[] = [];
    const unknown: UnknownFields = { fields: [], ofMetadata: [...unknownFields], malformed };
    const shaped = structural(rest, schema, unknown) as Record<string, unknown>;
    const [first] = malformed;
    if (first !== undefined) throw badRequest(`${first.field}: ${first.message}`);
    return {
      object: { apiVersion, kind, metadata, ...shaped },
      unknownFields: [...unknown.fields.sort(), ...unknown.ofMetadata.sort()],
    };
  };
}

/** The fields of an object besides its type and metadata, or a part of it, in the form of a schema; the same value where it is in it. */
export function structural(value: unknown, schema: StructuralSchema, unknownFields?: UnknownFields): unknown {
  return applyDefaults(prune(value, schema, unknownFields, true), schema);
}
