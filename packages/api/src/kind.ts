import type { Static, TSchema } from 'typebox';
import { apiVersionOf } from './api-version.js';
import { fromJsonSchema } from './from-json-schema.js';
import type { ObjectMeta } from './generated/meta/v1.js';
import type { Schema, SchemaSource } from './schema.js';

/** What every stored object has. `apiVersion` and `kind` may be left out where the kind is known. */
export interface KubernetesObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
}

/** The verbs of the API, as discovery and authorization name them. */
export type Verb =
  | 'get'
  | 'list'
  | 'watch'
  | 'create'
  | 'update'
  | 'patch'
  | 'delete'
  | 'deletecollection'
  | 'connect';

/** What a subresource speaks: `scale` of a Deployment speaks `autoscaling/v1` Scale. */
export interface SubresourceDefinition {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly verbs: readonly Verb[];
  /** True for a stream to the object (`exec`, `portforward`, `proxy`): the body is none of the API's. */
  readonly connect?: boolean;
}

export type Scope = 'Namespaced' | 'Cluster';

/**
 * A kind at one version: identity, names and schema. Built-in kinds and those of third parties are made the same way,
 * and nothing in shared code names a kind. How a server treats it (defaults, validation, columns) is a second value
 * that the client never loads.
 */
export interface Kind<T extends KubernetesObject = KubernetesObject> {
  /** `''` for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** `group/version`, or the version alone for the core group. */
  readonly apiVersion: string;
  readonly plural: string;
  readonly singular: string;
  readonly listKind: string;
  readonly scope: Scope;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly Verb[];
  readonly subresources: Readonly<Record<string, SubresourceDefinition>>;
  /** JSON paths such as `spec.nodeName` that field selectors may name, besides `metadata.name` and `metadata.namespace`. */
  readonly selectableFields: readonly string[];
  /** Where the scale subresource finds its values; only kinds that keep them at plain paths say so. */
  readonly scalePaths?: ScalePaths;
  /** Parsed on first use: the client never needs it. */
  readonly schema: SchemaSource;
  /** Carries the static type; never present at run time. */
  readonly objectType?: T;
}

/** What {@link defineKind} takes; everything that has a customary value may be left out. */
export interface KindOptions<S extends TSchema = TSchema> {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** @default the kind in lower case with an `s` */
  readonly plural?: string;
  /** @default the kind in lower case */
  readonly singular?: string;
  /** @default the kind with `List` behind it */
  readonly listKind?: string;
  /** @default 'Namespaced' */
  readonly scope?: Scope;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  /**
   * `status: true` gives the status a subresource of its own; `scale` names the paths of the replica counts; `own` are
   * those that the server's rules answer, by name, which no CustomResourceDefinition has.
   */
  readonly subresources?: {
    readonly status?: boolean;
    readonly scale?: ScalePaths;
    readonly own?: Readonly<Record<string, OwnSubresource>>;
  };
  readonly selectableFields?: readonly string[];
  /** The properties besides `apiVersion`, `kind` and `metadata`: `Type.Object({ spec: …, status: … })`, or plain JSON Schema. */
  readonly schema: S;
}

/** A subresource of a kind of one's own. */
export interface OwnSubresource {
  /** @default ['create'], and ['get', 'create'] for a stream */
  readonly verbs?: readonly Verb[];
  /** What a body of it is. @default the kind itself */
  readonly speaks?: { readonly group: string; readonly version: string; readonly kind: string };
  /** True where the answer is a stream, or whatever its handler sends. */
  readonly connect?: boolean;
}

/** Where a kind keeps what the scale subresource shows, as in a CustomResourceDefinition (`.spec.replicas`). */
export interface ScalePaths {
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  readonly labelSelectorPath?: string;
}

/** What can be done with the objects of a kind that is stored, in the order in which upstream names it for custom ones. */
export const allVerbs: readonly Verb[] = [
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'create',
  'update',
  'watch',
];

/**
 * Defines a kind from one schema: the static type, validation, OpenAPI, the client and the CRD come from it.
 * ```ts
 * const Widget = defineKind({ group: 'example.dev', version: 'v1', kind: 'Widget', schema: Type.Object({ spec: … }) })
 * type Widget = ObjectOf<typeof Widget>
 * ```
 */
export function defineKind<const S extends TSchema>(
  options: KindOptions<S>,
): Kind<KubernetesObject & Static<S>> {
  const { group, version, kind } = options;
  const singular = options.singular ?? kind.toLowerCase();
  const subresources: Record<string, SubresourceDefinition> = {};
  if (options.subresources?.status)
    subresources.status = { group, version, kind, verbs: ['get', 'patch', 'update'] };
  if (options.subresources?.scale)
    subresources.scale = {
      group: 'autoscaling',
      version: 'v1',
      kind: 'Scale',
      verbs: ['get', 'patch', 'update'],
    };
  for (const [name, { verbs, speaks, connect }] of Object.entries(options.subresources?.own ?? {}))
    subresources[name] = {
      ...(speaks ?? { group, version, kind }),
      verbs: verbs ?? (connect ? ['get', 'create'] : ['create']),
      ...(connect ? { connect } : {}),
    };
  return {
    group,
    version,
    kind,
    apiVersion: apiVersionOf(group, version),
    plural: options.plural ?? `${singular}s`,
    singular,
    listKind: options.listKind ?? `${kind}List`,
    scope: options.scope ?? 'Namespaced',
    shortNames: options.shortNames ?? [],
    categories: options.categories ?? [],
    verbs: allVerbs,
    subresources,
    ...(options.subresources?.scale === undefined ? {} : { scalePaths: options.subresources.scale }),
    selectableFields: options.selectableFields ?? [],
    schema: schemaOf(fromJsonSchema(options.schema as unknown as Readonly<Record<string, unknown>>)),
  };
}

/** The object type of a kind: `type Widget = ObjectOf<typeof Widget>`. */
export type ObjectOf<K> = K extends Kind<infer T> ? T : never;

function schemaOf(properties: Schema): SchemaSource {
  const root: Schema = {
    ...withoutOpenness(properties),
    type: 'object',
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      ...properties.properties,
    },
  };
  return {
    root,
    resolve(ref) {
      throw new Error(`the schema has no definition named ${ref}`);
    },
  };
}

/** What a kind's own schema does not describe at the top of an object is unknown, whatever plain JSON Schema allows. */
function withoutOpenness(schema: Schema): Schema {
  const { 'x-kubernetes-preserve-unknown-fields': _, ...rest } = schema;
  return rest;
}
