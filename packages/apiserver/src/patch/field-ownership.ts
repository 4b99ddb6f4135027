import { formatTime, type SchemaSource } from '@kubewright/api';
import type { ManagedFieldsEntry } from '@kubewright/api/meta/v1';
import { type Comparison, compare } from './compare-typed.js';
import {
  difference,
  differenceWithChildren,
  emptyFieldSet,
  type FieldSet,
  intersection,
  isEmptySet,
  union,
} from './field-set.js';
import { fieldTypeOf } from './field-types.js';
import { fieldsByShape, type KnownShapes } from './fields-by-shape.js';
import { isObject, type JsonObject, jsonEqual, own } from './json-object.js';
import {
  capUpdateManagers,
  decodeManagers,
  encodeManager,
  encodeManagers,
  type Manager,
  type Managers,
  managerId,
  ownable,
  setFields,
} from './managers.js';

/** An object at one of its versions. */
export interface VersionedObject {
  readonly object: JsonObject;
  readonly schema: SchemaSource;
}

/** Who writes, to what, and when. */
export interface TrackedWrite {
  /** The `fieldManager` parameter, or the first part of the user agent. */
  readonly manager: string;
  /** `''` for the object itself. */
  readonly subresource: string;
  /** The version and kind of the request; the objects are at this version. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly schema: SchemaSource;
  /** What an object of the kind holds when nothing is set: whoever creates one does not own that. @default nothing */
  readonly unset?: JsonObject;
  /** Milliseconds since the epoch; undefined where entries keep the times that they have, as through a scale. */
  readonly now: number | undefined;
  /** Fields that this write cannot change (`{ 'f:status': {} }` of a kind with a status subresource): never owned through it. */
  readonly resetFields?: FieldSet;
  /**
   * The object at another version that is served, for managers that wrote that one; undefined for a version that is
   * not. Without it such managers are compared at the request's version.
   */
  readonly atVersion?: (object: JsonObject, apiVersion: string) => VersionedObject | undefined;
}

/**
 * The `metadata.managedFields` of the object of a create, update or patch: the manager owns what it changed, all others
 * lose that; undefined where it has none. Neither argument is changed. `live` is undefined on create.
 *
 * A client may send managed fields of its own, which are taken if they are well formed, and clear them with an empty
 * list. An object that was stored without managed fields stays so until it is applied to.
 */
export function managedFieldsAfter(
  live: JsonObject | undefined,
  object: JsonObject,
  write: TrackedWrite,
): ManagedFieldsEntry[] | undefined {
  const managers = managersOfWrite(live, object, write.subresource);
  const stays = managers.size === 0 && live !== undefined && own(metadataOf(live), 'uid') !== undefined;
  if (stays) return undefined;
  const next = withoutManagedFields(object);
  if (live === undefined && managers.size === 0) {
    const fields = fieldsByShape(createdShapes, next, fieldTypeOf(write.schema), () =>
      changedFields(new Comparisons(write.unset ?? emptyObject, next, write)),
    );
    return isEmptySet(fields) ? undefined : [encodeManager(managerOf(write, fields))];
  }
  trackUpdate(managers, withoutManagedFields(live ?? write.unset ?? emptyObject), { object: next, write });
  capUpdateManagers(managers);
  return managers.size === 0 ? undefined : encodeManagers(managers);
}

const emptyObject: JsonObject = { metadata: {} };
const createdShapes: KnownShapes = new WeakMap();

/** Gives the manager of an update what it changed, and takes it from the others. */
export function trackUpdate(
  managers: Managers,
  live: JsonObject,
  { object, write }: { readonly object: JsonObject; readonly write: TrackedWrite },
): void {
  const comparisons = new Comparisons(live, object, write);
  for (const [id, manager] of managers) {
    const changed = comparisons.at(manager.apiVersion);
    if (changed === undefined) managers.delete(id);
    else setFields(managers, id, withoutChanges(manager.fields, changed));
  }
  giveFields(managers, changedFields(comparisons), write);
}

function changedFields(comparisons: Comparisons): FieldSet {
  const { added, modified } = comparisons.atWrite;
  return ownable(union(added, modified));
}

