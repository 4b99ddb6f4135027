import type { Labels } from '@kubewright/api';

/**
 * The labels that some objects of one namespace share: the replicas of a workload have the same ones, so they are kept
 * once, and what selects by labels looks at them once.
 */
export interface LabelSet {
  readonly id: string;
  readonly namespace: string;
  readonly labels: Labels;
  readonly slots: Set<number>;
}

/** From label pairs to the objects that have them. */
export class LabelIndex {
  readonly #sets = new Map<string, LabelSet>();
  /** `key=value`, then the namespace. */
  readonly #byPair = new Map<string, Map<string, Set<LabelSet>>>();

  /** Puts an object with its labels into the index; the set takes the place of the labels. */
  add(namespace: string, labels: Labels, slot: number): LabelSet {
    const id = `${namespace}/${JSON.stringify(labels)}`;
    let set = this.#sets.get(id);
    if (set === undefined) {
      set = { id, namespace, labels, slots: new Set() };
      this.#sets.set(id, set);
      for (const pair of pairs(labels)) this.#inPair(pair, namespace).add(set);
    }
    set.slots.add(slot);
    return set;
  }

  remove(set: LabelSet, slot: number): void {
    set.slots.delete(slot);
    if (set.slots.size > 0) return;
    this.#sets.delete(set.id);
    for (const pair of pairs(set.labels)) {
      const sets = this.#inPair(pair, set.namespace);
      sets.delete(set);
      if (sets.size > 0) continue;
      const namespaces = this.#byPair.get(pair);
      namespaces?.delete(set.namespace);
      if (namespaces?.size === 0) this.#byPair.delete(pair);
    }
  }

  /** The label sets that contain all of the pairs, in one namespace or in all. */
  *having(
    required: readonly (readonly [key: string, value: string])[],
    namespace: string | undefined,
  ): Iterable<LabelSet> {
    const [first, ...others] = required.map(([key, value]) => this.#byPair.get(`${key}=${value}`));
    if (first === undefined || others.includes(undefined)) return;
    const candidates = namespace === undefined ? first.values() : [first.get(namespace) ?? []];
    for (const sets of candidates) {
      for (const set of sets) {
        if (others.every((other) => other?.get(set.namespace)?.has(set))) yield set;
      }
    }
  }

  #inPair(pair: string, namespace: string): Set<LabelSet> {
    let namespaces = this.#byPair.get(pair);
    if (namespaces === undefined) {
      namespaces = new Map();
      this.#byPair.set(pair, namespaces);
    }
    let sets = namespaces.get(namespace);
    if (sets === undefined) {
      sets = new Set();
      namespaces.set(namespace, sets);
    }
    return sets;
  }
}

function pairs(labels: Labels): string[] {
  return Object.entries(labels).map(([key, value]) => `${key}=${value}`);
}
