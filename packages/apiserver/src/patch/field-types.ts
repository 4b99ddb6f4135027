import type { Schema, SchemaSource } from '@kubewright/api';
import { definitions } from '@kubewright/api/schemas';
import { type GoMembers, goMembers } from '../encoding/go-members.js';

/** How the fields of a value are owned. What its schema does not foresee (a list where it has a string) is a leaf. */
export interface FieldType {
  readonly list: ListType | undefined;
  readonly map: MapType | undefined;
  /** What a configuration may set a leaf to. @default anything */
  readonly scalar?: 'numeric' | 'string' | 'boolean';
}

export interface ListType {
  /** `atomic` lists are one field; items of a `set` are known by their value, those of a `map` by their keys. */
  readonly relation: 'atomic' | 'set' | 'map';
  /** Sorted. */
  readonly keys: readonly string[];
  readonly item: FieldType;
  /** What a key that an item leaves out means. */
  keyDefault(key: string): unknown;
}

export interface MapType {
  /** One field as a whole. */
  readonly atomic: boolean;
  /** The type of a declared property. */
  property(name: string): FieldType | undefined;
  /** True for a property that is there in an empty object: nobody owns it as such, only what is below it. */
  isAlwaysThere(name: string): boolean;
  /** The type of members that are no properties; undefined where there may be none. */
  readonly values: FieldType | undefined;
}

const roots = new WeakMap<Schema, FieldType>();

/** The types behind a kind's schema, made on first use. */
export function fieldTypeOf(source: SchemaSource): FieldType {
  const { root } = source;
  let type = roots.get(root);
  if (type === undefined) {
    type = new Compiler(source).root(root);
    roots.set(root, type);
  }
  return type;
}

const machinery = 'io.k8s.apimachinery.';
const rawExtension = 'io.k8s.apimachinery.pkg.runtime.RawExtension';
const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** The published document leaves out that its name is empty by default. */
const localReference = 'io.k8s.api.core.v1.LocalObjectReference';
const empties: Readonly<Record<string, unknown>> = { string: '', integer: 0 };

/** Formats of which a number and a string may be. */
const anyScalar = new Set(['quantity', 'int-or-string', 'date-time', 'micro-time']);
/** What is one field, whatever it holds. */
const leaf: FieldType = { list: undefined, map: undefined };
const text: FieldType = { ...leaf, scalar: 'string' };
const numeric: FieldType = { ...leaf, scalar: 'numeric' };
const scalars: Readonly<Record<string, FieldType>> = {
  string: text,
  integer: numeric,
  number: numeric,
  boolean: { ...leaf, scalar: 'boolean' },
};

/** What is not described: maps of anything, each member a field; lists are one field. */
const untyped: FieldType = {
  list: {
    relation: 'atomic',
    keys: [],
    keyDefault: () => undefined,
    item: leaf,
  },
  map: {
    atomic: false,
    property: () => undefined,
    isAlwaysThere: () => false,
    get values() {
      return untyped;
    },
  },
};

class Compiler {
  readonly #source: SchemaSource;
  readonly #types = new Map<Schema, FieldType>();
  /** The definitions that were come across, by what they define. */
  readonly #names = new Map<Schema, string>();

  constructor(source: SchemaSource) {
    this.#source = source;
  }

