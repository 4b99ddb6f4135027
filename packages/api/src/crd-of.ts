import type { CustomResourceDefinition, JSONSchemaProps } from './generated/apiextensions/v1.js';
import type { Kind } from './kind.js';
import type { Schema } from './schema.js';

/**
 * The CustomResourceDefinition by which any cluster serves a kind, out of the kind's one schema. It is not for built-in
 * kinds, whose schemas refer to others.
 */
export function crdOf(kind: Kind): CustomResourceDefinition {
  const { group, version, plural, singular, listKind, scope, shortNames, categories } = kind;
  const subresources = {
    ...('status' in kind.subresources ? { status: {} } : {}),
    ...(kind.scalePaths === undefined ? {} : { scale: kind.scalePaths }),
  };
  const { apiVersion: _v, kind: _k, metadata: _m, ...properties } = kind.schema.root.properties ?? {};
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope,
      names: {
        plural,
        singular,
        kind: kind.kind,
        listKind,
        ...(shortNames.length === 0 ? {} : { shortNames: [...shortNames] }),
        ...(categories.length === 0 ? {} : { categories: [...categories] }),
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: structural({ ...kind.schema.root, properties }) },
          ...(Object.keys(subresources).length === 0 ? {} : { subresources }),
          ...(kind.selectableFields.length === 0
            ? {}
            : { selectableFields: kind.selectableFields.map((path) => ({ jsonPath: `.${path}` })) }),
        },
      ],
    },
  };
}

/** JSON Schema as CustomResourceDefinitions have it: OpenAPI 3.0, without `const` and numeric exclusive bounds. */
function structural(schema: Schema): JSONSchemaProps {
  // Out of JSON: what schema builders keep beside it in symbols is none of it.
  return plain(JSON.parse(JSON.stringify(schema))) as JSONSchemaProps;
}

function plain(schema: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(schema)) {
    if (name === 'const') result.enum = [value];
    else if (name === 'exclusiveMinimum' && typeof value === 'number')
      Object.assign(result, { minimum: value, exclusiveMinimum: true });
    else if (name === 'exclusiveMaximum' && typeof value === 'number')
      Object.assign(result, { maximum: value, exclusiveMaximum: true });
    else if (name === 'anyOf' && constants(value) !== undefined) Object.assign(result, constants(value));
    else if (name === 'properties' || name === 'patternProperties')
      result[name] = Object.fromEntries(
        Object.entries(value as Record<string, Record<string, unknown>>).map(([each, of]) => [
          each,
          plain(of),
        ]),
      );
    else if ((name === 'items' || name === 'additionalProperties') && isRecord(value))
      result[name] = plain(value);
    else result[name] = value;
  }
  return result;
}

/** A choice of constants of one type is an enumeration. */
function constants(anyOf: unknown): { readonly type: string; readonly enum: unknown[] } | undefined {
  if (!Array.isArray(anyOf) || !anyOf.every((each) => isRecord(each) && 'const' in each)) return undefined;
  const [type, ...others] = new Set(anyOf.map(({ const: value }) => typeof value));
  return type === undefined || others.length > 0
    ? undefined
    : { type, enum: anyOf.map(({ const: value }) => value as unknown) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
