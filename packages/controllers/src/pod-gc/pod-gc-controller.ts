import { formatTime, isNotFound, parseTime } from '@kubewright/api';
import { Node, Pod } from '@kubewright/api/core/v1';
import type { Manager } from '../framework/manager.js';
import { nameOf } from '../framework/object-name.js';
import type { ReconcileContext } from '../framework/reconcile.js';
import { isPodTerminal } from '../pods/pod-state.js';

/** How many pods that have ended are kept for people to look at; upstream's default. */
const keptTerminated = 12_500;

/** How long a pod's node may be unknown before the pod counts as orphaned; the node may be about to register. */
const quarantineMs = 40_000;

/** Deletes pods that nobody else will: of nodes that are gone, never scheduled and deleted, or long ended. */
export function addPodGarbageCollector(manager: Manager): void {
  const nodes = manager.informer(Node);
  const pods = manager.informer(Pod, {
    indexes: {
      node: ({ spec }: Pod) => (spec?.nodeName ? [spec.nodeName] : []),
      ended: (pod: Pod) => (isPodTerminal(pod) ? [''] : []),
    },
  });
  const missingSince = new Map<string, number>();
  manager
    .controller(Pod, { name: 'pod-garbage-collector-controller' })
    .watches(Node, ({ metadata }) => pods.byIndex('node', metadata.name ?? '').map(nameOf), {
      predicates: [({ type }) => type !== 'modified'],
    })
    .reconcile(async ({ name, namespace }, context) => {
      const pod = pods.get(name, namespace);
      if (pod === undefined) return undefined;
      const nodeName = pod.spec?.nodeName;
      if (isPodTerminal(pod))
        for (const surplus of surplusOf(pods.byIndex('ended', ''))) await remove(surplus, context);
      if (!nodeName) {
        // No kubelet will ever confirm the end of it.
        if (pod.metadata.deletionTimestamp !== undefined) await remove(pod, context);
        return undefined;
      }
      if (nodes.get(nodeName) !== undefined) {
        missingSince.delete(nodeName);
        return undefined;
      }
      const now = context.clock.now();
      const since = missingSince.get(nodeName) ?? now;
      missingSince.set(nodeName, since);
      if (now < since + quarantineMs) return { requeueAfterMs: since + quarantineMs - now };
      // The cache may be old: only the server knows that there is no such node.
      if (await exists(nodeName, context)) return { requeueAfterMs: quarantineMs };
      await fail(pod, context);
      await remove(pod, context);
      return undefined;
    });
}

/** The oldest beyond the number that is kept. */
export function surplusOf(ended: readonly Pod[], kept = keptTerminated): readonly Pod[] {
  if (ended.length <= kept) return [];
  const created = ({ metadata }: Pod) => parseTime(metadata.creationTimestamp ?? '') ?? 0;
  return [...ended].sort((a, b) => created(a) - created(b)).slice(0, ended.length - kept);
}

async function exists(nodeName: string, { client, signal }: ReconcileContext): Promise<boolean> {
  try {
    await client.resource(Node).get(nodeName, { signal });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** Its end is told before it goes, for controllers that count failures. */
async function fail(pod: Pod, { client, clock, signal }: ReconcileContext): Promise<void> {
  if (isPodTerminal(pod)) return;
  const { name = '', namespace, uid } = pod.metadata;
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByPodGC',
    message: 'PodGC: node no longer exists',
    lastTransitionTime: formatTime(clock.now()),
  };
  try {
    await client
      .resource(Pod)
      .namespace(namespace)
      .status.patchStrategic(
        name,
        { metadata: { uid }, status: { phase: 'Failed', conditions: [condition] } },
        { signal },
      );
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

async function remove({ metadata }: Pod, { client, signal }: ReconcileContext): Promise<void> {
  const { name = '', namespace, uid } = metadata;
  try {
    await client
      .resource(Pod)
      .namespace(namespace)
      .delete(name, {
        gracePeriodSeconds: 0,
        signal,
        ...(uid === undefined ? {} : { preconditions: { uid } }),
      });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
