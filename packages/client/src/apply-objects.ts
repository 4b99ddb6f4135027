import type { Kind, KubernetesObject } from '@kubewright/api';
import { isApiError, isNotFound } from '@kubewright/api/protocol';
import type { Client } from './client.js';
import { sleep } from './clock.js';
import type { ApplyInput, ApplyOptions } from './options.js';
import { type PruneOptions, pruneObjects } from './prune-objects.js';

export interface ApplyObjectsOptions extends ApplyOptions {
  /** For objects of namespaced kinds that name none. @default the client's */
  readonly namespace?: string | undefined;
  /** Afterwards deletes what was applied before and is not among the objects now. @default nothing is deleted */
  readonly prune?: PruneOptions | undefined;
}

export interface ApplyObjectsResult {
  /** As the server has them now, in the order in which they were applied. */
  readonly applied: readonly KubernetesObject[];
  readonly pruned: readonly KubernetesObject[];
}

/**
 * Applies objects of any kinds, known by their apiVersion and kind: those of the cluster (namespaces, definitions,
 * roles) before those that live in a namespace. Goes on after an object that the server refuses, as kubectl does, but
 * then deletes nothing.
 * @throws TypeError for an object without apiVersion, kind or name, before anything is applied; AggregateError with a
 * fault for each object that was refused
 */
export async function applyObjects(
  client: Client,
  objects: readonly KubernetesObject[],
  options: ApplyObjectsOptions,
): Promise<ApplyObjectsResult> {
  const named = objects.map(checked);
  const applied: KubernetesObject[] = [];
  const kinds = new Set<Kind>();
  const faults: Error[] = [];
  const apply = async (entry: NamedObject, kind: Kind) => {
    kinds.add(kind);
    try {
      applied.push(await applyOne(client, kind, entry.object, options));
    } catch (error) {
      if (!isApiError(error)) throw error;
      faults.push(
        new Error(`${entry.kind} ${entry.object.metadata.name}: ${error.message}`, { cause: error }),
      );
    }
  };
  const later: NamedObject[] = [];
  // Objects of the cluster may bring the kinds of the others, which are therefore looked up afterwards.
  for (const entry of named) {
    const kind = await lookUp(client, entry, options);
    if (kind?.scope === 'Cluster') await apply(entry, kind);
    else later.push(entry);
  }
  const mayBringKinds = applied.length > 0;
  for (const entry of later) {
    const kind = await kindOf(client, entry, options, mayBringKinds).catch((error: unknown) => {
      if (!isApiError(error)) throw error;
      faults.push(error);
    });
    if (kind) await apply(entry, kind);
  }
  if (faults.length > 0)
    throw new AggregateError(
      faults,
      `${faults.length} of ${objects.length} objects were not applied: ${faults.map(({ message }) => message).join('; ')}`,
    );
  const { prune } = options;
  return {
    applied,
    pruned: prune === undefined ? [] : await pruneObjects(client, { applied, kinds, prune, options }),
  };
}

interface NamedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly object: ApplyInput<KubernetesObject>;
}

function checked(object: KubernetesObject, index: number): NamedObject {
  const { apiVersion, kind, metadata } = object;
  if (!apiVersion) throw new TypeError(`object ${index} has no apiVersion`);
  if (!kind) throw new TypeError(`object ${index} has no kind`);
  if (!metadata?.name) throw new TypeError(`object ${index} has no metadata.name`);
  return { apiVersion, kind, object: { ...object, metadata: { ...metadata, name: metadata.name } } };
}

/** Undefined for a kind that the server does not have yet. */
async function lookUp(
  client: Client,
  { apiVersion, kind }: NamedObject,
  { signal, timeoutMs }: ApplyObjectsOptions,
): Promise<Kind | undefined> {
  const kinds = await client.discovery.kindsOfVersion(apiVersion, { signal, timeoutMs });
  return kinds.find((candidate) => candidate.kind === kind);
}

const newKindTries = 20;
const newKindDelayMs = 250;

/** A kind that was just brought is served a moment later. */
async function kindOf(
  client: Client,
  entry: NamedObject,
  { signal, timeoutMs }: ApplyObjectsOptions,
  mayCome: boolean,
): Promise<Kind> {
  for (let tries = 0; ; tries++)
    try {
      return await client.discovery.kindOf(entry, { signal, timeoutMs });
    } catch (error) {
      if (!isNotFound(error) || !mayCome || tries >= newKindTries) throw error;
      await sleep(client.requester.clock, newKindDelayMs, signal);
    }
}

function applyOne(
  client: Client,
  kind: Kind,
  object: ApplyInput<KubernetesObject>,
  options: ApplyObjectsOptions,
): Promise<KubernetesObject> {
  const namespace = object.metadata.namespace ?? options.namespace ?? client.defaultNamespace;
  return client.resource(kind).namespace(namespace).apply(object, options);
}
