import type { Kind, KubernetesObject } from '@kubewright/api';
import type { DeleteOptions } from '@kubewright/api/meta/v1';
import type { AdmissionPlugin } from '../admission/admission-plugin.js';
import type { User } from '../auth/user.js';
import type { ByteStream } from '../http/api-request.js';
import type { FieldSet } from '../patch/field-set.js';
import type { ObjectSource } from '../registry/object-source.js';
import type { ObjectReader, WriteContext } from '../registry/write-context.js';
import type { FieldError } from '../validation/field-error.js';
import type { ProxyContext, ProxyLocation } from './proxy-location.js';

/** A column of the Table form of a kind. Source: the "Receiving resources as Tables" page of the API concepts. */
export interface Column<T> {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  /** `name` marks the first column. */
  readonly format?: string;
  readonly description: string;
  /** 0 is always shown, 1 with `-o wide`. */
  readonly priority: number;
  /** The cell; `now` in milliseconds since the epoch, for ages. */
  cell(object: T, now: number): string | number | bigint | boolean | null;
}

/** A condition of a row of a Table: that its object has completed, so that lists may leave it out. */
export interface RowCondition {
  readonly type: 'Completed';
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason?: string;
  readonly message?: string;
}

/** Another served form of the stored object: `fromStored` and `toStored` work on parsed values and may reuse parts of them. */
export interface Conversion<T extends KubernetesObject, V extends KubernetesObject = KubernetesObject> {
  readonly kind: Kind<V>;
  toStored(object: V): T;
  fromStored(object: T): V;
  default?(object: V): void;
  /** Where it is a kind of its own rather than a version (a scale): its columns. @default those of the stored kind */
  readonly columns?: readonly Column<V>[];
  /** Selectable fields that the stored kind knows by other names: those names by the ones here. */
  readonly storedFields?: Readonly<Record<string, string>>;
}

/** What a subresource's handler may do with the object that it belongs to. */
export interface SubresourceContext<T> extends WriteContext {
  readonly namespace: string;
  readonly name: string;
  /** Changes the object as one compare-and-swap. `change` gets a copy of its own. @throws ApiError NotFound */
  update(change: (object: T) => T): Promise<T>;
  /** @throws ApiError NotFound, Conflict */
  delete(options: DeleteOptions): Promise<void>;
}

/** Where a connection goes on: a kubelet's HTTPS port. */
export interface ConnectTarget {
  readonly host: string;
  readonly port: number;
  /** Path and query. */
  readonly path: string;
}

/**
 * A subresource besides the plain status and scale: one that changes part of the object, one that takes a body of its
 * own kind, or one that connects a stream.
 */
export interface SubresourceRules<T> {
  prepareForUpdate?(object: T, old: T, context: WriteContext): void;
  validateUpdate?(object: T, old: T): FieldError[];
  /** As {@link KindRules.warnings}, of writes to the subresource. */
  warnings?(object: T): string[];
  /** As {@link KindRules.confidential}. */
  readonly confidential?: boolean;
  /**
   * True where what it does to the object is the server's own doing: nobody owns the fields, and the generation stays
   * (a Binding, an Eviction).
   */
  readonly untracked?: boolean;
  /** POST of a body; the answer is what the client gets. */
  create?(body: KubernetesObject, context: SubresourceContext<T>): Promise<KubernetesObject>;
  /** What a body of `create` is. @default the built-in kind that the subresource speaks */
  readonly body?: Kind;
  /** Versions of it that are served no more and are taken all the same. */
  readonly formerVersions?: readonly string[];
  /** Answers any request by itself: with a stream, or at once. */
  serve?(object: T, call: SubresourceCall): Promise<void>;
  /** Passes any request on to where this says. `id` is the object's name as in the path, which may say more. */
  proxy?(id: string, context: ProxyContext): Promise<ProxyLocation>;
  /** @throws ApiError BadRequest where the object can't be connected to yet */
  connect?(object: T, query: URLSearchParams, objects: ObjectReader): Promise<ConnectTarget>;
}

