import type { Kind, KubernetesObject } from '@kubewright/api';
import type { ResourceCache } from '../cache/resource-cache.js';
import { itemBytes, objectBytes, objectLine, parseStored, storedBytes } from '../encoding/object-bytes.js';
import type { Conversion, KindRules } from '../kinds/kind-rules.js';
import type { JsonObject } from '../patch/json-object.js';
import { type BodyKind, bodyKindOf } from '../schema/body-kind.js';
import { scaleErrors } from '../schema/scale-errors.js';
import { type Judged, structuralErrors } from '../schema/structural-errors.js';
import { StructuralSchema } from '../schema/structural-schema.js';
import type { StorageEntry } from '../storage/storage.js';
import type { FieldError } from '../validation/field-error.js';
import { type ObjectSource, SourceStorage } from './object-source.js';

/** The groups that upstream stores without their name in the key, from before keys had groups. */
const root = '/registry/';

/**
 * Stands between the store and a resource whose objects may be stored at another version than its own. Bytes that the
 * cache hands out are of today's schema of their own version; what is in the store need not be.
 */
export interface StoredForms<T extends KubernetesObject = KubernetesObject> {
  /** Which version is stored. */
  readonly storedAs: { readonly group: string; readonly version: string };
  /** Stored bytes as the cache hands them out. */
  current(stored: Buffer): Buffer;
  /**
   * Bytes of the cache at the resource's own version: the same bytes where they are of it already.
   * @throws Error where they have to be prepared
   */
  read(current: Buffer): Buffer;
  /**
   * Has another process bring these to the resource's own version, so that `read` knows them. Absent where none is
   * needed.
   * @throws ApiError with code 500 where it can't
   */
  prepare?(current: readonly Buffer[]): Promise<void>;
  /**
   * True where the labels and selectable fields of what is stored need not be those of the resource's own version, as
   * another process makes these.
   */
  readonly selectsConverted: boolean;
  /** What is to be stored of an object; `bytes` are its own. */
  write(object: T, bytes: Buffer): Buffer | Promise<Buffer>;
  /**
   * The object at another version of its kind, for those who own its fields there; undefined where there is no such
   * version. A promise where another process has to be asked.
   */
  at(object: KubernetesObject, apiVersion: string): AtVersion | Promise<AtVersion>;
}

export type AtVersion = { readonly object: KubernetesObject; readonly kind: Kind } | undefined;

/** A stored kind on one server: its rules, its place in the store, its cache, and the versions that it is served at. */
export class Resource<T extends KubernetesObject = KubernetesObject> {
  readonly rules: KindRules<T>;
  /** `/registry/pods/` */
  readonly prefix: string;
  /** The stored version first. */
  readonly served: readonly ServedKind<T>[];
  /** Undefined where the objects are in the server's store. */
  readonly source: SourceStorage | undefined;
  /** Undefined where what is stored is what the rules know: of all kinds but custom resources. */
  readonly forms: StoredForms<T> | undefined;
  readonly #open: (prefix: string) => ResourceCache;
  #cache: ResourceCache | undefined;

  constructor(rules: KindRules<T>, openCache: (prefix: string) => ResourceCache, forms?: StoredForms<T>) {
    this.rules = rules;
    this.forms = forms;
    this.source =
      rules.source && new SourceStorage(rules.source as ObjectSource, rules.kind, (key) => this.nameOf(key));
    this.prefix = prefixOf(rules);
    this.#open = openCache;
    this.served = [
      new ServedKind(this, rules.kind, undefined),
      ...(rules.otherVersions ?? []).map((conversion) => new ServedKind(this, conversion.kind, conversion)),
    ];
  }

  /** The stored version as it is served. */
  get stored(): ServedKind<T> {
    return this.served[0] as ServedKind<T>;
  }

  /** Opened by who first reads it, unless {@link openCache} was asked for before. */
  get cache(): ResourceCache {
    return this.#cache ?? this.openCache();
  }

  /** Whether the cache was opened and has not all objects yet, or not again. */
  get isLoading(): boolean {
    return this.#cache?.isLoading === true;
  }

