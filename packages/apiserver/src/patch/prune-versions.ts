import type { VersionedObject } from './field-ownership.js';
import { difference, emptyFieldSet, type FieldSet, intersection } from './field-set.js';
import { fieldTypeOf } from './field-types.js';
import { fieldsOf } from './fields-of.js';
import type { JsonObject } from './json-object.js';
import type { Manager } from './managers.js';
import { prune } from './prune-typed.js';

/** An apply to an object that has owners of several versions. */
export interface VersionedPrune {
  /** The applier as it was after its last apply. */
  readonly last: Pick<Manager, 'apiVersion' | 'fields'>;
  /** What is owned now, by the version of the owners. */
  readonly owned: ReadonlyMap<string, FieldSet>;
  readonly write: {
    readonly apiVersion: string;
    atVersion(object: JsonObject, apiVersion: string): VersionedObject | undefined;
  };
}

/**
 * As {@link prune}, where owners are of several versions: a field goes at the version that listed it, and comes back
 * where an owner of another version has it there. Source: `prune` and `addBackOwnedItems` of structured-merge-diff.
 */
export function pruneVersions(merged: JsonObject, { last, owned, write }: VersionedPrune): JsonObject {
  const before = write.atVersion(merged, last.apiVersion);
  if (before === undefined) return merged;
  const ownedThere = owned.get(last.apiVersion) ?? emptyFieldSet;
  let rest = prune(before.object, { last: last.fields, owned: ownedThere }, fieldTypeOf(before.schema));
  if (rest === before.object) return merged;
  for (const [apiVersion, fields] of owned) {
    if (apiVersion === last.apiVersion) continue;
    const [whole, less] = [write.atVersion(merged, apiVersion), write.atVersion(rest, apiVersion)];
    if (whole === undefined || less === undefined) continue;
    rest = prune(whole.object, { last: missing(whole, less), owned: fields }, fieldTypeOf(whole.schema));
  }
  // What went although the applier had never listed it stays.
  const less = write.atVersion(rest, last.apiVersion);
  if (less === undefined) return merged;
  const gone = intersection(missing(before, less), last.fields);
  rest = prune(before.object, { last: gone, owned: emptyFieldSet }, fieldTypeOf(before.schema));
  return write.atVersion(rest, write.apiVersion)?.object ?? merged;
}

/** The fields of one object that another of the same version does not have. */
function missing(whole: VersionedObject, less: VersionedObject): FieldSet {
  const type = fieldTypeOf(whole.schema);
  return difference(
    fieldsOf(whole.object, type) ?? emptyFieldSet,
    fieldsOf(less.object, type) ?? emptyFieldSet,
  );
}