  root(root: Schema): FieldType {
    const metadata = root.properties?.metadata;
    if (this.#source.name !== undefined) this.#names.set(root, this.#source.name);
    const described =
      this.#source.name !== undefined || metadata === undefined || metadata.$ref !== undefined;
    return this.#compile(described ? root : withMetadata(root));
  }

  type(schema: Schema): FieldType {
    let type = this.#types.get(schema);
    if (type === undefined) {
      type = this.#compile(schema);
      this.#types.set(schema, type);
    }
    return type;
  }

  /** The Go type behind a schema; objects of other kinds have none, and no properties of their own accord. */
  goMembers(schema: Schema): GoMembers | undefined {
    const name = this.#names.get(schema);
    return name === undefined ? undefined : goMembers(name);
  }

  #compile(schema: Schema): FieldType {
    const reference = schema.$ref ?? (schema.allOf?.length === 1 ? schema.allOf[0]?.$ref : undefined);
    // What is in it is nobody's but whole.
    if (reference === rawExtension)
      return { list: undefined, map: { ...untyped.map, atomic: true } as MapType };
    if (reference !== undefined) {
      const target = this.#resolve(reference);
      const relation = schema['x-kubernetes-map-type'];
      this.#names.set(target, reference);
      if (relation === undefined) return this.type(target);
      const changed = { ...target, 'x-kubernetes-map-type': relation };
      this.#names.set(changed, reference);
      return this.#compile(changed);
    }
    if (schema.type === 'array') return { list: this.#list(schema), map: undefined };
    if (schema['x-kubernetes-embedded-resource'] && schema.properties?.metadata?.$ref === undefined)
      return this.#compile(withMetadata(schema));
    const { properties, additionalProperties } = schema;
    if (properties !== undefined || typeof additionalProperties === 'object')
      return { list: undefined, map: new DeclaredMap(schema, this) };
    if (schema['x-kubernetes-map-type'] === 'atomic')
      return { list: undefined, map: { ...untyped.map, atomic: true } as MapType };
    if (anyScalar.has(schema.format ?? '')) return leaf;
    const scalar = scalars[schema.type ?? ''];
    if (scalar !== undefined) return scalar;
    if (schema.type === undefined) return untyped;
    return schema.type === 'object' ? { list: undefined, map: untyped.map } : leaf;
  }

  #list(schema: Schema): ListType {
    const items = schema.items ?? {};
    const mergeKey = schema['x-kubernetes-patch-merge-key'];
    const merges = (schema['x-kubernetes-patch-strategy'] ?? '').split(',').includes('merge');
    const relation =
      schema['x-kubernetes-list-type'] ?? (!merges ? 'atomic' : mergeKey === undefined ? 'set' : 'map');
    const keys = schema['x-kubernetes-list-map-keys'] ?? (mergeKey === undefined ? [] : [mergeKey]);
    // Of the metadata the types are those of Kubernetes, whoever's object it is.
    const builtin = this.#source.name !== undefined || items.$ref?.startsWith(machinery) === true;
    let item: FieldType | undefined;
    const compile = () => this.type(items);
    const resolved = () => (items.$ref === undefined ? items : this.#resolve(items.$ref));
    return {
      relation,
      keys: [...keys].sort(),
      get item() {
        item ??= compile();
        return item;
      },
      keyDefault: (key) => {
        const { properties, required } = resolved();
        const property = properties?.[key];
        // A key of a built-in kind that must be there is empty where it is left out.
        const empty =
          builtin && (required?.includes(key) || items.$ref === localReference)
            ? empties[property?.type ?? '']
            : undefined;
        return property?.default ?? empty;
      },
    };
  }

  #resolve(name: string): Schema {
    return name.startsWith(machinery) ? definitions.get(name) : this.#source.resolve(name);
  }
}

/** A kind of a third party, or an object within one, does not describe its metadata: that of every kind is the same. */
function withMetadata(schema: Schema): Schema {
  const type: Schema = { type: 'string' };
  const metadata: Schema = { $ref: objectMeta };
  return { ...schema, properties: { apiVersion: type, kind: type, ...schema.properties, metadata } };
}

/** A map with what its schema says of its members, whose types are made as they are met: large kinds have thousands. */
class DeclaredMap implements MapType {
  readonly atomic: boolean;
  readonly #schema: Schema;
  readonly #compiler: Compiler;
  readonly #goMembers: GoMembers | undefined;
  #declared: Map<string, FieldType> | undefined;
  #values: FieldType | undefined;

  constructor(schema: Schema, compiler: Compiler) {
    this.atomic = schema['x-kubernetes-map-type'] === 'atomic';
    this.#schema = schema;
    this.#compiler = compiler;
    this.#goMembers = compiler.goMembers(schema);
  }

  property(name: string): FieldType | undefined {
    const known = this.#declared?.get(name);
    if (known !== undefined) return known;
    const { properties } = this.#schema;
    const schema = properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined;
    // Names of properties only: those of a map's members are not the schema's to bound.
    if (schema === undefined) return undefined;
    const type = this.#compiler.type(schema);
    this.#declared ??= new Map();
    this.#declared.set(name, type);
    return type;
  }

  isAlwaysThere(name: string): boolean {
    return this.#goMembers?.structs.has(name) === true || this.#goMembers?.nulls.has(name) === true;
  }

  get values(): FieldType | undefined {
    if (this.#values !== undefined) return this.#values;
    const { additionalProperties } = this.#schema;
    if (typeof additionalProperties === 'object') this.#values = this.#compiler.type(additionalProperties);
    else if (additionalProperties === true || this.#schema['x-kubernetes-preserve-unknown-fields'] === true)
      this.#values = untyped;
    return this.#values;
  }
}
