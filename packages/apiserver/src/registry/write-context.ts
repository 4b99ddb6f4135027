import type { Kind, KubernetesObject } from '@kubewright/api';
import type { KnownKinds } from '../admission/policy/type-check.js';
import type { Authentication } from '../auth/authentication.js';
import type { Authorizer } from '../auth/authorization/authorizer.js';
import type { RbacAuthorizer } from '../auth/authorization/rbac/rbac-authorizer.js';
import type { User } from '../auth/user.js';
import type { FieldOwnership } from './field-ownership.js';
import type { Lister } from './lister.js';
import type { ServedKind } from './resource.js';

/** The other objects of the same server, for rules and admission that need them. Reads are as fresh as the cache. */
export interface ObjectReader {
  get<T extends KubernetesObject>(kind: Kind<T>, namespace: string, name: string): Promise<T | undefined>;
  list<T extends KubernetesObject>(kind: Kind<T>, namespace?: string): Promise<T[]>;
  /** Without a wait and parsed once for all: for what every write looks at. */
  lister<T extends KubernetesObject>(kind: Kind<T>): Lister<T>;
}

/** Besides reading, rules may keep objects of other kinds in step (the IPAddress of a Service). */
export interface ObjectStore extends ObjectReader {
  /** @throws ApiError AlreadyExists: a create is the way to take a name for oneself. */
  create<T extends KubernetesObject>(kind: Kind<T>, object: T): Promise<T>;
  /** Creates the object or makes it this one, whatever it was; nothing is written when it is so already. */
  replace<T extends KubernetesObject>(kind: Kind<T>, object: T): Promise<T>;
  /**
   * Changes the status of the newest object as one compare-and-swap; called again when it changed meanwhile.
   * @throws ApiError NotFound, and what `change` throws
   */
  changeStatus<T extends KubernetesObject>(
    kind: Kind<T>,
    namespace: string,
    name: string,
    change: (object: T) => T,
  ): Promise<T>;
  /** As {@link changeStatus}, for what is not of the status. */
  change<T extends KubernetesObject>(
    kind: Kind<T>,
    namespace: string,
    name: string,
    change: (object: T) => T,
  ): Promise<T>;
  /** Does nothing when there is none, or not the one of this uid. */
  delete<T extends KubernetesObject>(
    kind: Kind<T>,
    namespace: string,
    name: string,
    uid?: string,
  ): Promise<void>;
}

/** Who writes, how and when. */
export interface WriteContext {
  readonly user: User;
  readonly dryRun: boolean;
  /** What the client asked for; undefined where the server writes on its own. */
  readonly request?: WriteRequest;
  /** True for the inner writes of a request that admission has passed (the update that a Binding makes of its pod). */
  readonly admitted?: true;
  /** Keeps the managed fields; without it (the server's own writes, an apply that did it itself) they stay. */
  readonly ownership?: FieldOwnership;
  /** Milliseconds since the epoch. */
  now(): number;
  readonly objects: ObjectStore;
  /** The kinds that the server has. */
  readonly kinds: KnownKinds;
  /** Finds out whom tokens stand for, and signs them. */
  readonly authentication: Authentication;
  /** Ranges that Services take addresses and ports from. */
  readonly serviceRanges: ServiceRanges;
  /** What users may do, for rules that ask for more than the request itself. */
  readonly authorizer: Authorizer;
  /** The rules of roles, whatever decides. */
  readonly roles: Pick<RbacAuthorizer, 'rulesFor' | 'rulesOfRole'>;
}

/** A client's request, to those who have a say in the write that it makes. */
export interface WriteRequest {
  /** The version that the client speaks. */
  readonly served: ServedKind;
  /** Options of a write as the client gave them, without `apiVersion` and `kind`. */
  readonly options: object;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** To be called before anything is stored. @throws ApiError Timeout where the client was told that it took too long */
  assertWanted(): void;
  /** Notes time in which the request waited for others, in milliseconds. */
  waited(ms: number): void;
  /** Adds a `Warning` header to the answer. */
  warn(text: string): void;
  /**
   * Adds to the audit event of the request. The key is qualified: `pod-security.kubernetes.io/enforce-policy`.
   * @param holdsContent for what is only written down where the request itself is. @default false
   */
  annotate(key: string, value: string, holdsContent?: boolean): void;
}

/** Where cluster IPs and node ports come from. */
export interface ServiceRanges {
  /** CIDRs, the first one the default family. */
  readonly clusterIPs: readonly string[];
  readonly nodePorts: { readonly from: number; readonly to: number };
  /**
   * CIDRs of loopback addresses that endpoints may have against the rule: pods without a network of their own, a
   * server that listens on loopback alone.
   */
  readonly loopbackEndpoints?: readonly string[];
}
