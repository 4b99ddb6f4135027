import { isApiError } from '@kubewright/api';
import { sortedJson } from '../patch/json-object.js';
import { type FieldError, invalid, path } from '../validation/field-error.js';
import { ChangedCopy } from './changed-copy.js';
import { normaliseMetadata } from './metadata-normaliser.js';
import { type Place, pathOf } from './schema-problem.js';
import type { StructuralSchema } from './structural-schema.js';

/** What every object says of itself, which is not its schema's to describe. */
const metaFields = new Set(['apiVersion', 'kind', 'metadata']);

type JsonRecord = Readonly<Record<string, unknown>>;

/**
 * Takes out what a schema does not have, and nulls that may not be; gives the value itself where nothing has to go.
 * Source: apiextensions' `pruning` and `PruneNonNullableNullsWithoutDefaults`.
 * @param unknownFields gets the paths of what the schema does not have
 */
export function prune(
  value: unknown,
  schema: StructuralSchema,
  unknownFields: UnknownFields = { fields: [], ofMetadata: [] },
  options: PruneOptions = {},
): unknown {
  return new Pruner(unknownFields, options).value(value, schema, undefined);
}

interface PruneOptions {
  /** Whether the value is an object of its own, whose metadata is left to others. */
  readonly isRoot?: boolean;
  /** Leaves nulls that may not be to whoever validates. */
  readonly keepsNulls?: boolean;
}

/** Paths of what a schema does not have, and of what no metadata has, which are told after them. */
export interface UnknownFields {
  readonly fields: string[];
  readonly ofMetadata: string[];
  /** What can't be the type or the metadata of an object within the object; left out, nobody asks. */
  readonly malformed?: FieldError[];
}

class Pruner {
  readonly #unknown: UnknownFields;
  readonly #isRoot: boolean;
  readonly #keepsNulls: boolean;

  constructor(unknown: UnknownFields, { isRoot = false, keepsNulls = false }: PruneOptions) {
    this.#unknown = unknown;
    this.#isRoot = isRoot;
    this.#keepsNulls = keepsNulls;
  }

  /** Without a schema nothing is known: objects lose all that they have. */
  value(
    value: unknown,
    schema: StructuralSchema | undefined,
    place: Place | undefined,
    keeps = schema?.preservesUnknown === true,
  ): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return this.#list(value, schema, place, keeps);
    return this.#object(value as JsonRecord, schema, place, keeps);
  }

  #list(
    list: readonly unknown[],
    schema: StructuralSchema | undefined,
    place: Place | undefined,
    keeps: boolean,
  ): unknown {
    const items = schema?.items;
    if (keeps && items === undefined) return list;
    const at: Place = { parent: place, segment: 0 };
    let copy: unknown[] | undefined;
    for (let index = 0; index < list.length; index++) {
      at.segment = index;
      const before = list[index];
      const after = this.value(before, items, at, keeps || items?.preservesUnknown === true);
      if (after === before) continue;
      copy ??= [...list];
      copy[index] = after;
    }
    return copy ?? list;
  }

  #object(
    object: JsonRecord,
    schema: StructuralSchema | undefined,
    place: Place | undefined,
    keeps: boolean,
  ): unknown {
    const isEmbedded = schema?.isEmbedded === true;
    const isResource = isEmbedded || (place === undefined && this.#isRoot);
    const at: Place = { parent: place, segment: '' };
    const copy = new ChangedCopy(object);
    for (const name in object) {
      at.segment = name;
      const before = object[name];
      if (isResource && metaFields.has(name)) {
        if (!isEmbedded) continue;
        if (name === 'metadata') copy.set(name, this.#metadata(before, at));
        else if (typeof before !== 'string')
          this.#unknown.malformed?.push(invalid(path(pathOf(at)), before, 'must be a string'));
        continue;
      }
      const property = schema?.property(name);
      const below = property ?? schema?.additional;
      const known = property !== undefined || schema?.schema.additionalProperties !== undefined;
      if (!known) {
        if (keeps) continue;
        this.#unknown.fields.push(pathOf(at));
        copy.delete(name);
      } else if (!this.#keepsNulls && before === null && below !== undefined && isForbiddenNull(below))
        copy.delete(name);
      else copy.set(name, this.value(before, below, at));
    }
    return copy.result;
  }

  #metadata(metadata: unknown, place: Place): unknown {
    try {
      const { metadata: shaped, unknownFields } = normaliseMetadata(metadata);
      this.#unknown.ofMetadata.push(
        ...unknownFields.map((field) => `${pathOf(place)}${field.slice('metadata'.length)}`),
      );
      return shaped;
    } catch (error) {
      if (!isApiError(error)) throw error;
      this.#unknown.malformed?.push(invalid(path(pathOf(place)), sortedJson(metadata), error.message));
      return metadata;
    }
  }
}

/** A null that neither may be there nor stands for a default. */
function isForbiddenNull({ nullable, schema }: StructuralSchema): boolean {
  return !nullable && (schema.default === undefined || schema.default === null);
}
