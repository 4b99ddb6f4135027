import { controllerOf, isAlreadyExists, isNotFound, selectorMatches } from '@kubewright/api';
import { Deployment, ReplicaSet } from '@kubewright/api/apps/v1';
import { Pod } from '@kubewright/api/core/v1';
import type { Informer } from '@kubewright/client';
import { claim } from '../framework/claim.js';
import type { Manager } from '../framework/manager.js';
import { keyOf, nameOf } from '../framework/object-name.js';
import { OwnWrites } from '../framework/own-writes.js';
import { refersTo } from '../framework/owner-reference.js';
import type { ReconcileContext, ReconcileResult } from '../framework/reconcile.js';
import { updateStatus } from '../framework/status.js';
import { isNamespaceTerminating } from '../namespace/namespace-terminating.js';
import { isPodTerminal } from '../pods/pod-state.js';
import { revisionAnnotation } from './annotations.js';
import { reasons, withCondition } from './deployment-condition.js';
import { deploymentStatus, hasDeadline, nextJudgementMs } from './deployment-status.js';
import { replicasOf, revisionsOf, sameTemplate } from './replica-sets.js';
import { planRollout, type RolloutPlan } from './rollout-plan.js';

/** How soon a reconcile comes back that found its caches behind its own writes; the watch mostly wakes it sooner. */
const behindMs = 1000;

interface Caches {
  readonly deployments: Informer<Deployment>;
  readonly replicaSets: Informer<ReplicaSet, 'controller' | 'orphans'>;
  readonly pods: Informer<Pod, 'controller'>;
  readonly ownDeployments: OwnWrites<Deployment>;
  readonly ownReplicaSets: OwnWrites<ReplicaSet>;
}

/** Rolls a Deployment's template out over ReplicaSets. */
export function addDeploymentController(manager: Manager): void {
  const deployments = manager.informer(Deployment);
  const replicaSets = manager.informer(ReplicaSet, {
    indexes: {
      controller: (replicaSet: ReplicaSet) => [controllerOf(replicaSet)?.uid ?? ''],
      orphans: (replicaSet: ReplicaSet) =>
        controllerOf(replicaSet) === undefined ? [replicaSet.metadata.namespace ?? ''] : [],
    },
  });
  const pods = manager.informer(Pod, {
    indexes: { controller: (pod: Pod) => [controllerOf(pod)?.uid ?? ''] },
  });
  const caches: Caches = {
    deployments,
    replicaSets,
    pods,
    ownDeployments: new OwnWrites(deployments, manager),
    ownReplicaSets: new OwnWrites(replicaSets, manager),
  };
  manager
    .controller(Deployment, { name: 'deployment-controller', concurrency: 5 })
    .owns(ReplicaSet)
    .watches(ReplicaSet, (replicaSet) =>
      controllerOf(replicaSet) !== undefined
        ? []
        : deployments
            .list(replicaSet.metadata.namespace)
            .filter(({ spec }) => selectorMatches(spec?.selector, replicaSet.metadata.labels))
            .map(nameOf),
    )
    // Recreate waits for the last old pod to go.
    .watches(Pod, (pod) => deploymentOf(pod, replicaSets), {
      predicates: [({ type, object }) => type === 'deleted' || isPodTerminal(object)],
    })
    .reconcile(async (name, context) => {
      const key = keyOf(name);
      const deployment = deployments.get(name.name, name.namespace);
      if (deployment === undefined) {
        caches.ownDeployments.forget(key);
        caches.ownReplicaSets.forget(key);
        return undefined;
      }
      if (!caches.ownDeployments.seen(key) || !caches.ownReplicaSets.seen(key))
        return { requeueAfterMs: behindMs };
      return reconcile(deployment, context, caches);
    });
}

