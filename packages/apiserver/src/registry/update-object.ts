import {
  ApiError,
  conflict,
  isAlreadyExists,
  type KubernetesObject,
  notFound,
  staleObject,
} from '@kubewright/api';
import { AdmissionRequest } from '../admission/admission-request.js';
import { parseStored, storedBytes } from '../encoding/object-bytes.js';
import type { KindRules } from '../kinds/kind-rules.js';
import { jsonEqual } from '../patch/json-object.js';
import type { Decision, StorageEntry } from '../storage/storage.js';
import { type FieldError, invalid, invalidObject, path } from '../validation/field-error.js';
import { validateMetadataUpdate } from '../validation/object-meta.js';
import { matchNamespace } from './place-in-namespace.js';
import type { Registry } from './registry.js';
import { type Resource, statusKeeps } from './resource.js';
import type { StoredObject } from './stored-object.js';
import type { WriteContext } from './write-context.js';

export interface UpdateOptions<T extends KubernetesObject> {
  readonly namespace: string;
  readonly name: string;
  /** Empty for the object itself. */
  readonly subresource: string;
  /**
   * The wanted object, made from the newest one; undefined where that is to stay as it is. Called again when the
   * object changed meanwhile.
   */
  change(current: T): T | undefined | Promise<T | undefined>;
  /** Creates the object where there is none. */
  create?(): Promise<StoredObject<T>>;
}

/** How often an object may appear and vanish again while an update would create it. */
const createAttempts = 5;

/**
 * Changes an object as one compare-and-swap: change, defaults, admission, preparation, validation, store. A change
 * that changes nothing writes nothing. The last finalizer taken off a deleted object removes it.
 * @throws ApiError NotFound, Conflict (the change names a resourceVersion of the past), Invalid
 */
export async function updateObject<T extends KubernetesObject>(
  registry: Registry,
  resource: Resource<T>,
  options: UpdateOptions<T>,
  context: WriteContext,
  attempt = 1,
): Promise<StoredObject<T>> {
  const { namespace, name } = options;
  const { rules } = resource;
  const key = resource.key(namespace, name);
  let outcome: Outcome<T> | undefined;
  const decide = async (entry: StorageEntry | undefined): Promise<Decision> => {
    await outcome?.giveBack?.();
    outcome = undefined;
    if (entry === undefined) {
      if (options.create !== undefined) return { keep: true };
      throw notFound(rules.kind, name);
    }
    outcome = await changed(registry, resource, entry, options, context);
    context.request?.assertWanted();
    if (context.dryRun) return { keep: true };
    if (outcome.removes) return { delete: true };
    return isSame(resource, outcome, entry) ? { keep: true, unchanged: true } : { put: outcome.stored };
  };
  let revision: number;
  if (context.dryRun) {
    const { entry } = await (resource.source ?? registry.storage).get(key);
    await decide(entry);
    revision = entry?.revision ?? 0;
  } else {
    revision = await (resource.source ?? registry.storage)
      .write(key, decide)
      .catch(async (error: unknown) => {
        await outcome?.giveBack?.();
        throw error;
      });
  }
  if (outcome === undefined) {
    if (options.create === undefined) throw notFound(rules.kind, name);
    try {
      return await options.create();
    } catch (error) {
      // Somebody else was faster: there is something to update now.
      if (!isAlreadyExists(error) || attempt === createAttempts) throw error;
      return updateObject(registry, resource, options, context, attempt + 1);
    }
  }
  if (!context.dryRun) {
    if (outcome.removes) await rules.release?.(outcome.object, context);
    else await rules.releaseUnused?.(outcome.object, outcome.old, context);
  }
  outcome.object.metadata.resourceVersion = String(revision);
  return { bytes: outcome.bytes, revision, object: outcome.object, old: outcome.old };
}

interface Outcome<T extends KubernetesObject> {
  readonly object: T;
  readonly old: T;
  /** Of the object, at the version of the resource. */
  readonly bytes: Buffer;
  /** What is to be stored: the same but for custom resources that are stored at another version. */
  readonly stored: Buffer;
  readonly removes: boolean;
  readonly giveBack: (() => Promise<void>) | undefined;
}

// Fields may stand in another order: the same object has the same length in any order, so few need a closer look.
function isSame<T extends KubernetesObject>(
  { forms }: Resource<T>,
  { stored, object, old }: Outcome<T>,
  { value }: StorageEntry,
): boolean {
  if (stored.length !== value.length) return false;
  if (stored.equals(value)) return true;
  // What is stored may be of another version than the object.
  if (forms !== undefined) return jsonEqual(parseStored(stored, 0), parseStored(value, 0));
  return jsonEqual(withoutVersion(object), withoutVersion(old));
}

