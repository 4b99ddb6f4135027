import type { KubernetesObject } from '@kubewright/api';
import type { User } from '../auth/user.js';
import type { Resource, ServedKind } from '../registry/resource.js';
import type { WriteContext } from '../registry/write-context.js';

export type AdmissionOperation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export interface AdmissionRequestFields<T extends KubernetesObject = KubernetesObject> {
  readonly operation: AdmissionOperation;
  readonly resource: Resource<T>;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** Of a body that is not the resource's own kind. @default the stored kind */
  readonly kind?: GroupVersionKind;
  readonly object: T | undefined;
  /** Called once at most. */
  readonly oldObject?: () => T;
  readonly context: WriteContext;
}

/**
 * A request as admission sees it. Objects are in the stored version with their defaults; a subresource with a body of
 * its own kind (Binding, Eviction, Scale, PodExecOptions) shows that body.
 */
export class AdmissionRequest<T extends KubernetesObject = KubernetesObject> {
  readonly operation: AdmissionOperation;
  readonly resource: Resource<T>;
  /** Empty for the object itself. */
  readonly subresource: string;
  /** Empty for kinds of the cluster. */
  readonly namespace: string;
  /** Empty while the name is still to be generated, and for each object of a deletecollection. */
  readonly name: string;
  /** What {@link object} and {@link oldObject} are. */
  readonly kind: GroupVersionKind;
  /** Undefined for a delete. Mutating admission changes it in place. */
  readonly object: T | undefined;
  readonly context: WriteContext;
  readonly #makeOld: (() => T) | undefined;
  #old: T | undefined;
  #round: 'first' | 'first, another is wanted' | 'second' = 'first';

  constructor({ operation, resource, subresource, ...rest }: AdmissionRequestFields<T>) {
    this.operation = operation;
    this.resource = resource;
    this.subresource = subresource;
    this.namespace = rest.namespace;
    this.name = rest.name;
    this.kind = rest.kind ?? resource.rules.kind;
    this.object = rest.object;
    this.context = rest.context;
    this.#makeOld = rest.oldObject;
  }

  /** What an update changes or a delete removes; undefined for creates. Nobody changes it. */
  get oldObject(): T | undefined {
    this.#old ??= this.#makeOld?.();
    return this.#old;
  }

  get user(): User {
    return this.context.user;
  }

  get dryRun(): boolean {
    return this.context.dryRun;
  }

  /** The version that the client speaks: of `requestKind` and `requestResource`. */
  get served(): ServedKind<T> {
    return (this.context.request?.served as ServedKind<T> | undefined) ?? this.resource.stored;
  }

  /** CreateOptions, UpdateOptions or DeleteOptions of the operation; undefined for a connection. */
  get options(): object | undefined {
    const kind = optionKinds[this.operation];
    if (kind === undefined) return undefined;
    return { ...this.context.request?.options, kind, apiVersion: 'meta.k8s.io/v1' };
  }

  /** Adds a `Warning` header to the answer. */
  warn(text: string): void {
    this.context.request?.warn(text);
  }

  /**
   * Adds to the audit event of the request, under a qualified key.
   * @param holdsContent for what is only written down where the request itself is. @default false
   */
  annotate(key: string, value: string, holdsContent?: boolean): void {
    this.context.request?.annotate(key, value, holdsContent);
  }

  /**
   * Asks for a second round of the mutating plugins, for who changed what plugins before it may want to see. Source:
   * KEP-906 (reinvocation).
   */
  askForSecondRound(): void {
    if (this.#round === 'first') this.#round = 'first, another is wanted';
  }

  get isSecondRound(): boolean {
    return this.#round === 'second';
  }

  /** For who calls the plugins: whether the second round is wanted and begins now. */
  beginSecondRound(): boolean {
    if (this.#round !== 'first, another is wanted') return false;
    this.#round = 'second';
    return true;
  }

  /** The same for an object that has got its name. */
  named(name: string, object: T): AdmissionRequest<T> {
    const { operation, resource, subresource, namespace, kind, context } = this;
    return new AdmissionRequest({ operation, resource, subresource, namespace, name, kind, object, context });
  }
}

const optionKinds: Readonly<Record<AdmissionOperation, string | undefined>> = {
  CREATE: 'CreateOptions',
  UPDATE: 'UpdateOptions',
  DELETE: 'DeleteOptions',
  CONNECT: undefined,
};
