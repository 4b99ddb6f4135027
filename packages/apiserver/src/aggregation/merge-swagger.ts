import type { JsonObject } from '../patch/json-object.js';
import { isObject } from '../patch/json-object.js';

/** The part of an OpenAPI document of version 2 that is of one group and version: its paths, and what these refer to. */
export interface SwaggerPart {
  readonly paths: JsonObject;
  readonly definitions: JsonObject;
}

/** What of a server's document is of a group and version. */
export function swaggerPart(document: unknown, group: string, version: string): SwaggerPart {
  const { paths, definitions } = partsOf(document);
  const prefix = `/apis/${group}/${version}`;
  const own = Object.entries(paths).filter(([path]) => path === prefix || path.startsWith(`${prefix}/`));
  const used: JsonObject = {};
  const take = (value: unknown): void => {
    for (const name of referencesOf(value)) {
      if (name in used || definitions[name] === undefined) continue;
      used[name] = definitions[name];
      take(definitions[name]);
    }
  };
  take(own);
  // Kinds that no path names are found by their group, version and kind.
  for (const [name, definition] of Object.entries(definitions))
    if (isOfVersion(definition, group, version) && !(name in used)) {
      used[name] = definition;
      take(definition);
    }
  return { paths: Object.fromEntries(own), definitions: used };
}

/**
 * A document with the parts of other servers in it. A definition of theirs that is another one than ours of the same
 * name gets a name of its own, as kube-aggregator has it: `io.example.Thing_v2`.
 */
export function mergeSwagger(document: object, parts: readonly SwaggerPart[]): JsonObject {
  const { paths, definitions } = partsOf(document);
  const merged = { ...document, paths: { ...paths }, definitions: { ...definitions } };
  for (const part of parts) {
    const names = new Map<string, string>();
    for (const [name, definition] of Object.entries(part.definitions))
      names.set(name, nameFor(name, definition, merged.definitions));
    for (const [name, definition] of Object.entries(part.definitions))
      merged.definitions[names.get(name) ?? name] ??= renamed(definition, names);
    for (const [path, item] of Object.entries(part.paths)) merged.paths[path] = renamed(item, names);
  }
  return merged;
}

function nameFor(name: string, definition: unknown, taken: JsonObject): string {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}_v${number}`;
    const known = taken[candidate];
    if (known === undefined || sameShape(known, definition)) return candidate;
  }
}

/** What descriptions say makes no other definition. */
function sameShape(a: unknown, b: unknown): boolean {
  const shape = (value: unknown) =>
    JSON.stringify(value, (key, member: unknown) => {
      if (key === 'description' && typeof member === 'string') return undefined;
      return isObject(member)
        ? Object.fromEntries(Object.entries(member).sort(([x], [y]) => (x < y ? -1 : 1)))
        : member;
    });
  return shape(a) === shape(b);
}

const referencePrefix = '#/definitions/';

function referencesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesOf);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, member]) =>
    key === '$ref' && typeof member === 'string' && member.startsWith(referencePrefix)
      ? [member.slice(referencePrefix.length)]
      : referencesOf(member),
  );
}

function renamed(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((member) => renamed(member, names));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      if (key !== '$ref' || typeof member !== 'string') return [key, renamed(member, names)];
      const name = member.slice(referencePrefix.length);
      return [key, `${referencePrefix}${names.get(name) ?? name}`];
    }),
  );
}

function isOfVersion(definition: unknown, group: string, version: string): boolean {
  const kinds = isObject(definition) ? definition['x-kubernetes-group-version-kind'] : undefined;
  return (
    Array.isArray(kinds) &&
    kinds.length === 1 &&
    kinds.some((one) => one?.group === group && one?.version === version)
  );
}

function partsOf(document: unknown): { readonly paths: JsonObject; readonly definitions: JsonObject } {
  const { paths, definitions } = isObject(document) ? document : {};
  return { paths: isObject(paths) ? paths : {}, definitions: isObject(definitions) ? definitions : {} };
}
