import type { KubernetesObject } from '@kubewright/api';
import type { ListMeta } from '@kubewright/api/meta/v1';

/** What every call takes. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** The whole call, retries included. @default the client's `timeoutMs`; none for watch, logs, exec and attach */
  readonly timeoutMs?: number | undefined;
}

export interface GetOptions extends CallOptions {
  /** `0` allows any age, N something at least as new as N. @default unset: the newest */
  readonly resourceVersion?: string | undefined;
}

/** Which objects: of a list, a watch, an informer, a deleted collection. */
export interface SelectorOptions {
  /** `app=web,tier in (a,b)` */
  readonly labelSelector?: string | undefined;
  /** `spec.nodeName=n1,metadata.name!=a` */
  readonly fieldSelector?: string | undefined;
}

export interface ListOptions extends GetOptions, SelectorOptions {
  /** The most objects that one page may have. @default unset: all */
  readonly limit?: number | undefined;
  /** The token of the page before. */
  readonly continue?: string | undefined;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan' | undefined;
}

export interface WatchOptions extends CallOptions, SelectorOptions {
  /** Events after this revision. @default unset: starts with an added event for each object there is */
  readonly resourceVersion?: string | undefined;
  readonly allowWatchBookmarks?: boolean | undefined;
  /** After how many seconds the server ends the watch. */
  readonly timeoutSeconds?: number | undefined;
  readonly sendInitialEvents?: boolean | undefined;
}

/** What the server does with unknown and duplicate fields. */
export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

export interface WriteOptions extends CallOptions {
  /** The name under which the written fields are owned. @default the client's */
  readonly fieldManager?: string | undefined;
  readonly fieldValidation?: FieldValidation | undefined;
  /** Everything happens but the storing. */
  readonly dryRun?: boolean | undefined;
}

export interface ApplyOptions extends WriteOptions {
  /** Takes over fields that another manager owns, rather than failing with a conflict. @default false */
  readonly force?: boolean | undefined;
}

export interface DeleteOptions extends CallOptions {
  /** @default the kind's own */
  readonly gracePeriodSeconds?: number | undefined;
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground' | undefined;
  /** The object must still be this one, in this state; a mismatch is a conflict. */
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string } | undefined;
  readonly dryRun?: boolean | undefined;
}

export interface DeleteCollectionOptions extends DeleteOptions, SelectorOptions {}

/** One page of a list. */
export interface ObjectList<T extends KubernetesObject> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ListMeta;
  readonly items: T[];
}

export interface TableOptions extends ListOptions {
  /** How much of each row's object comes along. @default 'Metadata' */
  readonly includeObject?: 'None' | 'Metadata' | 'Object' | undefined;
}

/** A list as the server would print it, as `kubectl get` shows it. */
export interface ObjectTable<T> {
  readonly apiVersion: string;
  readonly kind: 'Table';
  readonly metadata: ListMeta;
  readonly columnDefinitions: readonly TableColumn[];
  readonly rows: readonly TableRow<T>[];
}

export interface TableColumn {
  readonly name: string;
  /** `string`, `integer`, `date`, … */
  readonly type: string;
  /** `name` for the column that names the object. */
  readonly format: string;
  readonly description: string;
  /** 0 for what is always shown, more for what `-o wide` adds. */
  readonly priority: number;
}

export interface TableRow<T> {
  /** In the order of the columns. */
  readonly cells: readonly unknown[];
  /** As `includeObject` asked for it: whole, its metadata, or null. */
  readonly object: T;
}

export interface TokenOptions extends CallOptions {
  /** Who the token is for. @default the API server */
  readonly audiences?: readonly string[] | undefined;
  /** For how long it is to hold; the server may shorten or lengthen that. @default the server's, an hour as a rule */
  readonly expirationSeconds?: number | undefined;
  /** What the token ends with. */
  readonly boundObject?:
    | { readonly apiVersion: string; readonly kind: string; readonly name: string; readonly uid?: string }
    | undefined;
}

/** A token of a service account. */
export interface IssuedToken {
  readonly token: string;
  /** RFC 3339. */
  readonly expirationTimestamp: string;
}

/** One operation of a JSON patch (RFC 6902). */
export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move' | 'copy'; readonly from: string; readonly path: string };

/** T with everything optional, at every depth. */
export type DeepPartial<T> = T extends readonly (infer E)[]
  ? readonly DeepPartial<E>[]
  : T extends object
    ? { readonly [P in keyof T]?: DeepPartial<T[P]> | undefined }
    : T;

/** T with everything optional and null allowed, which deletes: what a merge patch says. */
export type MergePatch<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [P in keyof T]?: MergePatch<T[P]> | null | undefined }
    : T;

/** What one manager wants of an object: the fields it names, and no others. */
export type ApplyInput<T extends KubernetesObject> = DeepPartial<Omit<T, 'metadata'>> & {
  readonly metadata: DeepPartial<T['metadata']> & { readonly name: string };
};
