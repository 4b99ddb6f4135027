import { allVerbs, type Schema, type SubresourceDefinition, type Verb } from '@kubewright/api';
import type { KindData } from './generate-modules.js';
import { definitionName, type KindSource, listMeta, objectMeta, sortedKinds } from './kind-source.js';
import { plainSchema } from './plain-schema.js';

/** As much of a CustomResourceDefinition (`apiextensions.k8s.io/v1`) as makes its kinds. */
interface CustomResourceDefinition {
  readonly metadata?: { readonly name?: string };
  readonly spec?: {
    readonly group?: string;
    readonly scope?: 'Namespaced' | 'Cluster';
    readonly names?: {
      readonly kind?: string;
      readonly plural?: string;
      readonly singular?: string;
      readonly listKind?: string;
      readonly shortNames?: readonly string[];
      readonly categories?: readonly string[];
    };
    readonly versions?: readonly CrdVersion[];
  };
}

interface CrdVersion {
  readonly name: string;
  readonly served?: boolean;
  readonly schema?: { readonly openAPIV3Schema?: unknown };
  readonly subresources?: {
    readonly status?: object;
    readonly scale?: {
      readonly specReplicasPath: string;
      readonly statusReplicasPath: string;
      readonly labelSelectorPath?: string;
    };
  };
  readonly selectableFields?: readonly { readonly jsonPath: string }[];
}

/** Whether a parsed YAML document is a CustomResourceDefinition, of whatever version. */
export function isCrd(document: unknown): boolean {
  return (
    typeof document === 'object' &&
    document !== null &&
    'kind' in document &&
    document.kind === 'CustomResourceDefinition'
  );
}

/**
 * The kinds of CustomResourceDefinitions, one for each version that is served.
 * @throws Error that names the definition and the field that is wrong
 */
export function kindsFromCrds(documents: readonly unknown[]): KindSource {
  const kinds: KindData[] = [];
  const definitions: Record<string, Schema> = {};
  for (const document of documents.filter(isCrd)) {
    const crd = document as CustomResourceDefinition & { readonly apiVersion?: string };
    const name = crd.metadata?.name ?? '(without a name)';
    const wrong = (why: string) => new Error(`CustomResourceDefinition ${name}: ${why}`);
    if (crd.apiVersion !== 'apiextensions.k8s.io/v1')
      throw wrong(`apiVersion must be apiextensions.k8s.io/v1, not ${crd.apiVersion}`);
    const { group, names, scope, versions = [] } = crd.spec ?? {};
    if (!group) throw wrong('spec.group is missing');
    if (!names?.kind || !names.plural) throw wrong('spec.names must have kind and plural');
    if (scope !== 'Namespaced' && scope !== 'Cluster')
      throw wrong('spec.scope must be Namespaced or Cluster');
    const served = versions.filter((version) => version.served !== false);
    if (served.length === 0) throw wrong('no version is served');
    for (const version of served) {
      const definition = definitionName(group, version.name, names.kind);
      const schema = version.schema?.openAPIV3Schema;
      if (schema === undefined) throw wrong(`version ${version.name} has no schema.openAPIV3Schema`);
      definitions[definition] = rootSchema(plainSchema(schema), {
        group,
        version: version.name,
        kind: names.kind,
      });
      const listKind = names.listKind || `${names.kind}List`;
      definitions[definitionName(group, version.name, listKind)] = listSchema(definition, {
        group,
        version: version.name,
        kind: listKind,
      });
      kinds.push({
        group,
        version: version.name,
        kind: names.kind,
        definition,
        plural: names.plural,
        singular: names.singular || names.kind.toLowerCase(),
        listKind,
        scope,
        verbs: allVerbs,
        subresources: subresourcesOf(group, names.kind, version),
        ...(version.subresources?.scale === undefined ? {} : { scalePaths: version.subresources.scale }),
        shortNames: names.shortNames ?? [],
        categories: names.categories ?? [],
        selectableFields: (version.selectableFields ?? []).map(({ jsonPath }) => jsonPath.replace(/^\./, '')),
      });
    }
  }
  return { kinds: sortedKinds(kinds), definitions };
}

/** With the fields that every object has, which a CRD's author need not write. */
function rootSchema(
  schema: Schema,
  gvk: { readonly group: string; readonly version: string; readonly kind: string },
): Schema {
  return {
    ...schema,
    type: 'object',
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      ...schema.properties,
      metadata: { $ref: objectMeta },
    },
    'x-kubernetes-group-version-kind': [gvk],
  };
}

function listSchema(
  item: string,
  gvk: { readonly group: string; readonly version: string; readonly kind: string },
): Schema {
  return {
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: { type: 'string' },
      items: { type: 'array', items: { $ref: item } },
      kind: { type: 'string' },
      metadata: { $ref: listMeta },
    },
    'x-kubernetes-group-version-kind': [gvk],
  };
}

function subresourcesOf(
  group: string,
  kind: string,
  { name: version, subresources }: CrdVersion,
): Record<string, SubresourceDefinition> {
  const rest: readonly Verb[] = ['get', 'patch', 'update'];
  return {
    ...(subresources?.status === undefined ? {} : { status: { group, version, kind, verbs: rest } }),
    ...(subresources?.scale === undefined
      ? {}
      : { scale: { group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: rest } }),
  };
}