  openCache(): ResourceCache {
    this.#cache ??= this.#open(this.prefix);
    return this.#cache;
  }

  get namespaced(): boolean {
    return this.rules.kind.scope === 'Namespaced';
  }

  key(namespace: string, name: string): string {
    return this.namespaced ? `${this.prefix}${namespace}/${name}` : `${this.prefix}${name}`;
  }

  /** What the schema itself finds wrong, for kinds whose schema says what is valid. */
  schemaErrors(judged: Judged): FieldError[] {
    if (!this.rules.structural) return [];
    const { schema, scalePaths } = this.rules.kind;
    const errors = structuralErrors(StructuralSchema.of(schema.root), judged);
    return scalePaths === undefined
      ? errors
      : [...errors, ...scaleErrors(scalePaths, judged.object, judged.statusOnly === true)];
  }

  /** Bytes of the store as those of an object that the rules know. Only of interest where there are {@link forms}. */
  async readStored(key: string, { value, revision }: StorageEntry): Promise<Buffer> {
    if (this.forms === undefined) return value;
    const cached = this.cache.get(key);
    const current = cached?.revision === revision ? cached.bytes : this.forms.current(value);
    await this.forms.prepare?.([current]);
    return this.forms.read(current);
  }

  /** What is to be stored of an object whose own bytes these are. */
  writeStored(object: T, bytes: Buffer): Buffer | Promise<Buffer> {
    return this.forms === undefined ? bytes : this.forms.write(object, bytes);
  }

  /**
   * The object as it is read again: what is stored of it may be of another version, which may not have all of it, and
   * what it leaves out may have a default.
   */
  async readAgain(stored: Buffer): Promise<{ readonly object: T; readonly bytes: Buffer }> {
    const { forms } = this;
    if (forms === undefined) return { object: parseStored<T>(stored, 0), bytes: stored };
    const current = forms.current(stored);
    await forms.prepare?.([current]);
    const bytes = forms.read(current);
    return { object: parseStored<T>(bytes, 0), bytes };
  }

  /** True where a status that nobody has written is read as something. */
  get presetsStatus(): boolean {
    const { root } = this.rules.kind.schema;
    return this.forms !== undefined && StructuralSchema.of(root).defaults.some(([name]) => name === 'status');
  }

  /** The inverse of {@link key}. */
  nameOf(key: string): { namespace: string; name: string } {
    const rest = key.slice(this.prefix.length);
    const slash = rest.indexOf('/');
    return slash < 0
      ? { namespace: '', name: rest }
      : { namespace: rest.slice(0, slash), name: rest.slice(slash + 1) };
  }
}

/** What a write of the status can't change of the metadata. */
export function statusKeeps<T extends KubernetesObject>(
  rules: KindRules<T>,
): NonNullable<KindRules['statusKeeps']> {
  return rules.statusKeeps ?? (rules.structural ? 'all' : []);
}

/** What the keys of a kind's objects start with: `/registry/pods/`. */
export function prefixOf({ storageKey, kind }: Pick<KindRules, 'storageKey' | 'kind'>): string {
  return `${root}${storageKey ?? defaultFolder(kind)}/`;
}

function defaultFolder(kind: Kind): string {
  return kind.group === '' ? kind.plural : `${kind.group}/${kind.plural}`;
}

/** One served version of a stored kind: the meeting point of a path and a {@link Resource}. */
export class ServedKind<T extends KubernetesObject = KubernetesObject> {
  readonly resource: Resource<T>;
  readonly kind: Kind;
  readonly conversion: Conversion<T> | undefined;
  #body: BodyKind | undefined;
  #unset: JsonObject | undefined;

  constructor(resource: Resource<T>, kind: Kind, conversion: Conversion<T> | undefined) {
    this.resource = resource;
    this.kind = kind;
    this.conversion = conversion;
  }

  /** What a body of this version must be; the schema is compiled on first use. */
  get body(): BodyKind {
    const { structural } = this.resource.rules;
    this.#body ??= { ...bodyKindOf(this.kind, structural), namesItself: structural === true };
    return this.#body;
  }

