import { formatTime, isNotFound, parseTime } from '@kubewright/api';
import { Node, Pod, type Taint } from '@kubewright/api/core/v1';
import type { Manager } from '../framework/manager.js';
import { nameOf } from '../framework/object-name.js';
import type { ReconcileContext } from '../framework/reconcile.js';
import { sameValue } from '../framework/same-value.js';
import { tolerates } from '../scheduler/tolerations.js';

/** How long pods stay on a node in trouble if they don't say so; the API server's admission writes it into pods. */
const defaultTolerationSeconds = 300;
const toleratedForAWhile = new Set(['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']);

/**
 * When a pod has to leave because of its node's NoExecute taints: milliseconds since 1970, undefined for never.
 * The shortest time counts. @param seenAt for taints that don't say since when they are there
 */
export function evictionTime(pod: Pod, taints: readonly Taint[], seenAt: number): number | undefined {
  const times = taints
    .filter(({ effect }) => effect === 'NoExecute')
    .map((taint) => (parseTime(taint.timeAdded ?? '') ?? seenAt) + toleratedMs(pod, taint));
  const earliest = Math.min(...times);
  return Number.isFinite(earliest) ? earliest : undefined;
}

function toleratedMs({ spec }: Pod, taint: Taint): number {
  const matching = (spec?.tolerations ?? []).filter((toleration) => tolerates(toleration, taint));
  if (matching.length === 0) return toleratedForAWhile.has(taint.key) ? defaultTolerationSeconds * 1000 : 0;
  const seconds = matching.map(({ tolerationSeconds }) => tolerationSeconds ?? Number.POSITIVE_INFINITY);
  return Math.max(0, Math.min(...seconds)) * 1000;
}

/** Deletes pods that don't tolerate a NoExecute taint of their node, or no longer. */
export function addTaintEvictionController(manager: Manager): void {
  const nodes = manager.informer(Node);
  const pods = manager.informer(Pod, {
    indexes: { node: ({ spec }: Pod) => (spec?.nodeName ? [spec.nodeName] : []) },
  });
  const seen = new Map<string, number>();
  manager
    .controller(Pod, {
      name: 'taint-eviction-controller',
      concurrency: 5,
      predicates: [
        ({ type, object, previous }) =>
          type !== 'modified' || object.spec?.nodeName !== previous?.spec?.nodeName,
      ],
    })
    .watches(Node, ({ metadata }) => pods.byIndex('node', metadata.name ?? '').map(nameOf), {
      predicates: [
        ({ type, object, previous }) =>
          type !== 'modified' || !sameValue(object.spec?.taints, previous?.spec?.taints),
      ],
    })
    .reconcile(async ({ name, namespace }, context) => {
      const pod = pods.get(name, namespace);
      const uid = pod?.metadata.uid ?? `${namespace}/${name}`;
      const taints = nodes.get(pod?.spec?.nodeName ?? '')?.spec?.taints ?? [];
      const now = context.clock.now();
      if (pod === undefined || pod.metadata.deletionTimestamp !== undefined || taints.length === 0) {
        seen.delete(uid);
        return undefined;
      }
      const seenAt = seen.get(uid) ?? now;
      const time = evictionTime(pod, taints, seenAt);
      if (time === undefined) return undefined;
      seen.set(uid, seenAt);
      if (time > now) return { requeueAfterMs: time - now };
      await evict(pod, context);
      return undefined;
    });
}

async function evict(pod: Pod, { client, clock, events, signal }: ReconcileContext): Promise<void> {
  const { name = '', namespace, uid } = pod.metadata;
  const resource = client.resource(Pod).namespace(namespace);
  events.normal(pod, 'TaintManagerEviction', `Marking for deletion Pod ${namespace}/${name}`);
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByTaintManager',
    message: 'Taint manager: deleting due to NoExecute taint',
    lastTransitionTime: formatTime(clock.now()),
  };
  try {
    await resource.status.patchStrategic(
      name,
      { metadata: { uid }, status: { conditions: [condition] } },
      { signal },
    );
    await resource.delete(name, { signal, ...(uid === undefined ? {} : { preconditions: { uid } }) });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
