import type { KubernetesObject } from '@kubewright/api';
import type { ForwardRules, ReviewRules } from '../kinds/review-rules.js';
import { type BodyKind, bodyKindOf } from '../schema/body-kind.js';
import { Resource, type ServedKind } from './resource.js';

/** A kind that is asked and answered. */
export interface ServedReview {
  readonly rules: ReviewRules | ForwardRules;
  /** What admission knows the kind by. */
  readonly served: ServedKind;
  /** What a body must be; the schema is compiled on first use. */
  body(): BodyKind;
}

/** Every kind that a server has, by the path that asks for it and by kind. Kinds come and go while the server runs. */
export class ResourceTable {
  readonly #byPath = new Map<string, ServedKind>();
  readonly #byKind = new Map<string, ServedKind>();
  readonly #resources = new Set<Resource>();
  #generation = 0;
  readonly #reviews = new Map<string, ServedReview>();
  readonly #reviewKinds = new Set<string>();

  /** Grows with every change, so that who made something of the kinds (documents) knows when to make it anew. */
  get generation(): number {
    return this.#generation;
  }

  /** @throws Error where one of its paths or kinds is taken: who adds it looks first. */
  add(resource: Resource): void {
    for (const { kind } of resource.served)
      if (this.#byPath.has(pathOf(kind)) || this.#byKind.has(kindOf(kind)))
        throw new Error(`${kind.plural} of ${kind.apiVersion} is served already`);
    this.#resources.add(resource);
    for (const served of resource.served) {
      this.#byPath.set(pathOf(served.kind), served);
      this.#byKind.set(kindOf(served.kind), served);
    }
    this.#generation++;
  }

  /** Requests that have begun go on with the resource that they have. */
  remove(resource: Resource): void {
    if (!this.#resources.delete(resource)) return;
    for (const { kind } of resource.served) {
      this.#byPath.delete(pathOf(kind));
      this.#byKind.delete(kindOf(kind));
    }
    this.#generation++;
  }

  /** Adds a kind of which nothing is stored. */
  addReview(rules: ReviewRules | ForwardRules): void {
    const { group, version, plural, kind } = rules.kind;
    this.#reviewKinds.add(`${group}/${version}/${kind}`);
    let body: BodyKind | undefined;
    this.#reviews.set(`${group}/${version}/${plural}`, {
      rules,
      served: new Resource({ kind: rules.kind }, nothingStored).stored,
      body: () => {
        body ??= bodyKindOf(rules.kind);
        return body;
      },
    });
  }

  reviewAt(group: string, version: string, plural: string): ServedReview | undefined {
    return this.#reviews.get(`${group}/${version}/${plural}`);
  }

  /** Every kind of which nothing is stored. */
  reviews(): readonly (ReviewRules | ForwardRules)[] {
    return [...this.#reviews.values()].map(({ rules }) => rules);
  }

  at(group: string, version: string, plural: string): ServedKind | undefined {
    return this.#byPath.get(`${group}/${version}/${plural}`);
  }

  has(group: string, version: string, kind: string): boolean {
    const key = `${group}/${version}/${kind}`;
    return this.#byKind.has(key) || this.#reviewKinds.has(key);
  }

  /** Undefined where the server does not have the kind. */
  find(kind: { group: string; version: string; kind: string }): ServedKind | undefined {
    return this.#byKind.get(kindOf(kind));
  }

  /** @throws Error when the server does not have the kind: a fault of the caller, not of a request. */
  of<T extends KubernetesObject>(kind: { group: string; version: string; kind: string }): ServedKind<T> {
    const served = this.#byKind.get(kindOf(kind));
    if (served === undefined)
      throw new Error(`this server has no ${kind.kind} of ${kind.group}/${kind.version}`);
    return served as unknown as ServedKind<T>;
  }

  /** Every served version of every kind. */
  served(): ServedKind[] {
    return [...this.#byPath.values()];
  }

  /** Begins to load all that is stored, which takes engines that are not in memory a while. */
  openCaches(): void {
    for (const resource of this.#resources) resource.openCache();
  }

  /** The plurals of those whose caches were opened and do not have all objects. */
  loading(): readonly string[] {
    return this.resources().flatMap(({ isLoading, rules }) => (isLoading ? [rules.kind.plural] : []));
  }

  /** One resource for each place in the store: versions of a custom resource share one. */
  resources(): readonly Resource[] {
    return [...new Map([...this.#resources].map((resource) => [resource.prefix, resource])).values()];
  }
}

function pathOf({ group, version, plural }: { group: string; version: string; plural: string }): string {
  return `${group}/${version}/${plural}`;
}

function kindOf({ group, version, kind }: { group: string; version: string; kind: string }): string {
  return `${group}/${version}/${kind}`;
}

function nothingStored(): never {
  throw new Error('nothing is stored of a kind that is only asked');
}
