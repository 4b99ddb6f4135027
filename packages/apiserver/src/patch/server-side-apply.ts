import { ApiError, badRequest, decodeJsonText, encodeJson, formatTime } from '@kubewright/api';
import type { ManagedFieldsEntry } from '@kubewright/api/meta/v1';
import { compare } from './compare-typed.js';
import {
  Comparisons,
  metadataOf,
  type TrackedWrite,
  trackUpdate,
  withoutChanges,
  withoutManagedFields,
} from './field-ownership.js';
import {
  difference,
  differenceWithChildren,
  emptyFieldSet,
  equalSets,
  type FieldSet,
  intersection,
  isEmptySet,
  pathsOf,
  union,
} from './field-set.js';
import { type FieldType, fieldTypeOf } from './field-types.js';
import { fieldsByShape, type KnownShapes } from './fields-by-shape.js';
import { fieldsOf } from './fields-of.js';
import { isObject, type JsonObject, own, put } from './json-object.js';
import {
  decodeManagers,
  encodeManagers,
  type Manager,
  type Managers,
  managerId,
  ownable,
  setFields,
} from './managers.js';
import { mergeTyped } from './merge-typed.js';
import { prune } from './prune-typed.js';
import { pruneVersions } from './prune-versions.js';
import { typeProblems } from './type-problems.js';

/** A server-side apply. */
export interface ApplyWrite extends TrackedWrite {
  /** Takes fields that others own instead of failing. */
  readonly force: boolean;
  /**
   * True where nobody looks afterwards at the types of what is one field (of a custom resource), so that it is done
   * beforehand.
   */
  readonly untyped?: boolean;
  /** The version that conflicts name, where it is not that of each manager. */
  readonly shownVersion?: string;
}

/**
 * Applies a configuration: merges it into the live object, removes what the manager applied before and no longer
 * lists, and returns the result with its managed fields. Nothing is changed in place; the result shares parts with
 * the live object, and is the live object where the apply changes nothing. `live` is undefined when it creates.
 * Source: the page "Server-Side Apply" of the Kubernetes documentation.
 * @throws ApiError Conflict with a cause for each field that another manager owns; BadRequest for another kind or
 * version and for a configuration with managed fields; one without a reason and code 500, as upstream, for a
 * configuration that does not fit the schema.
 */
export function applyConfiguration(
  live: JsonObject | undefined,
  config: JsonObject,
  write: ApplyWrite,
): JsonObject {
  checkConfig(config, write);
  if (write.untyped) checkTypes(config, write);
  const stored = live ?? { apiVersion: write.apiVersion, kind: write.kind, metadata: {} };
  const managers = managersOf(stored);
  const before = new Map(managers);
  const object = withoutManagedFields(stored);
  if (managers.size === 0 && live !== undefined)
    trackUpdate(managers, { metadata: {} }, { object, write: { ...write, manager: 'before-first-apply' } });
  const applied = syncLastApplied(apply(object, config, { managers, write }), config, write.manager);
  if (live !== undefined && applied === object && sameManagers(managers, before)) return live;
  return withManagers(applied, managers);
}

function sameManagers(managers: Managers, before: Managers): boolean {
  if (managers.size !== before.size) return false;
  for (const [id, manager] of managers) if (before.get(id) !== manager) return false;
  return true;
}

interface ApplyState {
  /** Changed in place. */
  readonly managers: Managers;
  readonly write: ApplyWrite;
}

function apply(live: JsonObject, config: JsonObject, { managers, write }: ApplyState): JsonObject {
  const type = fieldTypeOf(write.schema);
  const mine = applierOf(write);
  const id = managerId(mine);
  const last = managers.get(id);
  const fields = configuredFields(config, type, write);
  const owned = ownable(fields);
  // Most applies list what the last one did, and remove nothing.
  const same = last !== undefined && equalSets(last.fields, owned);
  const merged = mergeTyped(live, config, type) as JsonObject;
  const next = same ? merged : pruned(merged, { last, fields, managers, id, write });

  const comparisons = new Comparisons(live, next, write);
  const conflicts = write.force ? [] : conflictsOf(managers, id, comparisons);
  const refused = refusedConflicts(conflicts, live, write);
  if (refused.length > 0) throw conflictError(refused, write.shownVersion);
  for (const [other, manager] of managers) {
    if (other === id) continue;
    const changed = comparisons.at(manager.apiVersion);
    if (changed === undefined) managers.delete(other);
    else setFields(managers, other, withoutChanges(manager.fields, changed));
  }

  const time = next === live || write.now === undefined ? last?.time : formatTime(write.now);
  if (isEmptySet(owned)) managers.delete(id);
  else {
    const manager = { ...mine, time, fields: same ? last.fields : owned };
    if (!same || last.time !== time || last.apiVersion !== mine.apiVersion) managers.set(id, manager);
  }
  return next;
}

