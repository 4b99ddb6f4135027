import type { Kind, KubernetesObject } from '@kubewright/api';
import type { OwnerReference } from '@kubewright/api/meta/v1';

/** Finalizers by which a deletion says what becomes of the dependents. */
export const foregroundFinalizer = 'foregroundDeletion';
export const orphanFinalizer = 'orphan';

/** What the collector knows of an object. */
export interface GraphNode {
  readonly uid: string;
  readonly kind: Kind;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly owners: readonly OwnerReference[];
  /** Deleted, and waits for grace or finalizers. */
  readonly deleting: boolean;
  /** Deleted, and waits for its dependents to go first. */
  readonly deletingDependents: boolean;
  /** Deleted, and waits for its dependents to be let go. */
  readonly orphaning: boolean;
}

export function nodeOf(kind: Kind, { metadata }: KubernetesObject): GraphNode {
  const deleting = metadata.deletionTimestamp !== undefined;
  const finalizers = metadata.finalizers ?? [];
  return {
    uid: metadata.uid ?? '',
    kind,
    namespace: metadata.namespace,
    name: metadata.name ?? '',
    owners: metadata.ownerReferences ?? [],
    deleting,
    deletingDependents: deleting && finalizers.includes(foregroundFinalizer),
    orphaning: deleting && finalizers.includes(orphanFinalizer),
  };
}

/** Who owns whom, by uid. Each change tells which objects have to be looked at because of it. */
export class OwnershipGraph {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #dependents = new Map<string, Set<string>>();

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  get size(): number {
    return this.#nodes.size;
  }

  dependentsOf(uid: string): GraphNode[] {
    return [...(this.#dependents.get(uid) ?? [])]
      .map((dependent) => this.#nodes.get(dependent))
      .filter((node) => node !== undefined);
  }

  /** Takes an object that was added or changed. */
  put(node: GraphNode): Set<string> {
    const before = this.#nodes.get(node.uid);
    this.#nodes.set(node.uid, node);
    const removed = (before?.owners ?? []).filter(
      (owner) => !node.owners.some(({ uid }) => uid === owner.uid),
    );
    for (const { uid } of removed) this.#dependents.get(uid)?.delete(node.uid);
    for (const { uid } of node.owners) {
      const dependents = this.#dependents.get(uid) ?? new Set();
      this.#dependents.set(uid, dependents.add(node.uid));
    }
    const affected = new Set<string>();
    if (node.orphaning || node.deletingDependents) affected.add(node.uid);
    for (const { uid } of node.owners) {
      const owner = this.#nodes.get(uid);
      // Unknown owners may be absent; one that waits for its dependents wants this one gone.
      if (owner === undefined || owner.deletingDependents || !mayOwn(owner, node)) affected.add(node.uid);
    }
    // An owner that waits may wait for this one no longer.
    for (const owner of before?.owners ?? []) {
      const now = node.owners.find(({ uid }) => uid === owner.uid);
      if (now === undefined || (owner.blockOwnerDeletion && !now.blockOwnerDeletion)) affected.add(owner.uid);
    }
    return affected;
  }

  /** Takes the end of an object. */
  remove(uid: string): Set<string> {
    const node = this.#nodes.get(uid);
    this.#nodes.delete(uid);
    const affected = new Set(this.#dependents.get(uid) ?? []);
    for (const owner of node?.owners ?? []) {
      const siblings = this.#dependents.get(owner.uid);
      siblings?.delete(uid);
      if (siblings?.size === 0) this.#dependents.delete(owner.uid);
      affected.add(owner.uid);
    }
    return affected;
  }
}

/** An owner is of the cluster or of the same namespace; a reference to any other names nobody. */
export function mayOwn(owner: GraphNode, dependent: GraphNode): boolean {
  return owner.namespace === undefined || owner.namespace === dependent.namespace;
}
