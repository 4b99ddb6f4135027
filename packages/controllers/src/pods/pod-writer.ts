import {
  controllerOf,
  isApiError,
  isNotFound,
  type Kind,
  type KubernetesObject,
  ownerReference,
} from '@kubewright/api';
import { Pod, type PodTemplateSpec } from '@kubewright/api/core/v1';
import type { Informer } from '@kubewright/client';
import type { Manager } from '../framework/manager.js';
import { keyOf, nameOf } from '../framework/object-name.js';
import { OwnWrites } from '../framework/own-writes.js';
import type { ReconcileContext } from '../framework/reconcile.js';
import { isNamespaceTerminating } from '../namespace/namespace-terminating.js';
import { podOfTemplate } from './pod-of-template.js';
import { removePodFinalizer } from './remove-pod-finalizer.js';

/** Pods by the uid of their controller, and by namespace those that have none. */
export type OwnedPods = Informer<Pod, 'controller' | 'orphans'>;

/** The cache that controllers of workloads find their pods in. */
export function ownedPods(manager: Manager): OwnedPods {
  return manager.informer(Pod, {
    indexes: {
      controller: (pod: Pod) => [controllerOf(pod)?.uid ?? ''],
      orphans: (pod: Pod) => (controllerOf(pod) === undefined ? [pod.metadata.namespace ?? ''] : []),
    },
  });
}

/** Creates and deletes the pods of a workload, and knows whether the cache shows all that it wrote. */
export class PodWriter<O extends KubernetesObject> {
  readonly #kind: Kind<O>;
  readonly #pods: OwnedPods;
  readonly #own: OwnWrites<Pod>;
  /** Keys with a create of which nobody knows whether it happened. */
  readonly #uncertain = new Set<string>();

  constructor(kind: Kind<O>, pods: OwnedPods, { clock }: Pick<Manager, 'clock'>) {
    this.#kind = kind;
    this.#pods = pods;
    this.#own = new OwnWrites(pods, { clock });
  }

  /** The owner with this key is gone. */
  forget(key: string): void {
    this.#own.forget(key);
    this.#uncertain.delete(key);
  }

  /** Whether the cache shows all that was written for the owner: if not, nothing may be counted in it. */
  async upToDate(owner: O, { client, signal }: ReconcileContext): Promise<boolean> {
    const key = keyOf(nameOf(owner));
    if (this.#uncertain.has(key)) {
      // The server knows which creates happened; the cache has to show all of these before anything is counted.
      const { namespace, uid } = owner.metadata;
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

  /** @param template what the pod is to be; the owner becomes its controller */
  async create(
    owner: O,
    template: PodTemplateSpec,
    { client, events, signal }: ReconcileContext,
    generateName?: string,
  ): Promise<void> {
    const key = keyOf(nameOf(owner));
    const pod = podOfTemplate(owner, template, ownerReference(this.#kind, owner, true), generateName);
    try {
      const created = await client.resource(Pod).create(pod, { signal });
      this.#own.stored(key, created);
      events.normal(owner, 'SuccessfulCreate', `Created pod: ${created.metadata.name}`);
    } catch (error) {
      // Pods of a namespace that goes away are nobody's loss.
      if (isNamespaceTerminating(error)) return;
      if (!isApiError(error) || error.code >= 500) this.#uncertain.add(key);
      events.warning(owner, 'FailedCreate', `Error creating: ${messageOf(error)}`);
      throw error;
    }
  }

  async delete(owner: O, pod: Pod, { client, events, signal }: ReconcileContext): Promise<void> {
    const { name = '', namespace, uid } = pod.metadata;
    try {
      await client
        .resource(Pod)
        .namespace(namespace)
        .delete(name, { signal, ...(uid === undefined ? {} : { preconditions: { uid } }) });
      events.normal(owner, 'SuccessfulDelete', `Deleted pod: ${name}`);
    } catch (error) {
      if (!isNotFound(error)) {
        events.warning(owner, 'FailedDelete', `Error deleting: ${messageOf(error)}`);
        throw error;
      }
    }
    this.#own.deleted(keyOf(nameOf(owner)), pod);
  }

  /** Takes a finalizer from a pod of the owner's. */
  async removeFinalizer(
    owner: O,
    pod: Pod,
    finalizer: string,
    { client, signal }: ReconcileContext,
  ): Promise<void> {
    const patched = await removePodFinalizer(client, pod, finalizer, { signal });
    if (patched !== undefined) this.#own.stored(keyOf(nameOf(owner)), patched);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
