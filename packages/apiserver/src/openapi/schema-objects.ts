import type { Schema, SchemaSource } from '@kubewright/api';
import { definitions } from '@kubewright/api/schemas';
import type { ReferenceObject, SchemaObject } from 'openapi3-ts/oas30';
import { described as withDescriptions } from './descriptions.js';
import { type DocumentedKind, definitionName } from './documented-kind.js';
import { withGoFacts } from './go-facts.js';
import { thirdPartySchema } from './third-party-schema.js';

/** What discovery consists of. */
export type DiscoveryDefinition = 'APIGroup' | 'APIGroupList' | 'APIResourceList' | 'APIVersions';

interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

/** Definitions of one document: added by name with everything that they refer to. */
export class SchemaObjects {
  readonly #of: GroupVersion | undefined;
  readonly #schemas = new Map<string, SchemaObject>();

  /** @param of the group and version that the document is of; undefined where it is of all */
  constructor(of?: GroupVersion) {
    this.#of = of;
  }

  /** By name, sorted. */
  get all(): ReadonlyMap<string, SchemaObject> {
    return new Map([...this.#schemas].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** A reference to a kind's definition. */
  kind(kind: DocumentedKind): ReferenceObject {
    const name = definitionName(kind);
    if (kind.schema.name !== undefined) return this.#add(name, kind.schema.root, kind.schema);
    const { group, version, kind: kindName, schema } = kind;
    const root: Schema = {
      ...thirdPartySchema(schema.documented?.() ?? schema.root),
      'x-kubernetes-group-version-kind': [{ group, version, kind: kindName }],
    };
    return this.#add(name, root, { root, resolve: (ref) => resolve(ref, schema) });
  }

  /** A reference to the definition of a kind's list. */
  list(kind: DocumentedKind): ReferenceObject {
    const name = `${definitionName(kind)}List`;
    if (kind.schema.name !== undefined) return this.#add(name, kind.schema.resolve(name), kind.schema);
    const { group, version, kind: kindName, listKind, plural, selectableFields } = kind;
    this.kind(kind);
    const { apiVersion, kind: kindProperty } = this.#schemas.get(definitionName(kind))?.properties ?? {};
    const root: Schema = {
      description: `${listKind} is a list of ${kindName}`,
      type: 'object',
      required: ['items'],
      properties: {
        apiVersion: { type: 'string', ...(apiVersion as Schema | undefined) },
        kind: { type: 'string', ...(kindProperty as Schema | undefined) },
        metadata: { $ref: listMeta },
        items: { description: `The ${plural}.`, type: 'array', items: { $ref: definitionName(kind) } },
      },
      'x-kubernetes-group-version-kind': [{ group, version, kind: listKind }],
      ...(selectableFields.length === 0
        ? {}
        : { 'x-kubernetes-selectable-fields': selectableFields.map((fieldPath) => ({ fieldPath })) }),
    };
    return this.#add(name, root, { root, resolve: (ref) => resolve(ref, kind.schema) });
  }

  /** A reference to a definition of the API machinery, such as Status. */
  meta(name: 'DeleteOptions' | 'Patch' | 'Status' | 'WatchEvent' | DiscoveryDefinition): ReferenceObject {
    const full = `${metaV1}.${name}`;
    // A patch has no schema of its own: its form is that of its media type.
    const root: Schema = name === 'Patch' ? { type: 'object' } : definitions.get(full);
    return this.#add(full, root, { root, resolve: (ref) => definitions.get(ref) });
  }

  /** A reference to a definition that is no kind's. */
  own(name: string, root: Schema): ReferenceObject {
    return this.#add(name, root, { root, resolve: (ref) => definitions.get(ref) });
  }

  /** A reference to the definition of that kind among the built-in ones; undefined for a kind that has none. */
  builtin(group: string, version: string, kind: string): ReferenceObject | undefined {
    const source = definitions.ofKind(group, version, kind);
    return source?.name === undefined ? undefined : this.#add(source.name, source.root, source);
  }

  #add(name: string, schema: Schema, source: SchemaSource): ReferenceObject {
    if (!this.#schemas.has(name)) {
      // Known before it is made: definitions may contain themselves.
      this.#schemas.set(name, {});
      const whole = withGoFacts(name, withDescriptions(name, unmarked(name, schema)));
      const made = this.#convert({ ...whole, ...this.#ownKinds(whole) }, source);
      this.#schemas.set(name, made as SchemaObject);
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  /** What every group has (Status, DeleteOptions) is said of the core group and of the document's own alone. */
  #ownKinds({ 'x-kubernetes-group-version-kind': kinds }: Schema): Partial<Schema> {
    const of = this.#of;
    if (kinds === undefined || kinds.length < 2 || of === undefined) return {};
    const isOwn = ({ group, version }: GroupVersion) =>
      (group === '' && version === 'v1') || (group === of.group && version === of.version);
    return { 'x-kubernetes-group-version-kind': kinds.filter(isOwn) };
  }

  #convert(schema: Schema, source: SchemaSource): SchemaObject | ReferenceObject {
    const { $ref, format, ...rest } = schema;
    const result: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(rest)) result[key] = this.#convertMember(key, value, source);
    if ($ref !== undefined) {
      const reference = this.#schemas.has($ref) ? refTo($ref) : this.#add($ref, source.resolve($ref), source);
      // A reference has no siblings in OpenAPI 3.0.
      return Object.keys(result).length === 0 ? reference : { allOf: [reference], ...result };
    }
    if (format === 'micro-time') return { ...result, format: 'date-time' };
    if (format === 'quantity') return { ...result, oneOf: [{ type: 'string' }, { type: 'number' }] };
    if (format === 'int-or-string')
      return { ...result, format, oneOf: [{ type: 'integer' }, { type: 'string' }] };
    return format === undefined ? result : { ...result, format };
  }

  #convertMember(key: string, value: unknown, source: SchemaSource): unknown {
    const convert = (schema: unknown) => this.#convert(schema as Schema, source);
    switch (key) {
      case 'properties':
        return Object.fromEntries(
          Object.entries(value as Record<string, unknown>).map(([name, schema]) => [
            name,
            convert(withTypesDescription(schema as Schema)),
          ]),
        );
      case 'oneOf':
      case 'anyOf':
      case 'allOf':
        return (value as unknown[]).map(convert);
      case 'items':
      case 'not':
      case 'additionalProperties':
        return typeof value === 'object' ? convert(value) : value;
      default:
        return value;
    }
  }
}

/** A member of which nobody says what it is for is what its type is. */
function withTypesDescription(schema: Schema): Schema {
  if (schema.$ref === undefined || schema.description !== undefined) return schema;
  const { description } = withDescriptions(schema.$ref, {});
  return description === undefined ? schema : { ...schema, description };
}

/** Definitions of free form, of which upstream's documents say no more than that. */
const freeForms = new Set([
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray',
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1',
  'io.k8s.apimachinery.pkg.runtime.RawExtension',
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
]);

/** Without the marks by which this server knows what such a definition takes. */
function unmarked(name: string, schema: Schema): Schema {
  if (!freeForms.has(name)) return schema;
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !key.startsWith('x-kubernetes-')));
}

const metaV1 = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const listMeta = `${metaV1}.ListMeta`;

function refTo(name: string): ReferenceObject {
  return { $ref: `#/components/schemas/${name}` };
}

/** A kind of a third party has its own definitions and, behind them, those of the machinery. */
function resolve(ref: string, schema: SchemaSource): Schema {
  return ref.startsWith('io.k8s.apimachinery.') ? definitions.get(ref) : schema.resolve(ref);
}
