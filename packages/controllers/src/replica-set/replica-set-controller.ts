import {
  controllerOf,
  isApiError,
  isNotFound,
  labelRequirements,
  matchesLabels,
  ownerReference,
  selectorMatches,
} from '@kubewright/api';
import { ReplicaSet } from '@kubewright/api/apps/v1';
import { Pod } from '@kubewright/api/core/v1';
import type { Informer } from '@kubewright/client';
import { claim } from '../framework/claim.js';
import type { Manager } from '../framework/manager.js';
import { keyOf, nameOf } from '../framework/object-name.js';
import { OwnWrites } from '../framework/own-writes.js';
import type { ReconcileContext, ReconcileResult } from '../framework/reconcile.js';
import { updateStatus } from '../framework/status.js';
import { isPodActive } from '../pods/pod-state.js';
import { inDeletionOrder } from './deletion-order.js';
import { podOfTemplate } from './pod-of-template.js';
import { nextAvailabilityMs, type ReplicaSetObservation, replicaSetStatus } from './replica-set-status.js';
import { slowStart } from './slow-start.js';

/** The most pods that one reconcile creates or deletes. */
const burstReplicas = 500;

/** How soon a reconcile comes back that found its cache behind its own writes; the watch mostly wakes it sooner. */
const behindMs = 1000;

type Pods = Informer<Pod, 'controller' | 'orphans'>;

/** Keeps as many pods of a template as a ReplicaSet asks for. */
export function addReplicaSetController(manager: Manager): void {
  const replicaSets = manager.informer(ReplicaSet, {
    indexes: { controller: (replicaSet) => [controllerOf(replicaSet)?.uid ?? ''] },
  });
  const pods: Pods = manager.informer(Pod, {
    indexes: {
      controller: (pod) => [controllerOf(pod)?.uid ?? ''],
      orphans: (pod) => (controllerOf(pod) === undefined ? [pod.metadata.namespace ?? ''] : []),
    },
  });
  const writer = new PodWriter(pods, manager);
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
  }: { readonly pods: Pods; readonly writer: PodWriter; readonly related: () => Pod[] },
): Promise<ReconcileResult | undefined> {
  const { client, clock, signal } = context;
  const key = keyOf(nameOf(replicaSet));
  const { uid = '', namespace = '' } = replicaSet.metadata;
  // Asked before the pods are read: what is written from here on is not in what is read now.
  const upToDate = await writer.upToDate(key, replicaSet, context);
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
  parts: { readonly context: ReconcileContext; readonly writer: PodWriter; readonly related: () => Pod[] },
): Promise<{ readonly reason: 'FailedCreate' | 'FailedDelete'; readonly error: unknown } | undefined> {
  const { context, writer, related } = parts;
  const missing = (replicaSet.spec?.replicas ?? 1) - active.length;
  if (missing > 0) {
    const count = Math.min(missing, burstReplicas);
    const { error } = await slowStart(count, () => writer.create(replicaSet, context));
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

/** Creates and deletes pods for ReplicaSets, and knows whether the cache shows all that it wrote. */
class PodWriter {
  readonly #pods: Pods;
  readonly #own: OwnWrites<Pod>;
  /** Keys with a create of which nobody knows whether it happened. */
  readonly #uncertain = new Set<string>();

  constructor(pods: Pods, { clock }: Pick<Manager, 'clock'>) {
    this.#pods = pods;
    this.#own = new OwnWrites(pods, { clock });
  }

  forget(key: string): void {
    this.#own.forget(key);
    this.#uncertain.delete(key);
  }

  async upToDate(
    key: string,
    replicaSet: ReplicaSet,
    { client, signal }: ReconcileContext,
  ): Promise<boolean> {
    if (this.#uncertain.has(key)) {
      // The server knows which creates happened; the cache has to show all of these before anything is counted.
      const { namespace, uid } = replicaSet.metadata;
      const { items } = await client.resource(Pod).namespace(namespace).list({ signal });
      for (const pod of items)
        if (
          controllerOf(pod)?.uid === uid &&
          this.#pods.get(pod.metadata.name ?? '', namespace) === undefined
        )
          this.#own.stored(key, pod);
      this.#uncertain.delete(key);
    }
    return this.#own.seen(key);
  }

  async create(replicaSet: ReplicaSet, { client, events, signal }: ReconcileContext): Promise<void> {
    const key = keyOf(nameOf(replicaSet));
    const pod = podOfTemplate(
      replicaSet,
      replicaSet.spec?.template ?? {},
      ownerReference(ReplicaSet, replicaSet, true),
    );
    try {
      const created = await client.resource(Pod).create(pod, { signal });
      this.#own.stored(key, created);
      events.normal(replicaSet, 'SuccessfulCreate', `Created pod: ${created.metadata.name}`);
    } catch (error) {
      if (isNamespaceTerminating(error)) return;
      if (!isApiError(error) || error.code >= 500) this.#uncertain.add(key);
      events.warning(replicaSet, 'FailedCreate', `Error creating: ${messageOf(error)}`);
      throw error;
    }
  }

  async delete(
    replicaSet: ReplicaSet,
    pod: Pod,
    { client, events, signal }: ReconcileContext,
  ): Promise<void> {
    const { name = '', namespace, uid } = pod.metadata;
    try {
      await client
        .resource(Pod)
        .namespace(namespace)
        .delete(name, { signal, ...(uid === undefined ? {} : { preconditions: { uid } }) });
      events.normal(replicaSet, 'SuccessfulDelete', `Deleted pod: ${name}`);
    } catch (error) {
      if (!isNotFound(error)) {
        events.warning(replicaSet, 'FailedDelete', `Error deleting: ${messageOf(error)}`);
        throw error;
      }
    }
    this.#own.deleted(keyOf(nameOf(replicaSet)), pod);
  }
}

/** Pods of a namespace that goes away are nobody's loss. */
function isNamespaceTerminating(error: unknown): boolean {
  return (
    isApiError(error) &&
    (error.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') ?? false)
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
