import type { Kind, KubernetesObject } from '@kubewright/api';
import type { Client } from './client.js';
import type { ApplyInput, ApplyOptions } from './options.js';

export interface ApplyObjectsOptions extends ApplyOptions {
  /** For objects of namespaced kinds that name none. @default the client's */
  readonly namespace?: string | undefined;
}

export interface ApplyObjectsResult {
  /** As the server has them now, in the order in which they were applied. */
  readonly applied: readonly KubernetesObject[];
}

/**
 * Applies objects of any kinds, known by their apiVersion and kind: those of the cluster (namespaces, definitions,
 * roles) before those that live in a namespace.
 * @throws TypeError for an object without apiVersion, kind or name, before anything is applied
 */
export async function applyObjects(
  client: Client,
  objects: readonly KubernetesObject[],
  options: ApplyObjectsOptions,
): Promise<ApplyObjectsResult> {
  const named = objects.map(checked);
  const applied: KubernetesObject[] = [];
  const later: typeof named = [];
  // Objects of the cluster may bring the kinds of the others, which are therefore looked up afterwards.
  for (const entry of named) {
    const kind = await lookUp(client, entry, options);
    if (kind?.scope === 'Cluster') applied.push(await applyOne(client, kind, entry.object, options));
    else later.push(entry);
  }
  for (const entry of later) {
    const kind = await client.discovery.kindOf(entry, options);
    applied.push(await applyOne(client, kind, entry.object, options));
  }
  return { applied };
}

interface NamedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly object: ApplyInput<KubernetesObject>;
}

function checked(object: KubernetesObject, index: number): NamedObject {
  const { apiVersion, kind, metadata } = object;
  const missing =
    apiVersion === undefined
      ? 'apiVersion'
      : kind === undefined
        ? 'kind'
        : metadata?.name
          ? ''
          : 'metadata.name';
  if (missing !== '' || apiVersion === undefined || kind === undefined)
    throw new TypeError(`object ${index} has no ${missing}`);
  return { apiVersion, kind, object: { ...object, metadata: { ...metadata, name: metadata.name ?? '' } } };
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

function applyOne(
  client: Client,
  kind: Kind,
  object: ApplyInput<KubernetesObject>,
  options: ApplyObjectsOptions,
): Promise<KubernetesObject> {
  const namespace = object.metadata.namespace ?? options.namespace ?? client.defaultNamespace;
  return client.resource(kind).namespace(namespace).apply(object, options);
}