/** A request to a subresource that answers by itself. */
export interface SubresourceCall {
  /** `GET`, `POST`, … */
  readonly method: string;
  readonly query: URLSearchParams;
  readonly user: User;
  readonly objects: ObjectReader;
  /** Aborted when the client is gone or the server stops. */
  readonly signal: AbortSignal;
  /** The whole body. @throws ApiError RequestEntityTooLarge */
  readBody(): Promise<Buffer>;
  /** Answers at once. */
  send(status: number, contentType: string, body: Uint8Array | string): void;
  /** Answers with a stream, which the handler ends: bytes leave as they come. */
  open(status: number, contentType: string): ByteStream;
}

/** How the scale subresource reads and writes a kind. */
export interface ScaleRules<T> {
  /** Undefined where the object does not say. */
  replicas(object: T): number | undefined;
  setReplicas(object: T, replicas: number): void;
  statusReplicas(object: T): number;
  /** The selector in string form. */
  selector(object: T): string;
}

/** Reads a selectable field; a method, so that rules of one kind fit where rules of any kind are taken. */
export interface FieldReader<T> {
  read(object: T): string;
}

/**
 * How a server treats a kind: everything of a kind that is not identity or schema. One value a kind, in the file of
 * its family; the mechanisms (verbs, registry, tables) know kinds only through it. Every hook works on the stored
 * version, may change the object that it is given, and never `old`.
 */