function deploymentOf(
  pod: Pod,
  replicaSets: Informer<ReplicaSet, never>,
): { namespace?: string; name: string }[] {
  const controller = controllerOf(pod);
  const { namespace } = pod.metadata;
  if (controller === undefined || namespace === undefined || !refersTo(controller, ReplicaSet)) return [];
  const replicaSet = replicaSets.get(controller.name, namespace);
  const owner = replicaSet && controllerOf(replicaSet);
  return owner !== undefined && refersTo(owner, Deployment) ? [{ namespace, name: owner.name }] : [];
}

async function reconcile(
  deployment: Deployment,
  context: ReconcileContext,
  caches: Caches,
): Promise<ReconcileResult | undefined> {
  const { client, clock, signal, events } = context;
  const { uid = '', namespace = '' } = deployment.metadata;
  const selector = deployment.spec?.selector;
  if (Object.keys(selector?.matchLabels ?? {}).length + (selector?.matchExpressions ?? []).length === 0) {
    events.warning(
      deployment,
      'SelectingAll',
      'This deployment is selecting all pods. A non-empty selector is required.',
    );
    return undefined;
  }
  const claimed = await claim({
    owner: deployment,
    ownerKind: Deployment,
    owners: client.resource(Deployment),
    resource: client.resource(ReplicaSet),
    candidates: [
      ...caches.replicaSets.byIndex('controller', uid),
      ...caches.replicaSets.byIndex('orphans', namespace),
    ],
    matches: ({ metadata }) => selectorMatches(selector, metadata.labels),
    signal,
  });
  const revisions = revisionsOf(deployment, claimed);
  const oldPodsRun = revisions.old.some(({ metadata }) =>
    caches.pods.byIndex('controller', metadata.uid ?? '').some((pod) => !isPodTerminal(pod)),
  );
  const plan = planRollout({ deployment, revisions, oldPodsRun, now: clock.now() });
  const written = await new RolloutWriter(deployment, context, caches).carryOut(plan);
  const removed = new Set(plan.remove.map(({ metadata }) => metadata.uid));
  const after = revisionsOf(
    deployment,
    [...replaced(claimed, written)].filter(({ metadata }) => !removed.has(metadata.uid)),
  );
  const noted = await noteRevision(deployment, after.current, context);
  const status = deploymentStatus({
    deployment: noted,
    revisions: after,
    conditions: plan.conditions,
    now: clock.now(),
    judgesProgress: plan.judgesProgress,
  });
  const stored = await updateStatus(client.resource(Deployment), noted, status, { signal });
  if (stored !== deployment) caches.ownDeployments.stored(keyOf(nameOf(deployment)), stored);
  return { requeueAfterMs: plan.judgesProgress ? nextJudgementMs(stored, status, clock.now()) : undefined };
}

/** The list with what was written in place of what was. */
function* replaced(before: readonly ReplicaSet[], written: readonly ReplicaSet[]): Generator<ReplicaSet> {
  const byUid = new Map(written.map((replicaSet) => [replicaSet.metadata.uid, replicaSet]));
  for (const replicaSet of before) if (!byUid.has(replicaSet.metadata.uid)) yield replicaSet;
  yield* written;
}

/** Writes on the Deployment which revision it is at, for `kubectl rollout`. */
async function noteRevision(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  { client, signal }: ReconcileContext,
): Promise<Deployment> {
  const revision = current?.metadata.annotations?.[revisionAnnotation];
  const { namespace, annotations, deletionTimestamp } = deployment.metadata;
  if (revision === undefined || deletionTimestamp !== undefined) return deployment;
  if (annotations?.[revisionAnnotation] === revision) return deployment;
  const metadata = {
    ...deployment.metadata,
    annotations: { ...annotations, [revisionAnnotation]: revision },
  };
  // As upstream's controller does: by way of the status, since a change of annotations in the main resource would make
  // a new generation. Its role has no patch of Deployments.
  return client
    .resource(Deployment)
    .namespace(namespace)
    .status.replace({ ...deployment, metadata }, { signal });
}

