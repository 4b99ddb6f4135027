import type { CustomResourceDefinition, JSONSchemaProps } from './generated/apiextensions/v1.js';
import type { Kind } from './kind.js';
import type { Schema } from './schema.js';

/**
 * The CustomResourceDefinition of a kind, which a real cluster takes as well as this one. Several versions of a kind
 * make one definition; the first one is stored.
 * @throws Error where the kinds are not versions of one kind
 */
export function crdOf(...versions: readonly [Kind, ...Kind[]]): CustomResourceDefinition {
  const [stored] = versions;
  for (const kind of versions)
    for (const name of ['group', 'kind', 'plural', 'scope'] as const)
      if (kind[name] !== stored[name])
        throw new Error(
          `${kind.kind} ${kind.apiVersion} is no version of ${stored.kind} ${stored.apiVersion}: its ${name} differs`,
        );
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${stored.plural}.${stored.group}` },
    spec: {
      group: stored.group,
      names: {
        kind: stored.kind,
        listKind: stored.listKind,
        plural: stored.plural,
        singular: stored.singular,
        ...(stored.shortNames.length === 0 ? {} : { shortNames: [...stored.shortNames] }),
        ...(stored.categories.length === 0 ? {} : { categories: [...stored.categories] }),
      },
      scope: stored.scope,
      versions: versions.map((kind) => ({
        name: kind.version,
        served: true,
        storage: kind === stored,
        schema: { openAPIV3Schema: definitionSchema(kind.schema.root) },
        ...subresources(kind),
        ...(kind.selectableFields.length === 0
          ? {}
          : { selectableFields: kind.selectableFields.map((field) => ({ jsonPath: `.${field}` })) }),
      })),
    },
  };
}

/** What every object has a definition need not say. */
function definitionSchema(root: Schema): JSONSchemaProps {
  const { apiVersion: _v, kind: _k, metadata: _m, ...properties } = root.properties ?? {};
  const schema: object = { ...root, properties };
  // Out of JSON: what schema builders keep beside it in symbols is none of it.
  return JSON.parse(JSON.stringify(schema)) as JSONSchemaProps;
}

function subresources(
  kind: Kind,
): Pick<CustomResourceDefinition['spec']['versions'][number], 'subresources'> {
  const { scalePaths, subresources: declared } = kind;
  const hasStatus = declared.status !== undefined;
  if (!hasStatus && scalePaths === undefined) return {};
  return {
    subresources: {
      ...(hasStatus ? { status: {} } : {}),
      ...(scalePaths === undefined ? {} : { scale: { ...scalePaths } }),
    },
  };
}