function applierOf({ manager, apiVersion, subresource }: ApplyWrite): Manager {
  return {
    name: manager === '' ? 'unknown' : manager,
    operation: 'Apply',
    apiVersion,
    subresource,
    time: undefined,
    fields: emptyFieldSet,
  };
}

/** What the configuration sets, without what this write cannot change. */
function configuredFields(config: JsonObject, type: FieldType, write: ApplyWrite): FieldSet {
  const fields = fieldsByShape(appliedShapes, config, type, () => checkedFields(config, type, write));
  return write.resetFields === undefined ? fields : differenceWithChildren(fields, write.resetFields);
}

const appliedShapes: KnownShapes = new WeakMap();

/** @throws ApiError for a configuration that does not fit the schema */
function checkedFields(config: JsonObject, type: FieldType, write: ApplyWrite): FieldSet {
  // Words are made only when something is wrong.
  let fits = true;
  const fields = fieldsOf(config, type, () => {
    fits = false;
  });
  if (!fits) checkTypes(config, write);
  return fields ?? emptyFieldSet;
}

/**
 * Looks at all of a configuration, into what is one field, too.
 * @throws ApiError without a reason and with code 500, as upstream, for what does not fit the schema
 */
export function checkTypes(
  config: JsonObject,
  write: Pick<ApplyWrite, 'schema' | 'apiVersion' | 'kind'>,
): void {
  const problems = typeProblems(config, fieldTypeOf(write.schema));
  if (problems.length === 0) return;
  const [name, namespace] = ['name', 'namespace'].map((key) => textOf(own(metadataOf(config), key)));
  const text =
    problems.length === 1 ? problems[0] : ['errors:', ...problems.map((one) => `  ${one}`)].join('\n');
  throw new ApiError(
    '',
    `failed to create typed patch object (${namespace}/${name}; ${kindText(write)}): ${text}`,
    { code: 500 },
  );
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

interface PruneInput {
  readonly last: Manager | undefined;
  readonly fields: FieldSet;
  readonly managers: Managers;
  readonly id: string;
  readonly write: ApplyWrite;
}

/** Removes what the manager applied last time and nobody owns now, at the version that it applied. */
function pruned(merged: JsonObject, { last, fields, managers, id, write }: PruneInput): JsonObject {
  if (last === undefined || isEmptySet(difference(last.fields, fields))) return merged;
  const owned = new Map([[write.apiVersion, fields]]);
  for (const [other, { apiVersion, fields }] of managers)
    if (other !== id) owned.set(apiVersion, union(owned.get(apiVersion) ?? emptyFieldSet, fields));
  const { atVersion } = write;
  if (atVersion !== undefined && (owned.size > 1 || last.apiVersion !== write.apiVersion))
    return pruneVersions(merged, { last, owned, write: { ...write, atVersion } });
  const sets = { last: last.fields, owned: owned.get(write.apiVersion) ?? fields };
  return prune(merged, sets, fieldTypeOf(write.schema));
}

interface Conflict {
  readonly manager: Manager;
  readonly fields: FieldSet;
}

/** What the apply changes and others own, by the order of their ids. */
function conflictsOf(managers: Managers, id: string, comparisons: Comparisons): Conflict[] {
  return [...managers]
    .filter(([other]) => other !== id)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, manager]) => {
      const changed = comparisons.at(manager.apiVersion);
      if (changed === undefined) return [];
      const fields = intersection(manager.fields, union(changed.modified, changed.added));
      return isEmptySet(fields) ? [] : [{ manager, fields }];
    });
}

/** `kubectl` may take over what its client-side apply set and nobody changed since. */
function refusedConflicts(conflicts: Conflict[], live: JsonObject, write: ApplyWrite): Conflict[] {
  if (conflicts.length === 0 || write.manager !== 'kubectl') return conflicts;
  const allowed = fieldsOfLastApplied(live, write);
  return conflicts
    .map((conflict) => ({ ...conflict, fields: difference(conflict.fields, allowed) }))
    .filter(({ fields }) => !isEmptySet(fields));
}

const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';

function lastAppliedOf(object: JsonObject): string | undefined {
  const annotations = own(metadataOf(object), 'annotations');
  const text = isObject(annotations) ? own(annotations, lastAppliedAnnotation) : undefined;
  return typeof text === 'string' && text !== '' ? text : undefined;
}

