import { badRequest, isApiError, type SchemaSource } from '@kubewright/api';
import { isObject } from '../patch/json-object.js';
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
 * @param applied for what an apply makes, in which nulls stay and metadata that is none goes, member by member
 * @throws ApiError BadRequest from the function, for metadata that is none
 */
export function createStructuralNormaliser(source: SchemaSource, applied = false): Normaliser {
  let schema: StructuralSchema | undefined;
  return (body) => {
    schema ??= StructuralSchema.of(source.root);
    const { apiVersion, kind, metadata: given, ...rest } = body;
    const { metadata, unknownFields } = normaliseMetadata(applied ? wellFormed(given) : (given ?? {}));
    const malformed: FieldError[] = [];
    const unknown: UnknownFields = { fields: [], ofMetadata: [...unknownFields], malformed };
    const shaped = structural(rest, schema, { unknownFields: unknown, keepsNulls: applied }) as Record<
      string,
      unknown
    >;
    const [first] = malformed;
    if (first !== undefined) throw badRequest(`${first.field}: ${first.message}`);
    return {
      object: { apiVersion, kind, metadata, ...shaped },
      unknownFields: [...unknown.fields.sort(), ...unknown.ofMetadata.sort()],
    };
  };
}

/**
 * The fields of an object besides its type and metadata, or a part of it, in the form of a schema; the same value where
 * it is in it.
 * @param options.keepsNulls what an apply or admission says is null stays, for whoever validates to name
 */
export function structural(
  value: unknown,
  schema: StructuralSchema,
  {
    unknownFields,
    keepsNulls = false,
  }: { readonly unknownFields?: UnknownFields; readonly keepsNulls?: boolean } = {},
): unknown {
  return applyDefaults(prune(value, schema, unknownFields, { isRoot: true, keepsNulls }), schema);
}

/** The members of metadata that can be read. */
function wellFormed(metadata: unknown): Record<string, unknown> {
  const members = Object.entries(isObject(metadata) ? metadata : {});
  return Object.fromEntries(members.filter(([name, value]) => isReadable({ [name]: value })));
}

function isReadable(metadata: Record<string, unknown>): boolean {
  try {
    normaliseMetadata(metadata);
    return true;
  } catch (error) {
    if (!isApiError(error)) throw error;
    return false;
  }
}
