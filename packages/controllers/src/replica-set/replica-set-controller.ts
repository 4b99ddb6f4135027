import { controllerOf, labelRequirements, matchesLabels, selectorMatches } from '@kubewright/api';
import { ReplicaSet } from '@kubewright/api/apps/v1';
import { Pod } from '@kubewright/api/core/v1';
import { claim } from '../framework/claim.js';
import type { Manager } from '../framework/manager.js';
import { keyOf, nameOf } from '../framework/object-name.js';
import type { ReconcileContext, ReconcileResult } from '../framework/reconcile.js';
import { updateStatus } from '../framework/status.js';
import { inDeletionOrder } from '../pods/deletion-order.js';
import { isPodActive } from '../pods/pod-state.js';
import { type OwnedPods, ownedPods, PodWriter } from '../pods/pod-writer.js';
import { slowStart } from '../pods/slow-start.js';
import { nextAvailabilityMs, type ReplicaSetObservation, replicaSetStatus } from './replica-set-status.js';

/** The most pods that one reconcile creates or deletes. */
const burstReplicas = 500;

/** How soon a reconcile comes back that found its cache behind its own writes; the watch mostly wakes it sooner. */
const behindMs = 1000;

/** Keeps as many pods of a template as a ReplicaSet asks for. */
export function addReplicaSetController(manager: Manager): void {
  const replicaSets = manager.informer(ReplicaSet, {
    indexes: { controller: (replicaSet) => [controllerOf(replicaSet)?.uid ?? ''] },
  });
  const pods = ownedPods(manager);
  const writer = new PodWriter(ReplicaSet, pods, manager);
  manager
    .controller(ReplicaSet, { name: 'replicaset-controller', concurrency: 5 })
    .owns(Pod)
    .watches(Pod, (pod) =>
      controllerOf(pod) !== undefined
        ? []
        : replicaSets
            .list(pod.metadata.namespace)
            .filter(({ spec }) => selectorMatches(spec?.selector, pod.metadata.labels))
            .map(nameOf),
    )
    .reconcile(async (key, context) => {
      const replicaSet = replicaSets.get(key.name, key.namespace);
      if (replicaSet === undefined) {
        writer.forget(keyOf(key));
        return undefined;
      }
      return reconcile(replicaSet, context, { pods, writer, related: () => relatedPods(replicaSet) });
    });

  /** The pods of all ReplicaSets that have the same controller: what a Deployment has on a node. */
  function relatedPods(replicaSet: ReplicaSet): Pod[] {
    const controller = controllerOf(replicaSet)?.uid;
    const siblings = controller === undefined ? [replicaSet] : replicaSets.byIndex('controller', controller);
    return siblings.flatMap(({ metadata }) => pods.byIndex('controller', metadata.uid ?? ''));
  }
}

async function reconcile(
  replicaSet: ReplicaSet,
  context: ReconcileContext,
  {
    pods,
    writer,
    related,
  }: { readonly pods: OwnedPods; readonly writer: PodWriter<ReplicaSet>; readonly related: () => Pod[] },
): Promise<ReconcileResult | undefined> {
  const { client, clock, signal } = context;
  const { uid = '', namespace = '' } = replicaSet.metadata;
  // Asked before the pods are read: what is written from here on is not in what is read now.
  const upToDate = await writer.upToDate(replicaSet, context);
  // Read once: there may be thousands of pods.
  const requirements = labelRequirements(replicaSet.spec?.selector);
  const claimed = await claim({
    owner: replicaSet,
    ownerKind: ReplicaSet,
    owners: client.resource(ReplicaSet),
    resource: client.resource(Pod),
    candidates: [...pods.byIndex('controller', uid), ...pods.byIndex('orphans', namespace)],
    matches: ({ metadata }) => matchesLabels(requirements, metadata.labels),
    signal,
  });
  let failure: { readonly reason: 'FailedCreate' | 'FailedDelete'; readonly error: unknown } | undefined;
  if (upToDate && replicaSet.metadata.deletionTimestamp === undefined)
    failure = await scale(replicaSet, claimed.filter(isPodActive), { context, writer, related });
  const observation: ReplicaSetObservation = {
    replicaSet,
    pods: claimed,
    now: clock.now(),
    failure: failure && { reason: failure.reason, message: messageOf(failure.error) },
  };
  await updateStatus(client.resource(ReplicaSet), replicaSet, replicaSetStatus(observation), { signal });
  if (failure !== undefined) throw failure.error;
  return { requeueAfterMs: upToDate ? nextAvailabilityMs(observation) : behindMs };
}

/** Creates what is missing or deletes what is too much. */
async function scale(
  replicaSet: ReplicaSet,
  active: readonly Pod[],
  parts: {
    readonly context: ReconcileContext;
    readonly writer: PodWriter<ReplicaSet>;
    readonly related: () => Pod[];
  },
): Promise<{ readonly reason: 'FailedCreate' | 'FailedDelete'; readonly error: unknown } | undefined> {
  const { context, writer, related } = parts;
  const missing = (replicaSet.spec?.replicas ?? 1) - active.length;
  if (missing > 0) {
    const count = Math.min(missing, burstReplicas);
    const template = replicaSet.spec?.template ?? {};
    const { error } = await slowStart(count, () => writer.create(replicaSet, template, context));
    return error === undefined ? undefined : { reason: 'FailedCreate', error };
  }
  if (missing < 0) {
    const surplus = inDeletionOrder(active, related(), context.clock.now()).slice(
      0,
      Math.min(-missing, burstReplicas),
    );
    const results = await Promise.allSettled(surplus.map((pod) => writer.delete(replicaSet, pod, context)));
    const failed = results.find((result) => result.status === 'rejected');
    return failed === undefined ? undefined : { reason: 'FailedDelete', error: failed.reason };
  }
  return undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
