import { badRequest, conflict, formatTime, type KubernetesObject, notFound } from '@kubewright/api';
import type { DeleteOptions } from '@kubewright/api/meta/v1';
import { AdmissionRequest } from '../admission/admission-request.js';
import { parseStored, storedBytes } from '../encoding/object-bytes.js';
import type { Decision, StorageEntry } from '../storage/storage.js';
import { invalidObject } from '../validation/field-error.js';
import type { Registry } from './registry.js';
import type { Resource } from './resource.js';
import type { StoredObject } from './stored-object.js';
import { isFinished } from './update-object.js';
import type { WriteContext } from './write-context.js';

export interface Deleted<T extends KubernetesObject> extends StoredObject<T> {
  /** False while finalizers or the grace period hold the object. */
  readonly gone: boolean;
}

/** The finalizers that stand for a propagation policy. Source: the garbage collection page. */
const orphan = 'orphan';
const foreground = 'foregroundDeletion';

/**
 * Deletes an object, or marks it deleted where finalizers, a grace period or the kind hold it.
 * @throws ApiError NotFound, Conflict (a precondition fails), and what admission refuses
 */
export async function deleteObject<T extends KubernetesObject>(
  registry: Registry,
  resource: Resource<T>,
  target: { readonly namespace: string; readonly name: string; readonly ofCollection?: boolean },
  options: DeleteOptions,
  context: WriteContext,
): Promise<Deleted<T>> {
  const { rules } = resource;
  const key = resource.key(target.namespace, target.name);
  let outcome: { object: T; bytes: Buffer; gone: boolean } | undefined;
  const decide = async (entry: StorageEntry | undefined): Promise<Decision> => {
    if (entry === undefined) throw notFound(rules.kind, target.name);
    const value = resource.forms === undefined ? entry.value : await resource.readStored(key, entry);
    const old = parseStored<T>(value, entry.revision);
    checkPreconditions(resource, old, options);
    const request = new AdmissionRequest<T>({
      operation: 'DELETE',
      resource,
      subresource: '',
      namespace: target.namespace,
      // As upstream: where a whole collection goes, no name is asked for.
      name: target.ofCollection === true ? '' : target.name,
      object: undefined,
      oldObject: () => old,
      context,
    });
    const admitted = registry.admission.admit(request);
    if (admitted !== undefined) await admitted;
    const errors = rules.validateDelete?.(old, context) ?? [];
    if (errors.length > 0) throw invalidObject(rules.kind, target.name, errors);
    const validated = registry.admission.validate(request);
    if (validated !== undefined) await validated;
    context.request?.assertWanted();
    const object = parseStored<T>(value, entry.revision);
    mark(resource, object, options, context);
    const gone = isFinished(resource, object);
    // Of a kind with a grace period the answer shows that there was none left; others are shown as they were.
    const showsEnd = rules.gracePeriodSeconds !== undefined || !gone;
    outcome = { object, bytes: showsEnd ? storedBytes(object) : value, gone };
    if (context.dryRun) return { keep: true };
    if (gone) return { delete: true };
    if (outcome.bytes.equals(value)) return { keep: true, unchanged: true };
    const written = resource.writeStored(object, outcome.bytes);
    return { put: written instanceof Promise ? await written : written };
  };
  let revision: number;
  if (context.dryRun) {
    const { entry } = await (resource.source ?? registry.storage).get(key);
    await decide(entry);
    revision = entry?.revision ?? 0;
  } else {
    revision = await (resource.source ?? registry.storage).write(key, decide);
  }
  if (outcome === undefined) throw notFound(rules.kind, target.name);
  if (outcome.gone && !context.dryRun) await rules.release?.(outcome.object, context);
  outcome.object.metadata.resourceVersion = String(revision);
  return { ...outcome, revision };
}

