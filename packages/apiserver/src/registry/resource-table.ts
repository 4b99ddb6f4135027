import type { KubernetesObject } from '@kubewright/api';
import type { Resource, ServedKind } from './resource.js';

/** Every kind that a server has, by the path that asks for it and by kind. */
export class ResourceTable {
  readonly #byPath = new Map<string, ServedKind>();
  readonly #byKind = new Map<string, ServedKind>();
  readonly #resources = new Set<Resource>();

  add(resource: Resource): void {
    this.#resources.add(resource);
    for (const served of resource.served) {
      const { group, version, plural, kind } = served.kind;
      this.#byPath.set(`${group}/${version}/${plural}`, served);
      this.#byKind.set(`${group}/${version}/${kind}`, served);
    }
  }

  at(group: string, version: string, plural: string): ServedKind | undefined {
    return this.#byPath.get(`${group}/${version}/${plural}`);
  }

  has(group: string, version: string, kind: string): boolean {
    return this.#byKind.has(`${group}/${version}/${kind}`);
  }

  /** @throws Error when the server does not have the kind: a fault of the caller, not of a request. */
  of<T extends KubernetesObject>(kind: { group: string; version: string; kind: string }): ServedKind<T> {
    const served = this.#byKind.get(`${kind.group}/${kind.version}/${kind.kind}`);
    if (served === undefined)
      throw new Error(`this server has no ${kind.kind} of ${kind.group}/${kind.version}`);
    return served as unknown as ServedKind<T>;
  }

  /** Every served version of every kind. */
  served(): ServedKind[] {
    return [...this.#byPath.values()];
  }

  resources(): readonly Resource[] {
    return [...this.#resources];
  }
}
