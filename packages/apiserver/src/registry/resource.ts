import type { Kind, KubernetesObject } from '@kubewright/api';
import type { ResourceCache } from '../cache/resource-cache.js';
import { itemBytes, objectBytes, parseStored, storedBytes } from '../encoding/object-bytes.js';
import type { Conversion, KindRules } from '../kinds/kind-rules.js';
import { type BodyKind, bodyKindOf } from '../schema/body-kind.js';
import { createSchemaValidator, type SchemaValidator } from '../schema/schema-validator.js';
import type { FieldError } from '../validation/field-error.js';

/** The groups that upstream stores without their name in the key, from before keys had groups. */
const root = '/registry/';

/** A stored kind on one server: its rules, its place in the store, its cache, and the versions that it is served at. */
export class Resource<T extends KubernetesObject = KubernetesObject> {
  readonly rules: KindRules<T>;
  /** `/registry/pods/` */
  readonly prefix: string;
  readonly cache: ResourceCache;
  /** The stored version first. */
  readonly served: readonly ServedKind<T>[];
  #schemaValidator: SchemaValidator | undefined;

  constructor(rules: KindRules<T>, openCache: (prefix: string) => ResourceCache) {
    this.rules = rules;
    this.prefix = `${root}${rules.storageKey ?? defaultFolder(rules.kind)}/`;
    this.cache = openCache(this.prefix);
    this.served = [
      new ServedKind(this, rules.kind, undefined),
      ...(rules.otherVersions ?? []).map((conversion) => new ServedKind(this, conversion.kind, conversion)),
    ];
  }

  /** The stored version as it is served. */
  get stored(): ServedKind<T> {
    return this.served[0] as ServedKind<T>;
  }

  get namespaced(): boolean {
    return this.rules.kind.scope === 'Namespaced';
  }

  key(namespace: string, name: string): string {
    return this.namespaced ? `${this.prefix}${namespace}/${name}` : `${this.prefix}${name}`;
  }

  /** What the schema itself finds wrong, for kinds whose schema says what is valid. */
  schemaErrors(object: T): FieldError[] {
    if (!this.rules.structural) return [];
    this.#schemaValidator ??= createSchemaValidator(this.rules.kind.schema);
    return this.#schemaValidator(object);
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

function defaultFolder(kind: Kind): string {
  return kind.group === '' ? kind.plural : `${kind.group}/${kind.plural}`;
}

/** One served version of a stored kind: the meeting point of a path and a {@link Resource}. */
export class ServedKind<T extends KubernetesObject = KubernetesObject> {
  readonly resource: Resource<T>;
  readonly kind: Kind;
  readonly conversion: Conversion<T> | undefined;
  #body: BodyKind | undefined;

  constructor(resource: Resource<T>, kind: Kind, conversion: Conversion<T> | undefined) {
    this.resource = resource;
    this.kind = kind;
    this.conversion = conversion;
  }

  /** What a body of this version must be; the schema is compiled on first use. */
  get body(): BodyKind {
    this.#body ??= bodyKindOf(this.kind, this.resource.rules.structural);
    return this.#body;
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

  /** The JSON of a stored entry at this version: the stored bytes themselves where no conversion stands between. */
  objectBytes(stored: Buffer, revision: number): Buffer {
    return objectBytes(this.#served(stored), revision);
  }

  /** The same as an item of a list. */
  itemBytes(stored: Buffer, revision: number): Buffer {
    return itemBytes(this.#served(stored), revision);
  }

  #served(stored: Buffer): Buffer {
    return this.conversion === undefined ? stored : storedBytes(this.fromStored(parseStored<T>(stored, 0)));
  }
}