/** Makes the writer an owner of the fields, besides those that it owns already. */
function giveFields(managers: Managers, fields: FieldSet, write: TrackedWrite): void {
  if (isEmptySet(fields)) return;
  const manager = managerOf(write, fields);
  const id = managerId(manager);
  const known = managers.get(id);
  managers.set(id, {
    ...manager,
    time: manager.time ?? known?.time,
    fields: union(known?.fields ?? emptyFieldSet, fields),
  });
}

/** The manager of a write that owns these fields. */
function managerOf({ manager: name, apiVersion, subresource, now }: TrackedWrite, fields: FieldSet): Manager {
  return {
    name: name === '' ? 'unknown' : name,
    operation: 'Update',
    apiVersion,
    subresource,
    time: now === undefined ? undefined : formatTime(now),
    fields,
  };
}

/** What is left to a manager after another one's changes. */
export function withoutChanges(fields: FieldSet, { added, modified, removed }: Comparison): FieldSet {
  const taken = intersection(fields, union(modified, added));
  return difference(difference(fields, taken), removed);
}

/** The comparison of two objects at each version that a manager wrote. */
export class Comparisons {
  readonly #before: JsonObject;
  readonly #after: JsonObject;
  readonly #write: TrackedWrite;
  readonly #known = new Map<string, Comparison | undefined>();

  constructor(before: JsonObject, after: JsonObject, write: TrackedWrite) {
    this.#before = before;
    this.#after = after;
    this.#write = write;
  }

  get atWrite(): Comparison {
    const found = this.at(this.#write.apiVersion);
    if (found === undefined) throw new Error(`no comparison at ${this.#write.apiVersion}`);
    return found;
  }

  /** Undefined for a version that is not served. */
  at(apiVersion: string): Comparison | undefined {
    if (!this.#known.has(apiVersion)) this.#known.set(apiVersion, this.#compare(apiVersion));
    return this.#known.get(apiVersion);
  }

  #compare(apiVersion: string): Comparison | undefined {
    const { schema, resetFields = emptyFieldSet, atVersion } = this.#write;
    let [before, after, type]: [JsonObject, JsonObject, SchemaSource] = [this.#before, this.#after, schema];
    if (apiVersion !== this.#write.apiVersion && atVersion !== undefined) {
      const [left, right] = [atVersion(before, apiVersion), atVersion(after, apiVersion)];
      if (left === undefined || right === undefined) return undefined;
      [before, after, type] = [left.object, right.object, right.schema];
    }
    const { added, modified, removed } = compare(before, after, fieldTypeOf(type));
    if (isEmptySet(resetFields)) return { added, modified, removed };
    return {
      added: differenceWithChildren(added, resetFields),
      modified: differenceWithChildren(modified, resetFields),
      removed: differenceWithChildren(removed, resetFields),
    };
  }
}

/** The managers that a write starts from: those that the client sent, else those of the stored object. */
function managersOfWrite(live: JsonObject | undefined, object: JsonObject, subresource: string): Managers {
  const sent = subresource === '' ? own(metadataOf(object), 'managedFields') : undefined;
  const stored = live === undefined ? undefined : own(metadataOf(live), 'managedFields');
  // Most clients send back what they read.
  if (Array.isArray(sent) && !jsonEqual(sent, stored)) {
    if (sent.length === 0 || (sent.length === 1 && isObject(sent[0]) && Object.keys(sent[0]).length === 0))
      return new Map();
    try {
      const managers = decodeManagers(sent as ManagedFieldsEntry[], false);
      if (managers.size > 0) return managers;
    } catch (error) {
      // Malformed entries count as none, as upstream has it: the stored ones are taken.
      if (!(error instanceof Error)) throw error;
    }
  }
  return decodeManagers((stored ?? []) as ManagedFieldsEntry[], true);
}

export function metadataOf(object: JsonObject): JsonObject {
  const metadata = own(object, 'metadata');
  return isObject(metadata) ? metadata : {};
}

export function withoutManagedFields(object: JsonObject): JsonObject {
  const metadata = metadataOf(object);
  if (own(metadata, 'managedFields') === undefined) return object;
  const { managedFields: _, ...rest } = metadata;
  return { ...object, metadata: rest };
}
