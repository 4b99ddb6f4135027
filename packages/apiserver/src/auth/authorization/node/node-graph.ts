import type { PersistentVolume, Pod } from '@kubewright/api/core/v1';
import { podReferences, volumeSecrets } from './pod-references.js';

export type NodeObject =
  | 'secret'
  | 'configmap'
  | 'pvc'
  | 'pv'
  | 'serviceaccount'
  | 'resourceclaim'
  | 'pod'
  | 'volumeattachment'
  | 'resourceslice';

/**
 * Which objects belong to which node: through the pods that are bound to it, their claims, and the volumes behind
 * these. Source: the Node authorizer of the Kubernetes documentation and its graph.
 */
export class NodeGraph {
  /** By `pod/NAMESPACE/NAME`. */
  readonly #pods = new Map<string, { readonly node: string; readonly references: readonly string[] }>();
  /** Nodes by what their pods refer to, with the number of these pods. */
  readonly #nodesOf = new Map<string, Map<string, number>>();
  readonly #volumes = new Map<string, { readonly claim: string; readonly secrets: readonly string[] }>();
  /** Names of volumes by the secrets that they need. */
  readonly #volumesOf = new Map<string, Set<string>>();
  /** Nodes of the objects that name theirs: attachments, slices. */
  readonly #owned = new Map<string, string>();

  /** Whether the object has to do with the node. */
  belongs(node: string, kind: NodeObject, namespace: string, name: string): boolean {
    switch (kind) {
      case 'pod':
        return this.#pods.get(`pod/${namespace}/${name}`)?.node === node;
      case 'pv':
        return this.#needsVolume(node, name);
      case 'volumeattachment':
      case 'resourceslice':
        return this.#owned.get(`${kind}/${name}`) === node;
      case 'secret': {
        const key = `secret/${namespace}/${name}`;
        if (this.#nodesOf.get(key)?.has(node)) return true;
        for (const volume of this.#volumesOf.get(key) ?? []) if (this.#needsVolume(node, volume)) return true;
        return false;
      }
      default:
        return this.#nodesOf.get(`${kind}/${namespace}/${name}`)?.has(node) ?? false;
    }
  }

  /** The node that a pod is known at. */
  nodeOfPod(namespace: string, name: string): string | undefined {
    return this.#pods.get(`pod/${namespace}/${name}`)?.node;
  }

  setPod(pod: Pod): void {
    const { namespace = '', name = '' } = pod.metadata;
    this.deletePod(namespace, name);
    const node = pod.spec?.nodeName ?? '';
    if (node === '') return;
    const references = podReferences(pod);
    this.#pods.set(`pod/${namespace}/${name}`, { node, references });
    for (const reference of references) {
      const nodes = this.#nodesOf.get(reference) ?? new Map<string, number>();
      nodes.set(node, (nodes.get(node) ?? 0) + 1);
      this.#nodesOf.set(reference, nodes);
    }
  }

  deletePod(namespace: string, name: string): void {
    const key = `pod/${namespace}/${name}`;
    const known = this.#pods.get(key);
    if (known === undefined) return;
    this.#pods.delete(key);
    for (const reference of known.references) {
      const nodes = this.#nodesOf.get(reference);
      const left = (nodes?.get(known.node) ?? 0) - 1;
      if (left > 0) nodes?.set(known.node, left);
      else nodes?.delete(known.node);
      if (nodes?.size === 0) this.#nodesOf.delete(reference);
    }
  }

  setVolume(volume: PersistentVolume): void {
    const { name = '' } = volume.metadata;
    this.deleteVolume(name);
    const { claimRef } = volume.spec ?? {};
    if (claimRef === undefined) return;
    const secrets = volumeSecrets(volume);
    this.#volumes.set(name, { claim: `pvc/${claimRef.namespace ?? ''}/${claimRef.name ?? ''}`, secrets });
    for (const secret of secrets) {
      const volumes = this.#volumesOf.get(secret) ?? new Set<string>();
      volumes.add(name);
      this.#volumesOf.set(secret, volumes);
    }
  }

  deleteVolume(name: string): void {
    const known = this.#volumes.get(name);
    if (known === undefined) return;
    this.#volumes.delete(name);
    for (const secret of known.secrets) {
      const volumes = this.#volumesOf.get(secret);
      volumes?.delete(name);
      if (volumes?.size === 0) this.#volumesOf.delete(secret);
    }
  }

  /** @param node empty for an object of no node */
  setOwned(kind: 'volumeattachment' | 'resourceslice', name: string, node: string): void {
    if (node === '') this.#owned.delete(`${kind}/${name}`);
    else this.#owned.set(`${kind}/${name}`, node);
  }

  #needsVolume(node: string, volume: string): boolean {
    const claim = this.#volumes.get(volume)?.claim;
    return claim !== undefined && (this.#nodesOf.get(claim)?.has(node) ?? false);
  }
}