function withoutVersion(object: KubernetesObject): KubernetesObject {
  const { resourceVersion: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

async function changed<T extends KubernetesObject>(
  registry: Registry,
  resource: Resource<T>,
  entry: StorageEntry,
  options: UpdateOptions<T>,
  context: WriteContext,
): Promise<Outcome<T>> {
  const { rules } = resource;
  const { name, namespace, subresource } = options;
  const { forms } = resource;
  const value =
    forms === undefined ? entry.value : await resource.readStored(resource.key(namespace, name), entry);
  const current = parseStored<T>(value, entry.revision);
  const wanted = await options.change(current);
  const object = wanted ?? current;
  // An apply that changes nothing, which most are, needs no second copy.
  let parsed: T | undefined;
  const before = (): T => {
    parsed ??= parseStored<T>(value, entry.revision);
    return parsed;
  };
  if (wanted !== undefined) refuseStale(resource, wanted, before());
  rules.default?.(object);
  // What admission adds is nobody's.
  const tracked = context.ownership?.track(before(), object, subresource);
  if (tracked !== undefined) await tracked;
  const request = new AdmissionRequest({
    operation: 'UPDATE',
    resource,
    subresource,
    namespace,
    name,
    object,
    oldObject: before,
    context,
  });
  const admitted = registry.admission.admit(request);
  if (admitted !== undefined) await admitted;
  matchNamespace(object, namespace, resource);
  rules.default?.(object);
  if (rules.authorizeWrite !== undefined) await rules.authorizeWrite(object, before(), context);
  if (wanted === undefined) {
    // What is stored was valid when it was written.
    const bytes = storedBytes(object);
    if (bytes.equals(value)) {
      const validated = registry.admission.validate(request);
      if (validated !== undefined) await validated;
      const removes = isFinished(resource, object);
      return { object, old: object, bytes, stored: entry.value, removes, giveBack: undefined };
    }
  }
  const old = before();
  prepare(resource, object, old, subresource, context);
  keepTimes(object, old);
  const giveBack = await rules.allocate?.(object, old, context);
  try {
    const errors = validate(resource, object, old, request);
    if (errors.length > 0) throw invalidObject(rules.kind, name, errors);
    const validated = registry.admission.validate(request);
    if (validated !== undefined) await validated;
  } catch (error) {
    await giveBack?.();
    throw error;
  }
  const bytes = storedBytes(object);
  const stored = forms === undefined ? bytes : await forms.write(object, bytes);
  const shown = stored === bytes ? { object, bytes } : await resource.readAgain(stored);
  return { ...shown, old, stored, removes: isFinished(resource, object), giveBack };
}

/**
 * A write that changes nothing but when its managers wrote is none: it leaves the times as they were.
 * Source: apiserver's `IgnoreManagedFieldsTimestampsTransformer`.
 */
function keepTimes(object: KubernetesObject, old: KubernetesObject): void {
  const [entries = [], before = []] = [object.metadata.managedFields, old.metadata.managedFields];
  if (entries.length !== before.length || entries.length === 0) return;
  const sameButTimes = entries.every((entry, i) => {
    const { time: _, ...rest } = entry;
    const { time: __, ...restBefore } = before[i] ?? {};
    return jsonEqual(rest, restBefore);
  });
  if (!sameButTimes || !entries.some(({ time }, i) => time !== before[i]?.time)) return;
  if (jsonEqual(withoutManagers(object), withoutManagers(old))) object.metadata.managedFields = before;
}

function withoutManagers(object: KubernetesObject): KubernetesObject {
  const { managedFields: _, resourceVersion: __, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** True for a deleted object that nothing holds any more. */
export function isFinished<T extends KubernetesObject>({ rules }: Resource<T>, object: T): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata;
  if (deletionTimestamp === undefined || finalizers.length > 0 || rules.held?.(object)) return false;
  return deletionGracePeriodSeconds === 0;
}

function refuseStale<T extends KubernetesObject>({ rules, source }: Resource<T>, object: T, old: T): void {
  const { resourceVersion, name = '' } = object.metadata;
  // Upstream names the resource here where other errors name the kind, and its zero where none is given.
  if (rules.needsResourceVersion === true && Number(resourceVersion ?? '') === 0)
    throw invalidObject({ ...rules.kind, kind: rules.kind.plural }, name, [
      invalid(path('metadata', 'resourceVersion'), 0, 'must be specified for an update'),
    ]);
  if (resourceVersion !== undefined && !/^\d*$/.test(resourceVersion))
    throw new ApiError('', `strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`);
  if (
    resourceVersion !== undefined &&
    resourceVersion !== '' &&
    resourceVersion !== old.metadata.resourceVersion &&
    source?.isCurrent(resourceVersion, old) !== true
  )
    throw conflict(rules.kind, name, staleObject);
}

// Source: apiserver's `rest.BeforeUpdate`: what a client leaves out or may not change comes from the stored object.
function prepare<T extends KubernetesObject>(
  resource: Resource<T>,
  object: T,
  old: T,
  subresource: string,
  context: WriteContext,
): void {
  const { rules } = resource;
  const { metadata } = object;
  // One that a patch changes is for validation to refuse.
  if (!metadata.uid) keepSystemField(metadata, old.metadata, 'uid');
  keepSystemField(metadata, old.metadata, 'creationTimestamp');
  // A deletion that is under way goes on; one that a client writes is for validation to refuse.
  if (old.metadata.deletionTimestamp !== undefined) {
    keepSystemField(metadata, old.metadata, 'deletionTimestamp');
    if (metadata.deletionGracePeriodSeconds === undefined)
      keepSystemField(metadata, old.metadata, 'deletionGracePeriodSeconds');
  }
  keepSystemField(metadata, old.metadata, 'generation');
  if (subresource === '') {
    if (rules.kind.subresources.status !== undefined) copyField(object, old, 'status');
    rules.dropDisabled?.(object);
    rules.prepareForUpdate?.(object, old, context);
  } else if (subresource === 'status') {
    keepAllButStatus(resource, object, old);
  }
  const own = rules.subresources?.[subresource];
  own?.prepareForUpdate?.(object, old, context);
  if (!own?.untracked && raisesGeneration(rules, object, old))
    object.metadata.generation = (old.metadata.generation ?? 0) + 1;
}

function validate<T extends KubernetesObject>(
  resource: Resource<T>,
  object: T,
  old: T,
  { subresource, context }: AdmissionRequest<T>,
): FieldError[] {
  const { rules } = resource;
  const statusOnly = subresource === 'status';
  const own = rules.subresources?.[subresource];
  if (own?.untracked) return own.validateUpdate?.(object, old) ?? [];
  const errors = [
    ...validateMetadataUpdate(resource, object, old, subresource),
    ...resource.schemaErrors({ object, old, statusOnly, warn: (text) => context.request?.warn(text) }),
  ];
  if (own?.validateUpdate !== undefined) return [...errors, ...own.validateUpdate(object, old)];
  if (subresource === 'status') return errors;
  return [
    ...errors,
    ...(rules.validate?.(object, context) ?? []),
    ...(rules.validateUpdate?.(object, old, context) ?? []),
  ];
}

function keepSystemField<M extends object>(metadata: M, old: M, field: keyof M): void {
  if (old[field] === undefined) delete metadata[field];
  else metadata[field] = old[field];
}

function copyField(object: object, old: object, field: string): void {
  const target = object as Record<string, unknown>;
  const value = (old as Record<string, unknown>)[field];
  if (value === undefined) delete target[field];
  else target[field] = value;
}

/** The status subresource changes the status, and of the metadata what the kind allows. */
function keepAllButStatus<T extends KubernetesObject>({ rules }: Resource<T>, object: T, old: T): void {
  for (const field of Object.keys(object))
    if (!(field in old) && field !== 'status') copyField(object, old, field);
  for (const field of Object.keys(old))
    if (field !== 'status' && field !== 'metadata') copyField(object, old, field);
  const kept = statusKeeps(rules);
  if (kept !== 'all') {
    for (const field of kept) copyField(object.metadata, old.metadata, field);
    return;
  }
  const { managedFields, resourceVersion } = object.metadata;
  object.metadata = { ...old.metadata };
  if (resourceVersion !== undefined) object.metadata.resourceVersion = resourceVersion;
  if (managedFields !== undefined) object.metadata.managedFields = managedFields;
}

function raisesGeneration<T extends KubernetesObject>(
  { generation }: KindRules<T>,
  object: T,
  old: T,
): boolean {
  if (generation !== true && generation !== 'with labels') return false;
  const { labels = {} } = object.metadata;
  const relabelled = generation === 'with labels' && !jsonEqual(labels, old.metadata.labels ?? {});
  return relabelled || !sameDesire(object, old);
}

function sameDesire(object: KubernetesObject, old: KubernetesObject): boolean {
  return jsonEqual(desireOf(object), desireOf(old));
}

function desireOf(object: KubernetesObject): unknown {
  const {
    apiVersion: _a,
    kind: _k,
    metadata: _m,
    status: _s,
    ...desire
  } = object as KubernetesObject & {
    status?: unknown;
  };
  return desire;
}
