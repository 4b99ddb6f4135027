import type { Node, Pod } from '@kubewright/api/core/v1';
import { isPodTerminal } from '../pods/pod-state.js';
import { type NodeInfo, nodeInfoOf, withoutPod, withPod } from './node-info.js';

/** What the cache holds of a pod that takes room on a node. */
interface Placed {
  readonly pod: Pod;
  readonly nodeName: string;
}

/**
 * The nodes with what runs on them. A pod that was just placed counts from that moment (it is assumed), long before
 * the watch tells of it, so that no room is given away twice.
 */
export class SchedulerCache {
  readonly #nodes = new Map<string, NodeInfo>();
  readonly #placed = new Map<string, Placed>();
  readonly #assumed = new Map<string, Placed>();

  /** All nodes, in a stable order. */
  nodes(): NodeInfo[] {
    return [...this.#nodes.values()];
  }

  putNode(node: Node): void {
    const name = node.metadata.name ?? '';
    const known = this.#nodes.get(name);
    if (known === undefined) this.#nodes.set(name, nodeInfoOf(node, this.#podsOn(name)));
    else this.#nodes.set(name, { ...known, node, allocatable: nodeInfoOf(node).allocatable });
  }

  removeNode(node: Node): void {
    this.#nodes.delete(node.metadata.name ?? '');
  }

  /** Takes a pod as the watch tells of it. */
  putPod(pod: Pod): void {
    const uid = pod.metadata.uid ?? '';
    const nodeName = pod.spec?.nodeName;
    if (nodeName) this.#forget(this.#assumed, uid);
    this.#forget(this.#placed, uid);
    if (nodeName && !isPodTerminal(pod)) this.#place(this.#placed, { pod, nodeName });
  }

  removePod({ metadata }: Pod): void {
    this.#forget(this.#assumed, metadata.uid ?? '');
    this.#forget(this.#placed, metadata.uid ?? '');
  }

  /** Counts a pod as placed before the server knows. */
  assume(pod: Pod, nodeName: string): void {
    this.#place(this.#assumed, { pod, nodeName });
  }

  /** The pod was not placed after all. */
  unassume({ metadata }: Pod): void {
    this.#forget(this.#assumed, metadata.uid ?? '');
  }

  isAssumed({ metadata }: Pod): boolean {
    return this.#assumed.has(metadata.uid ?? '');
  }

  #place(where: Map<string, Placed>, placed: Placed): void {
    where.set(placed.pod.metadata.uid ?? '', placed);
    const info = this.#nodes.get(placed.nodeName);
    if (info !== undefined) this.#nodes.set(placed.nodeName, withPod(info, placed.pod));
  }

  #forget(where: Map<string, Placed>, uid: string): void {
    const placed = where.get(uid);
    if (placed === undefined) return;
    where.delete(uid);
    const info = this.#nodes.get(placed.nodeName);
    if (info !== undefined) this.#nodes.set(placed.nodeName, withoutPod(info, placed.pod));
  }

  #podsOn(name: string): Pod[] {
    return [...this.#placed.values(), ...this.#assumed.values()]
      .filter(({ nodeName }) => nodeName === name)
      .map(({ pod }) => pod);
  }
}
