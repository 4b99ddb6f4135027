import { randomInt, randomUUID } from 'node:crypto';
import { ApiError, alreadyExists, formatTime, isAlreadyExists, type KubernetesObject } from '@kubewright/api';
import { AdmissionRequest } from '../admission/admission-request.js';
import { storedBytes } from '../encoding/object-bytes.js';
import { inStep } from '../turn.js';
import { invalidObject } from '../validation/field-error.js';
import { validateMetadata } from '../validation/object-meta.js';
import { matchNamespace } from './place-in-namespace.js';
import type { Registry } from './registry.js';
import type { Resource } from './resource.js';
import type { StoredObject } from './stored-object.js';
import type { WriteContext } from './write-context.js';

/** How often a generated name may turn out to be taken. Source: KEP-4420. */
const nameAttempts = 8;
/** No vowels and no look-alikes, as upstream's generator. */
const nameLetters = 'bcdfghjklmnpqrstvwxz2456789';
const suffixLength = 5;
const maxGeneratedBase = 63 - suffixLength;

/**
 * Creates an object of the stored version, defaults already set: admission, preparation, name, validation, allocation,
 * store. Changes the object that it is given.
 * @throws ApiError AlreadyExists, Invalid, and what admission refuses
 */
export async function createObject<T extends KubernetesObject>(
  registry: Registry,
  resource: Resource<T>,
  object: T,
  context: WriteContext,
): Promise<StoredObject<T>> {
  const { metadata } = object;
  const generated = (metadata.name ?? '') === '' && (metadata.generateName ?? '') !== '';
  wipeDeletion(metadata);
  // What admission adds is nobody's.
  const tracked = context.ownership?.track(undefined, object, '');
  if (tracked !== undefined) await tracked;
  const request = new AdmissionRequest({
    operation: 'CREATE',
    resource,
    subresource: '',
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    object,
    context,
  });
  const admitted = registry.admission.admit(request);
  if (admitted !== undefined) await admitted;
  matchNamespace(object, request.namespace, resource);
  if (resource.rules.authorizeWrite !== undefined)
    await resource.rules.authorizeWrite(object, undefined, context);
  for (let attempt = 1; ; attempt++) {
    // The name comes first: defaults and preparation may depend on it (labels of a Namespace and of a Job's pods).
    const candidate = generated ? structuredClone(object) : object;
    if (generated) candidate.metadata.name = generateName(metadata.generateName ?? '');
    resource.rules.default?.(candidate);
    fillSystemFields(resource, candidate, context);
    try {
      return await createNamed(registry, request.named(candidate.metadata.name ?? '', candidate), candidate);
    } catch (error) {
      if (!generated || !isAlreadyExists(error)) throw error;
      if (attempt === nameAttempts) throw generatedNameTaken(resource, candidate);
    }
  }
}

async function createNamed<T extends KubernetesObject>(
  registry: Registry,
  request: AdmissionRequest<T>,
  object: T,
): Promise<StoredObject<T>> {
  const { resource, context, name } = request;
  const { rules } = resource;
  // What the object needs to itself is taken first, also by one that turns out to be wrong, as upstream does.
  const giveBack = await rules.allocate?.(object, undefined, context);
  try {
    const errors = [
      ...validateMetadata(resource, object),
      ...resource.schemaErrors({ object }),
      ...(rules.validate?.(object, context) ?? []),
      ...(rules.validateCreate?.(object, context) ?? []),
    ];
    if (errors.length > 0) throw invalidObject(rules.kind, name, errors);
    const admitted = registry.admission.validate(request);
    if (admitted !== undefined) await admitted;
    await inStep;
    return await store(registry, request, object);
  } catch (error) {
    await giveBack?.();
    throw error;
  }
}

async function store<T extends KubernetesObject>(
  registry: Registry,
  { resource, context, name }: AdmissionRequest<T>,
  object: T,
): Promise<StoredObject<T>> {
  const { rules } = resource;
  const key = resource.key(object.metadata.namespace ?? '', name);
  if (context.dryRun) {
    if ((await (resource.source ?? registry.storage).get(key)).entry !== undefined)
      throw alreadyExists(rules.kind, name);
    return { bytes: storedBytes(object), revision: 0, object };
  }
  refuseVersion(object.metadata);
  const bytes = storedBytes(object);
  const written = resource.writeStored(object, bytes);
  const put = written instanceof Promise ? await written : written;
  const revision = await (resource.source ?? registry.storage).write(key, (current) => {
    if (current !== undefined) throw alreadyExists(rules.kind, name);
    context.request?.assertWanted();
    return { put };
  });
  const isShown = put === bytes && !resource.presetsStatus;
  const shown = isShown ? { object, bytes } : await resource.readAgain(put);
  shown.object.metadata.resourceVersion = String(revision);
  return { ...shown, revision };
}

/** Source: etcd3's `store.Create`: what is no number is no version, and a dry run stores nothing. */
function refuseVersion({ resourceVersion = '' }: KubernetesObject['metadata']): void {
  if (/^\d+$/.test(resourceVersion) && Number(resourceVersion) !== 0)
    throw new ApiError('', 'resourceVersion should not be set on objects to be created');
}

/** What only the server sets. Source: apiserver's `rest.BeforeCreate`. */
function fillSystemFields<T extends KubernetesObject>(
  resource: Resource<T>,
  object: T,
  context: WriteContext,
): void {
  const { rules } = resource;
  const { metadata } = object;
  wipeDeletion(metadata);
  wipe(metadata, 'selfLink');
  metadata.creationTimestamp = formatTime(context.now());
  metadata.uid = randomUUID();
  if (rules.generation) metadata.generation = 1;
  const resetsStatus = rules.kind.subresources.status !== undefined && !rules.createdWithStatus;
  if (resetsStatus && 'status' in object) delete object.status;
  rules.dropDisabled?.(object);
  rules.prepareForCreate?.(object, context);
}

/** Nothing is created as deleted. */
function wipeDeletion(metadata: KubernetesObject['metadata']): void {
  wipe(metadata, 'deletionTimestamp');
  wipe(metadata, 'deletionGracePeriodSeconds');
}

/** Deletes what is there; where nothing is, V8 takes as long to find that out. */
function wipe<O extends object>(object: O, field: keyof O): void {
  if (object[field] !== undefined) delete object[field];
}

function generateName(base: string): string {
  let suffix = '';
  for (let i = 0; i < suffixLength; i++) suffix += nameLetters[randomInt(nameLetters.length)];
  return base.slice(0, maxGeneratedBase) + suffix;
}

function generatedNameTaken<T extends KubernetesObject>(resource: Resource<T>, object: T): ApiError {
  const { name = '', generateName: base = '' } = object.metadata;
  const taken = alreadyExists(resource.rules.kind, name);
  return new ApiError(
    'AlreadyExists',
    `${taken.message}, the server was not able to generate a unique name for the object`,
    {
      details: {
        ...taken.details,
        retryAfterSeconds: 1,
        causes: [{ reason: 'FieldValueDuplicate', message: base, field: 'metadata.generateName' }],
      },
    },
  );
}
