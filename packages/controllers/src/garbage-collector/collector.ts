import { isNotFound, type Kind, type KubernetesObject } from '@kubewright/api';
import type { OwnerReference } from '@kubewright/api/meta/v1';
import type { Client, ResourceClient } from '@kubewright/client';
import { removeFinalizer } from '../framework/finalizer.js';
import { judge, type OwnerState } from './owner-classes.js';
import {
  foregroundFinalizer,
  type GraphNode,
  mayOwn,
  nodeOf,
  type OwnershipGraph,
  orphanFinalizer,
} from './ownership-graph.js';

/** The most uids of owners that are known to be gone for good. */
const rememberedAbsentees = 1000;

/** A reference that can name nobody, ever: an owner in a namespace, of an object of the cluster. */
export class ImpossibleOwner extends Error {
  readonly reference: OwnerReference;

  constructor(reference: OwnerReference) {
    super(`an object of the cluster can't be owned by a ${reference.kind}, which lives in a namespace`);
    this.name = 'ImpossibleOwner';
    this.reference = reference;
  }
}

/**
 * Looks at one object and does what its owners and its deletion ask for. The graph only says where to look: nothing
 * is deleted before the server has said that the owner is gone, and only in the state that was looked at.
 */
export class Collector {
  readonly #client: Client;
  readonly #graph: OwnershipGraph;
  readonly #absentees = new Set<string>();
  readonly #enqueue: (uid: string) => void;

  constructor(client: Client, graph: OwnershipGraph, enqueue: (uid: string) => void) {
    this.#client = client;
    this.#graph = graph;
    this.#enqueue = enqueue;
  }

  /**
   * @returns whether to look again: an owner is there that no watch has shown, so no watch may tell of its end
   * @throws ApiError, and ImpossibleOwner for a reference that no retry can mend
   */
  async process(uid: string, signal: AbortSignal): Promise<boolean> {
    const node = this.#graph.get(uid);
    if (node === undefined) return false;
    if (node.orphaning) await this.#orphanDependents(node, signal);
    else if (node.deletingDependents) await this.#awaitDependents(node, signal);
    else if (!node.deleting) return this.#collect(node, signal);
    return false;
  }