  /** An object in which nothing is set: of a built-in kind it has what Go always writes. */
  get unset(): JsonObject {
    this.#unset ??= this.#withNothing();
    return this.#unset;
  }

  #withNothing(): JsonObject {
    const { apiVersion, kind } = this.kind;
    const empty = { apiVersion, kind, metadata: {} };
    return this.isBuiltin ? { ...empty, ...this.body.normalise({ metadata: {} }).object } : empty;
  }

  /** False for custom resources and kinds in TypeScript, which upstream serves beside its routes. */
  get isBuiltin(): boolean {
    return this.kind.schema.name !== undefined;
  }

  /** What a client of this version sent, as the stored version with its defaults. */
  toStored(object: KubernetesObject): T {
    this.conversion?.default?.(object);
    const stored = this.conversion === undefined ? (object as T) : this.conversion.toStored(object);
    const { kind } = this.resource.rules;
    stored.apiVersion = kind.apiVersion;
    stored.kind = kind.kind;
    this.resource.rules.default?.(stored);
    return stored;
  }

  /** The object as a client of this version reads it. */
  fromStored(stored: T): KubernetesObject {
    if (this.conversion === undefined) return stored;
    const object = this.conversion.fromStored(stored);
    object.apiVersion = this.kind.apiVersion;
    object.kind = this.kind.kind;
    return object;
  }

  /** To be awaited, where it is a promise, before these are read at this version. */
  prepare(entries: readonly { readonly bytes: Buffer }[]): Promise<void> | undefined {
    return this.resource.forms?.prepare?.(entries.map(({ bytes }) => bytes));
  }

  /** A stored entry as the rules know it. */
  readStored(stored: Buffer, revision: number): T {
    return parseStored<T>(this.ownBytes(stored), revision);
  }

  /** A stored entry as the cells of a table are made of it, without its resource version. */
  tableObject(stored: Buffer): KubernetesObject {
    const own = this.ownBytes(stored);
    // No column of a built-in kind shows a number beyond what JSON.parse reads exactly.
    const object = this.resource.rules.structural
      ? parseStored<T>(own, 0)
      : (JSON.parse(own.toString()) as T);
    return this.conversion?.columns === undefined ? object : this.fromStored(object);
  }

  /** The JSON of a stored entry at this version: the stored bytes themselves where no conversion stands between. */
  objectBytes(stored: Buffer, revision: number): Buffer {
    return objectBytes(this.#served(stored), revision);
  }

  /** The same as an answer of its own. */
  objectLine(stored: Buffer, revision: number): Buffer {
    return objectLine(this.#served(stored), revision);
  }

  /** The same as an item of a list. */
  itemBytes(stored: Buffer, revision: number): Buffer {
    const served = this.#served(stored);
    return this.namesItems ? objectBytes(served, revision) : itemBytes(served, revision);
  }

  /** True where each item of a list says of what kind it is, as upstream has it for custom resources. */
  get namesItems(): boolean {
    return this.resource.rules.structural === true;
  }

  /** The entries with their bytes at the version of the resource. */
  own<E extends { readonly bytes: Buffer }>(entries: Iterable<E>): Iterable<E> {
    return this.resource.forms === undefined ? entries : this.#eachOwn(entries);
  }

  *#eachOwn<E extends { readonly bytes: Buffer }>(entries: Iterable<E>): Iterable<E> {
    for (const entry of entries) yield { ...entry, bytes: this.ownBytes(entry.bytes) };
  }

  /** Bytes of the cache at the version of the resource: where that is another, their metadata may be, too. */
  ownBytes(stored: Buffer): Buffer {
    const { forms } = this.resource;
    return forms === undefined ? stored : forms.read(stored);
  }

  #served(stored: Buffer): Buffer {
    const own = this.ownBytes(stored);
    return this.conversion === undefined ? own : storedBytes(this.fromStored(parseStored<T>(own, 0)));
  }
}