function checkPreconditions<T extends KubernetesObject>(
  { rules, source }: Resource<T>,
  object: T,
  { preconditions }: DeleteOptions,
): void {
  const { metadata } = object;
  const { uid, resourceVersion } = preconditions ?? {};
  const name = metadata.name ?? '';
  // Upstream names the kind here where other conflicts name the resource.
  const kind = { group: rules.kind.group, plural: rules.kind.kind };
  if (uid !== undefined && uid !== metadata.uid)
    throw conflict(
      kind,
      name,
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid ?? ''}). The object might have been deleted and then recreated`,
    );
  if (
    resourceVersion !== undefined &&
    resourceVersion !== metadata.resourceVersion &&
    source?.isCurrent(resourceVersion, object) !== true
  )
    throw conflict(
      kind,
      name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion ?? ''}). The object might have been modified`,
    );
}

// Source: apiserver's `rest.BeforeDelete` and `deletionFinalizersForGarbageCollection`.
function mark<T extends KubernetesObject>(
  resource: Resource<T>,
  object: T,
  options: DeleteOptions,
  context: WriteContext,
): void {
  const { rules } = resource;
  const { metadata } = object;
  const wanted = Math.max(
    0,
    rules.gracePeriodSeconds?.(object, options.gracePeriodSeconds ?? undefined) ?? 0,
  );
  // While a grace period runs, all that another delete may do is to shorten it.
  const isRunning =
    rules.gracePeriodSeconds !== undefined &&
    metadata.deletionTimestamp !== undefined &&
    metadata.deletionGracePeriodSeconds !== undefined;
  if (isRunning && !shortens(metadata, wanted, options)) return;
  const finalizers = finalizersFor(resource, metadata.finalizers ?? [], options);
  if (finalizers.length > 0) metadata.finalizers = finalizers;
  else delete metadata.finalizers;
  if (metadata.deletionTimestamp === undefined) {
    metadata.deletionTimestamp = formatTime(context.now() + wanted * 1000);
    // What only its own finalizers hold (a namespace) has no grace period to show.
    if (rules.held === undefined) metadata.deletionGracePeriodSeconds = wanted;
    if (metadata.generation !== undefined && metadata.generation > 0) metadata.generation += 1;
    rules.markDeleted?.(object, context);
    return;
  }
  shorten(metadata, wanted, options);
}

/** A second delete may only shorten what is left. */
function shorten(metadata: KubernetesObject['metadata'], wanted: number, options: DeleteOptions): void {
  const left = metadata.deletionGracePeriodSeconds ?? 0;
  if (!shortens(metadata, wanted, options)) return;
  const started = Date.parse(metadata.deletionTimestamp ?? '') - left * 1000;
  metadata.deletionTimestamp = formatTime(started + wanted * 1000);
  metadata.deletionGracePeriodSeconds = wanted;
}

function shortens(
  { deletionGracePeriodSeconds = 0 }: KubernetesObject['metadata'],
  wanted: number,
  { gracePeriodSeconds }: DeleteOptions,
): boolean {
  return gracePeriodSeconds != null && wanted < deletionGracePeriodSeconds;
}

function finalizersFor<T extends KubernetesObject>(
  { rules }: Resource<T>,
  present: readonly string[],
  options: DeleteOptions,
): string[] {
  const policy = policyOf(options);
  if (policy === undefined && rules.defaultPropagation === undefined) return [...present];
  const kept = present.filter((one) => one !== orphan && one !== foreground);
  switch (policy ?? rules.defaultPropagation) {
    case 'Orphan':
      return [...kept, orphan];
    case 'Foreground':
      return [...kept, foreground];
    default:
      return kept;
  }
}

/** @throws ApiError BadRequest where the old and the new way to say it are mixed */
function policyOf(options: DeleteOptions): string | undefined {
  const { orphanDependents, propagationPolicy } = options;
  if (orphanDependents == null) return propagationPolicy ?? undefined;
  if (propagationPolicy != null)
    throw badRequest('orphanDependents and deletionPropagation cannot be both set');
  return orphanDependents ? 'Orphan' : 'Background';
}