/** The fields of the last client-side apply that are as it set them. */
function fieldsOfLastApplied(live: JsonObject, write: ApplyWrite): FieldSet {
  const text = lastAppliedOf(live);
  if (text === undefined) return emptyFieldSet;
  const type = fieldTypeOf(write.schema);
  let config: unknown;
  try {
    config = decodeJsonText(text).value;
  } catch (error) {
    // An annotation that is no JSON allows nothing.
    if (!(error instanceof Error)) throw error;
  }
  if (!isObject(config) || own(config, 'apiVersion') !== write.apiVersion) return emptyFieldSet;
  const { added, modified, removed } = compare(config, live, type);
  const fields = fieldsOf(config, type) ?? emptyFieldSet;
  return [modified, added, removed].reduce(difference, fields);
}

/** Keeps the annotation of client-side apply in step, so that one can go back to it. */
function syncLastApplied(object: JsonObject, config: JsonObject, manager: string): JsonObject {
  if (manager !== 'kubectl' || lastAppliedOf(object) === undefined) return object;
  const { annotations, ...metadata } = metadataOf(config);
  const { [lastAppliedAnnotation]: _, ...others } = isObject(annotations) ? annotations : {};
  const applied = {
    ...config,
    metadata: isObject(annotations) ? { ...metadata, annotations: others } : metadata,
  };
  const live = metadataOf(object);
  const text = `${encodeJson(sorted(applied))}\n`;
  const known = live.annotations as JsonObject;
  if (known[lastAppliedAnnotation] === text) return object;
  return { ...object, metadata: { ...live, annotations: { ...known, [lastAppliedAnnotation]: text } } };
}

/** With the members of all objects in order, as Go writes what has no type. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const result: JsonObject = {};
  for (const key of Object.keys(value).sort()) put(result, key, sorted(value[key]));
  return result;
}

function conflictError(conflicts: readonly Conflict[], shownVersion: string | undefined): ApiError {
  const all = conflicts.map(({ manager, fields }) => ({
    who: printManager(shownVersion === undefined ? manager : { ...manager, apiVersion: shownVersion }),
    paths: pathsOf(fields),
  }));
  const causes = all.flatMap(({ who, paths }) =>
    paths.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${who}`, field })),
  );
  const list = all.map(({ who, paths }) =>
    [`conflicts with ${who}:`, ...paths.map((path) => `- ${path}`)].join('\n'),
  );
  const message =
    causes.length === 1
      ? `1 conflict: ${causes[0]?.message}: ${causes[0]?.field}`
      : `${causes.length} conflicts: ${list.join('\n')}`;
  return new ApiError('Conflict', `Apply failed with ${message}`, { details: { causes } });
}

function printManager({ name, operation, apiVersion, subresource }: Manager): string {
  const who =
    subresource === '' ? JSON.stringify(name) : `${JSON.stringify(name)} with subresource "${subresource}"`;
  return operation === 'Update' ? `${who} using ${apiVersion}` : who;
}

function checkConfig(config: JsonObject, write: ApplyWrite): void {
  const [apiVersion, kind] = [own(config, 'apiVersion'), own(config, 'kind')];
  if (apiVersion !== write.apiVersion || kind !== write.kind)
    throw badRequest(`invalid object type: ${kindText(typeSaid(config))}`);
  const sent = own(metadataOf(config), 'managedFields');
  // What can't be managed fields is told of as any other value of a wrong type.
  if (Array.isArray(sent) && sent.every(isEntry)) throw badRequest('metadata.managedFields must be nil');
}

/** What a configuration says that it is; a version of more than two parts is none, and then neither is the kind. */
function typeSaid(config: JsonObject): { apiVersion: string; kind: string } {
  const apiVersion = textOf(own(config, 'apiVersion'));
  return apiVersion.split('/').length > 2
    ? { apiVersion: '/', kind: '' }
    : { apiVersion, kind: textOf(own(config, 'kind')) };
}

function isEntry(entry: unknown): boolean {
  const texts = ['manager', 'operation', 'apiVersion', 'fieldsType', 'subresource'];
  return (
    isObject(entry) &&
    texts.every((name) => ['string', 'undefined'].includes(typeof (own(entry, name) ?? undefined)))
  );
}

/** A kind as upstream's messages have it: `apps/v1, Kind=Deployment`. */
function kindText({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): string {
  return `${apiVersion.includes('/') ? '' : '/'}${apiVersion}, Kind=${kind}`;
}

function managersOf(object: JsonObject): Managers {
  const entries = own(metadataOf(object), 'managedFields') ?? [];
  try {
    return decodeManagers(entries as ManagedFieldsEntry[], true);
  } catch (error) {
    throw new ApiError(
      '',
      `failed to decode managed fields: ${error instanceof Error ? error.message : error}`,
      {
        code: 500,
        cause: error,
      },
    );
  }
}

function withManagers(object: JsonObject, managers: Managers): JsonObject {
  if (managers.size === 0) return object;
  return { ...object, metadata: { ...metadataOf(object), managedFields: encodeManagers(managers) } };
}