  async #collect(node: GraphNode, signal: AbortSignal): Promise<boolean> {
    const live = await this.#live(node, signal);
    if (live === undefined) return false;
    const { metadata } = live;
    const owners = await Promise.all(
      (metadata.ownerReferences ?? []).map(async (reference) => ({
        reference,
        state: await this.#stateOf(reference, node, signal),
      })),
    );
    const finalizers = metadata.finalizers ?? [];
    const verdict = judge(
      owners,
      {
        foreground: finalizers.includes(foregroundFinalizer),
        orphan: finalizers.includes(orphanFinalizer),
      },
      this.#graph.dependentsOf(node.uid),
    );
    const isUnwatched = owners.some(
      ({ reference, state }) => state !== 'absent' && this.#graph.get(reference.uid) === undefined,
    );
    if (verdict.type === 'keep') return isUnwatched;
    if (verdict.type === 'release') {
      const gone = new Set(verdict.owners.map(({ uid }) => uid));
      await this.#setOwners(
        node,
        live,
        (references) => references.filter(({ uid }) => !gone.has(uid)),
        signal,
      );
      return isUnwatched;
    }
    const current = verdict.unblock
      ? await this.#setOwners(
          node,
          live,
          (references) => references.map((reference) => ({ ...reference, blockOwnerDeletion: false })),
          signal,
        )
      : live;
    await this.#delete(node, current, verdict.propagation, signal);
    return false;
  }

  async #delete(
    node: GraphNode,
    { metadata }: KubernetesObject,
    propagationPolicy: 'Foreground' | 'Background' | 'Orphan',
    signal: AbortSignal,
  ): Promise<void> {
    const { resourceVersion } = metadata;
    // The state is a precondition: an owner that was added in the meantime keeps the object.
    const preconditions = { uid: node.uid, ...(resourceVersion === undefined ? {} : { resourceVersion }) };
    try {
      await this.#resource(node).delete(node.name, { propagationPolicy, preconditions, signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** The owner goes last: it waits for those whose references say so. */
  async #awaitDependents(node: GraphNode, signal: AbortSignal): Promise<void> {
    const blocking = this.#graph
      .dependentsOf(node.uid)
      .filter(({ owners }) =>
        owners.some(({ uid, blockOwnerDeletion }) => uid === node.uid && blockOwnerDeletion),
      );
    if (blocking.length === 0) {
      await this.#removeFinalizer(node, foregroundFinalizer, signal);
      return;
    }
    for (const dependent of blocking) if (!dependent.deletingDependents) this.#enqueue(dependent.uid);
  }

  async #orphanDependents(node: GraphNode, signal: AbortSignal): Promise<void> {
    await Promise.all(
      this.#graph.dependentsOf(node.uid).map(async (dependent) => {
        const live = await this.#live(dependent, signal);
        if (live?.metadata.ownerReferences?.some(({ uid }) => uid === node.uid))
          await this.#setOwners(
            dependent,
            live,
            (references) => references.filter(({ uid }) => uid !== node.uid),
            signal,
          );
      }),
    );
    await this.#removeFinalizer(node, orphanFinalizer, signal);
  }

  async #removeFinalizer(node: GraphNode, finalizer: string, signal: AbortSignal): Promise<void> {
    const live = await this.#live(node, signal);
    if (live !== undefined)
      await removeFinalizer(this.#client.resource(node.kind), live, finalizer, { signal });
  }

  async #setOwners(
    node: GraphNode,
    live: KubernetesObject,
    change: (references: readonly OwnerReference[]) => OwnerReference[],
    signal: AbortSignal,
  ): Promise<KubernetesObject> {
    const { uid, resourceVersion, ownerReferences = [] } = live.metadata;
    const changed = change(ownerReferences);
    return this.#resource(node).patchMerge(
      node.name,
      { metadata: { uid, resourceVersion, ownerReferences: changed.length === 0 ? null : changed } },
      { signal },
    );
  }

  async #stateOf(reference: OwnerReference, dependent: GraphNode, signal: AbortSignal): Promise<OwnerState> {
    const key = `${dependent.namespace ?? ''}/${reference.uid}`;
    if (this.#absentees.has(key)) return 'absent';
    const known = this.#graph.get(reference.uid);
    // What is watched is there until an event says otherwise, which brings the dependents here again.
    if (known !== undefined && known.kind.kind === reference.kind && mayOwn(known, dependent))
      return known.deletingDependents ? 'waiting' : 'solid';
    const owner = await this.#ask(reference, dependent, signal);
    if (owner !== undefined) return owner.deletingDependents ? 'waiting' : 'solid';
    this.#remember(key);
    return 'absent';
  }

  /** Asks the server for the owner itself; a uid that is gone never comes back. */
  async #ask(
    reference: OwnerReference,
    dependent: GraphNode,
    signal: AbortSignal,
  ): Promise<GraphNode | undefined> {
    const { apiVersion, name, uid } = reference;
    const kind: Kind = await this.#client.discovery.kindOf({ apiVersion, kind: reference.kind }, { signal });
    if (kind.scope === 'Namespaced' && dependent.namespace === undefined)
      throw new ImpossibleOwner(reference);
    try {
      const owners = this.#client.resource(kind).namespace(dependent.namespace).metadataOnly();
      const owner = await owners.get(name, { signal });
      return owner.metadata.uid === uid ? nodeOf(kind, owner) : undefined;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** The object as the server has it; undefined when it is gone, or another has its name. */
  async #live(node: GraphNode, signal: AbortSignal): Promise<KubernetesObject | undefined> {
    try {
      const object = await this.#resource(node).metadataOnly().get(node.name, { signal });
      return object.metadata.uid === node.uid ? object : undefined;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #resource({ kind, namespace }: GraphNode): ResourceClient<KubernetesObject> {
    return this.#client.resource(kind).namespace(namespace);
  }

  #remember(key: string): void {
    this.#absentees.add(key);
    if (this.#absentees.size <= rememberedAbsentees) return;
    for (const oldest of this.#absentees) {
      this.#absentees.delete(oldest);
      return;
    }
  }
}
