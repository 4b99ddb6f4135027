import type { Schema, SchemaSource } from './schema.js';

/** A set of named schemas that refer to each other by name. */
export interface Definitions {
  /** All of them by name. */
  all(): Readonly<Record<string, Schema>>;
  /** The schema of that name. @throws Error when there is none: a fault of the data, not of a request. */
  get(name: string): Schema;
  /** The same with the definitions behind it, looked up when first asked for. */
  source(name: string): SchemaSource;
  /** The definition of an object by its kind, lists and bodies of subresources too (`policy`, `v1`, `Eviction`). */
  ofKind(group: string, version: string, kind: string): SchemaSource | undefined;
}

/**
 * Definitions that stay text until something asks for one: the client, which never does, pays nothing for them.
 * @param others has what these refer to and the text lacks
 */
export function lazyDefinitions(text: string, others?: Definitions): Definitions {
  let parsed: Readonly<Record<string, Schema>> | undefined;
  let names: Map<string, string> | undefined;
  const all = (): Readonly<Record<string, Schema>> => {
    parsed ??= JSON.parse(text) as Record<string, Schema>;
    return parsed;
  };
  const get = (name: string): Schema => {
    const schema = Object.hasOwn(all(), name) ? all()[name] : undefined;
    if (schema !== undefined) return schema;
    if (others !== undefined) return others.get(name);
    throw new Error(`the schemas have no definition named ${name}`);
  };
  const source = (name: string): SchemaSource => ({
    name,
    get root() {
      return get(name);
    },
    resolve: get,
  });
  return {
    all,
    get,
    source,
    ofKind(group, version, kind) {
      names ??= namesByKind(all());
      const name = names.get(`${group}/${version}/${kind}`);
      return name === undefined ? undefined : source(name);
    },
  };
}

function namesByKind(definitions: Readonly<Record<string, Schema>>): Map<string, string> {
  const names = new Map<string, string>();
  for (const [name, schema] of Object.entries(definitions)) {
    for (const { group, version, kind } of schema['x-kubernetes-group-version-kind'] ?? [])
      names.set(`${group}/${version}/${kind}`, name);
  }
  return names;
}
