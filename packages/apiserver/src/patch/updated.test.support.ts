import {
  managedFieldsAfter,
  metadataOf,
  type TrackedWrite,
  withoutManagedFields,
} from './field-ownership.js';
import type { JsonObject } from './json-object.js';

/** The object of an update as it is stored: with the managed fields that it comes to. */
export function updated(live: JsonObject | undefined, object: JsonObject, write: TrackedWrite): JsonObject {
  const managedFields = managedFieldsAfter(live, object, write);
  const rest = withoutManagedFields(object);
  if (managedFields === undefined) return rest;
  return { ...rest, metadata: { ...metadataOf(rest), managedFields } };
}
