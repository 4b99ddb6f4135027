import type { Kind, KubernetesObject } from '@kubewright/api';
import { isNotFound } from '@kubewright/api/protocol';
import type { Client } from './client.js';
import type { ApplyOptions, CallOptions } from './options.js';

export interface PruneOptions {
  /** Only what this matches is ever deleted; an empty one is refused. */
  readonly labelSelector: string;
  /** Of which kinds objects are looked for, besides those that were applied. @default those that kubectl prunes */
  readonly kinds?: readonly { readonly apiVersion: string; readonly kind: string }[] | undefined;
}

/** Source: kubectl's `prune.GetRESTMappings`. */
const defaultKinds: readonly (readonly [apiVersion: string, kinds: readonly string[]])[] = [
  [
    'v1',
    [
      'ConfigMap',
      'Endpoints',
      'Namespace',
      'PersistentVolumeClaim',
      'PersistentVolume',
      'Pod',
      'ReplicationController',
      'Secret',
      'Service',
    ],
  ],
  ['batch/v1', ['Job', 'CronJob']],
  ['networking.k8s.io/v1', ['Ingress']],
  ['apps/v1', ['DaemonSet', 'Deployment', 'ReplicaSet', 'StatefulSet']],
];

/** What kubectl leaves on objects that it applies on the client's side. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * Deletes what matches the selector and was applied, by this field manager or by kubectl, but is not among what is
 * applied now: in the namespaces of the applied objects, and of the cluster. Dependents go in the background.
 * @returns what was deleted, as metadata
 */
export async function pruneObjects(
  client: Client,
  task: {
    readonly applied: readonly KubernetesObject[];
    readonly kinds: ReadonlySet<Kind>;
    readonly prune: PruneOptions;
    readonly options: ApplyOptions;
  },
): Promise<readonly KubernetesObject[]> {
  const { applied, prune, options } = task;
  if (prune.labelSelector.trim() === '')
    throw new TypeError('prune needs a labelSelector: without one it would delete what others applied');
  const manager = options.fieldManager ?? client.requester.fieldManager;
  const calls: CallOptions = { signal: options.signal, timeoutMs: options.timeoutMs };
  const kept = new Set(applied.map(({ metadata }) => metadata.uid));
  const namespaces = new Set(applied.flatMap(({ metadata }) => metadata.namespace ?? []));
  const pruned: KubernetesObject[] = [];
  // Objects in a namespace go before their namespace.
  for (const kind of (await kindsToPrune(client, task.kinds, prune, calls)).sort(clusterLast)) {
    const scopes: readonly (string | undefined)[] = kind.scope === 'Cluster' ? [undefined] : [...namespaces];
    for (const namespace of scopes) {
      const resource = client.resource(kind).namespace(namespace);
      const candidates = resource.metadataOnly().listAll({ labelSelector: prune.labelSelector, ...calls });
      for await (const { metadata } of candidates) {
        const { uid = '', name = '', deletionTimestamp } = metadata;
        if (kept.has(uid) || deletionTimestamp || !wasApplied(metadata, manager)) continue;
        try {
          await resource.delete(name, {
            preconditions: { uid },
            propagationPolicy: 'Background',
            dryRun: options.dryRun,
            ...calls,
          });
        } catch (error) {
          // Somebody was faster.
          if (isNotFound(error)) continue;
          throw error;
        }
        pruned.push({ apiVersion: kind.apiVersion, kind: kind.kind, metadata });
      }
    }
  }
  return pruned;
}

function wasApplied({ annotations, managedFields }: KubernetesObject['metadata'], manager: string): boolean {
  return (
    annotations?.[lastApplied] !== undefined ||
    (managedFields ?? []).some(
      (entry) => entry.manager === manager && entry.operation === 'Apply' && !entry.subresource,
    )
  );
}

function clusterLast(a: Kind, b: Kind): number {
  return Number(a.scope === 'Cluster') - Number(b.scope === 'Cluster');
}

/** Each once, and only those that the server has and can delete. */
async function kindsToPrune(
  client: Client,
  applied: ReadonlySet<Kind>,
  { kinds }: PruneOptions,
  calls: CallOptions,
): Promise<Kind[]> {
  const wanted =
    kinds ?? defaultKinds.flatMap(([apiVersion, names]) => names.map((kind) => ({ apiVersion, kind })));
  const all = new Map([...applied].map((kind) => [`${kind.apiVersion}/${kind.plural}`, kind]));
  for (const { apiVersion, kind: name } of wanted) {
    const served = await client.discovery.kindsOfVersion(apiVersion, calls);
    const kind = served.find((one) => one.kind === name);
    if (kind !== undefined) all.set(`${kind.apiVersion}/${kind.plural}`, kind);
  }
  return [...all.values()].filter(({ verbs }) => verbs.includes('delete') && verbs.includes('list'));
}
