import type { Schema } from '@kubewright/api';

type Json = Readonly<Record<string, unknown>>;

/** Parts of a schema whose keys are names, not keywords. */
const named: ReadonlySet<string> = new Set(['properties', 'patternProperties', 'definitions']);
const dropped: ReadonlySet<string> = new Set(['example', 'externalDocs', 'title', '$schema', 'id']);

/**
 * A schema of an OpenAPI document or a CustomResourceDefinition as this project writes schemas: references by the
 * definition's bare name, and nothing around a reference but its description.
 */
export function plainSchema(value: unknown): Schema {
  return plain(value, true) as Schema;
}

function plain(value: unknown, isSchema: boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => plain(item, true));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .filter(([key]) => !isSchema || !dropped.has(key))
    .map(([key, part]): [string, unknown] => {
      if (isSchema && key === '$ref' && typeof part === 'string')
        return [key, part.slice(part.lastIndexOf('/') + 1)];
      if (isSchema && (key === 'default' || key === 'enum' || key.startsWith('x-'))) return [key, part];
      return [key, plain(part, !(isSchema && named.has(key)))];
    });
  const result: Json = Object.fromEntries(entries);
  return isSchema ? unwrapped(result) : result;
}

/** OpenAPI 3.0 allows nothing beside `$ref`, so that documents wrap it: `{ allOf: [{ $ref }], description }`. */
function unwrapped(schema: Json): Json {
  const { allOf, ...rest } = schema;
  if (!Array.isArray(allOf) || allOf.length !== 1 || 'type' in rest) return schema;
  const [only] = allOf as readonly Json[];
  if (only === undefined || !('$ref' in only)) return schema;
  const { description } = rest;
  return { ...only, ...(description === undefined ? {} : { description }) };
}

/** The names of the definitions that a schema refers to. */
export function referencesOf(schema: Schema): string[] {
  const found: string[] = [];
  JSON.stringify(schema, (key, value: unknown) => {
    if (key === '$ref' && typeof value === 'string') found.push(value);
    return value;
  });
  return found;
}