/** Carries out the plan of one reconcile. */
class RolloutWriter {
  readonly #deployment: Deployment;
  readonly #context: ReconcileContext;
  readonly #caches: Caches;

  constructor(deployment: Deployment, context: ReconcileContext, caches: Caches) {
    this.#deployment = deployment;
    this.#context = context;
    this.#caches = caches;
  }

  /** @returns the ReplicaSets that were written, as they are now */
  async carryOut(plan: RolloutPlan): Promise<ReplicaSet[]> {
    const { client, signal } = this.#context;
    const replicaSets = client.resource(ReplicaSet).namespace(this.#deployment.metadata.namespace);
    const written: ReplicaSet[] = [];
    if (plan.create !== undefined) written.push(await this.#create(plan.create));
    for (const { before, after } of plan.update) {
      const stored = await replicaSets.replace(after, { signal });
      this.#remember(stored);
      this.#scaled(stored, replicasOf(before), replicasOf(after));
      written.push(stored);
    }
    for (const replicaSet of plan.remove) {
      const { name = '', uid } = replicaSet.metadata;
      try {
        await replicaSets.delete(name, { signal, ...(uid === undefined ? {} : { preconditions: { uid } }) });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
    return written;
  }

  async #create(replicaSet: ReplicaSet): Promise<ReplicaSet> {
    const { client, signal } = this.#context;
    try {
      const created = await client.resource(ReplicaSet).create(replicaSet, { signal });
      this.#remember(created);
      this.#scaled(created, 0, replicasOf(created));
      return created;
    } catch (error) {
      if (isAlreadyExists(error)) return this.#existing(replicaSet, error);
      await this.#createFailed(replicaSet, error);
      throw error;
    }
  }

  /** The name is taken: by an earlier attempt of ours, or by another template with the same hash. */
  async #existing(replicaSet: ReplicaSet, cause: unknown): Promise<ReplicaSet> {
    const { client, signal } = this.#context;
    const deployment = this.#deployment;
    const { name = '', namespace } = replicaSet.metadata;
    const found = await client.resource(ReplicaSet).namespace(namespace).get(name, { signal });
    const isOurs = controllerOf(found)?.uid === deployment.metadata.uid;
    if (isOurs && sameTemplate(found.spec?.template, deployment.spec?.template)) {
      this.#remember(found);
      return found;
    }
    const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
    await updateStatus(
      client.resource(Deployment),
      deployment,
      { ...deployment.status, collisionCount },
      { signal },
    );
    throw new Error(`the name ${name} is taken: the next attempt takes another one`, { cause });
  }

  async #createFailed(replicaSet: ReplicaSet, error: unknown): Promise<void> {
    const { client, clock, events, signal } = this.#context;
    const deployment = this.#deployment;
    if (isNamespaceTerminating(error) || signal.aborted) return;
    const message = `Failed to create new replica set "${replicaSet.metadata.name}": ${error instanceof Error ? error.message : String(error)}`;
    events.warning(deployment, reasons.createFailed, message);
    if (!hasDeadline(deployment)) return;
    const conditions = withCondition(
      deployment.status?.conditions ?? [],
      { type: 'Progressing', status: 'False', reason: reasons.createFailed, message },
      clock.now(),
    );
    await updateStatus(
      client.resource(Deployment),
      deployment,
      { ...deployment.status, conditions: [...conditions] },
      { signal },
    );
  }

  #scaled(replicaSet: ReplicaSet, from: number, to: number): void {
    if (from === to) return;
    const direction = from < to ? 'up' : 'down';
    this.#context.events.normal(
      this.#deployment,
      'ScalingReplicaSet',
      `Scaled ${direction} replica set ${replicaSet.metadata.name} from ${from} to ${to}`,
    );
  }

  #remember(replicaSet: ReplicaSet): void {
    this.#caches.ownReplicaSets.stored(keyOf(nameOf(this.#deployment)), replicaSet);
  }
}