export interface KindRules<T extends KubernetesObject = KubernetesObject> {
  /** The stored version. */
  readonly kind: Kind<T>;
  readonly otherVersions?: readonly Conversion<T>[];
  /**
   * True where the schema itself says what is valid, as in a CustomResourceDefinition; else `validate` does, and the
   * schema only gives types.
   */
  readonly structural?: boolean;
  /** The folder below `/registry/`. @default the plural, behind `GROUP/` outside upstream's old groups */
  readonly storageKey?: string;
  /**
   * True where a change of anything but metadata and status raises `metadata.generation`, `with labels` where one of the
   * labels does, too; `fixed` where it stays 1.
   */
  readonly generation?: boolean | 'with labels' | 'fixed';
  /** Fields left out get their values, before admission, on every write. */
  default?(object: T): void;
  /**
   * Takes fields away whose features are off: they are taken, belong to who set them, and are forgotten. On every
   * write of the object, after admission and before the preparation.
   */
  dropDisabled?(object: T): void;
  /** Before validation: what a client may not set is reset, what depends on the request is filled in. */
  prepareForCreate?(object: T, context: WriteContext): void;
  prepareForUpdate?(object: T, old: T, context: WriteContext): void;
  /** True where a create brings the status along (a Node registers with its own). @default false: it is reset */
  readonly createdWithStatus?: boolean;
  /** True where an update must name the resourceVersion that it changes. @default false: the newest one is meant */
  readonly needsResourceVersion?: boolean;
  /** True where a PUT of an object that is not there creates it. @default false: Not Found */
  readonly createdByUpdate?: boolean;
  /**
   * Refuses a write that the user may not make because of what is in it, after admission has changed it.
   * @throws ApiError Forbidden
   */
  authorizeWrite?(object: T, old: T | undefined, context: WriteContext): Promise<void>;
  /** True where bodies hold what nobody may find in a log, whatever the audit policy says. @default false */
  readonly confidential?: boolean;
  /** Name rule of the kind: messages of what is wrong. @default DNS subdomain */
  validateName?(name: string): string[];
  /**
   * What upstream asks of metadata besides what it asks of that of any object. `as new`: an update is looked at as a
   * create is, too (`as new afterwards`: behind what it changes); `any finalizer`: finalizers need no domain; `common`:
   * nothing.
   * @default what an update changes, and finalizers; of a kind that its schema describes the former only
   */
  readonly metadataChecks?: 'as new' | 'as new afterwards' | 'any finalizer' | 'common';
  /**
   * Fields that a write to the object (`''`) or to a subresource can't change and therefore doesn't own.
   * @default the status of a write to the object, all but status and metadata of one to the status
   */
  readonly resetFields?: Readonly<Record<string, FieldSet>>;
  /**
   * What a write of the status can't change of the metadata besides what the server sets.
   * @default nothing of a built-in kind, all of one that its schema describes
   */
  readonly statusKeeps?: 'all' | readonly (typeof objectMeta)[number][];
  /** In upstream's order; the metadata's own errors come before. */
  validate?(object: T, context: WriteContext): FieldError[];
  /** What holds for new objects only, besides `validate`. */
  validateCreate?(object: T, context: WriteContext): FieldError[];
  validateUpdate?(object: T, old: T, context: WriteContext): FieldError[];
  /** Why an object may not be deleted. */
  validateDelete?(object: T, context: WriteContext): FieldError[];
  /** What every request for the kind is warned of. */
  readonly deprecation?: string;
  /** Texts of `Warning` headers for a write; `old` is what an update changed. */
  warnings?(object: T, old: T | undefined): string[];
  /**
   * Takes what the object needs to itself alone (addresses, ports) before it is validated. The answer gives it back
   * when the write fails after all.
   */
  allocate?(object: T, old: T | undefined, context: WriteContext): Promise<() => Promise<void>>;
  /** After an update is stored: gives back what only the old object had. */
  releaseUnused?(object: T, old: T, context: WriteContext): Promise<void>;
  /** After the object is gone: gives back what it had. */
  release?(object: T, context: WriteContext): Promise<void>;
  /** Seconds that a deleted object stays for its owner to finish; 0 removes it at once. @default always 0 */
  gracePeriodSeconds?(object: T, requested: number | undefined): number;
  /** What `propagationPolicy` is when a delete names none. @default 'Background' */
  readonly defaultPropagation?: 'Background' | 'Orphan';
  /** True where the answer to a delete is the object rather than a Status. @default false */
  readonly returnsDeleted?: boolean;
  /** True while something besides `metadata.finalizers` holds a deleted object (a namespace's `spec.finalizers`). */
  held?(object: T): boolean;
  /** Marks an object that is held while it is deleted (a namespace's phase Terminating). */
  markDeleted?(object: T, context: WriteContext): void;
  /** Values of selectable fields that are no plain path into the object. */
  readonly fields?: Readonly<Record<string, FieldReader<T>['read']>>;
  /** What is said of a field that it can't be selected by. @default upstream's common words */
  readonly notSelectable?: (field: string) => string;
  /** The paths of the object that `fields` look at. @default unknown: the whole object is parsed for them */
  readonly fieldsRead?: readonly string[];
  /** Where its objects are, when not in the store; then `otherVersions` are not for it. */
  readonly source?: ObjectSource<T>;
  /** Of a table at any version, whose rows are of the stored one. Without columns a table shows name and age. */
  readonly columns?: readonly Column<T>[];
  /** In which order a table lists the objects. @default that of their names */
  compareRows?(a: T, b: T): number;
  /** What a table says of a row besides its cells. @default nothing */
  rowConditions?(object: T): readonly RowCondition[] | undefined;
  /** Admission of this kind alone, after the server's own. */
  readonly admission?: readonly AdmissionPlugin<T>[];
  readonly scale?: ScaleRules<T>;
  readonly subresources?: Readonly<Record<string, SubresourceRules<T>>>;
  /** Lifetime of an object in seconds after its last write (Events). */
  readonly timeToLiveSeconds?: number;
}

/** What a user sets of the metadata, for {@link KindRules.statusKeeps}. Source: `ResetObjectMetaForStatus`. */
export const objectMeta = ['labels', 'annotations', 'finalizers', 'ownerReferences'] as const;

/** Keeps a rules value's own type while it is checked. */
export function defineRules<T extends KubernetesObject>(rules: KindRules<T>): KindRules<T> {
  return rules;
}
