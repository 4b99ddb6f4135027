import type { Schema, SubresourceDefinition, Verb } from '@kubewright/api';
import type { KindData } from './generate-modules.js';
import { type KindSource, sortedKinds } from './kind-source.js';
import { plainSchema, referencesOf } from './plain-schema.js';

interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

interface Operation {
  readonly 'x-kubernetes-action'?: string;
  readonly 'x-kubernetes-group-version-kind'?: GroupVersionKind;
}

/** As much of an OpenAPI document, version 2 or 3, as makes kinds. */
export interface OpenApiDocument {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly definitions?: Readonly<Record<string, unknown>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, unknown>> };
}

export function isOpenApi(document: unknown): document is OpenApiDocument {
  return (
    typeof document === 'object' && document !== null && ('swagger' in document || 'openapi' in document)
  );
}

/** The verb of an operation's `x-kubernetes-action`. A `connect` takes that of its method. */
const verbs: Readonly<Record<string, Verb>> = {
  get: 'get',
  list: 'list',
  watch: 'watch',
  watchlist: 'watch',
  post: 'create',
  put: 'update',
  patch: 'patch',
  delete: 'delete',
  deletecollection: 'deletecollection',
};

const resourceWay =
  /^\/(?:api|apis\/(?<group>[^/]+))\/(?<version>v\d[^/]*)\/(?:watch\/)?(?<namespaced>namespaces\/\{namespace\}\/)?(?<plural>[^/{]+)(?:\/\{name\}(?:\/(?<sub>[^/{]+))?)?$/;

/** A kind while its paths are collected. */
interface Found {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  kind: string | undefined;
  namespaced: boolean;
  readonly verbs: Set<Verb>;
  readonly subresources: Map<string, Map<string, Operation>>;
}

/**
 * The kinds of OpenAPI documents that belong to these groups, and the definitions that they reach. Short names and
 * categories are not in such documents.
 * @param wanted whether a group is asked for
 * @throws Error for a kind without a definition
 */
export function kindsFromOpenApi(
  documents: readonly OpenApiDocument[],
  wanted: (group: string) => boolean,
): KindSource {
  const all = new Map<string, unknown>();
  for (const { definitions, components } of documents)
    for (const [name, schema] of Object.entries(definitions ?? components?.schemas ?? {}))
      all.set(name, schema);
  const byKind = new Map<string, string>();
  for (const [name, schema] of all)
    for (const { group, version, kind } of gvksOf(schema)) byKind.set(`${group}/${version}/${kind}`, name);

  const kinds: KindData[] = [];
  for (const found of foundKinds(documents)) {
    const { group, version, kind, plural } = found;
    if (kind === undefined || !wanted(group)) continue;
    const definition = byKind.get(`${group}/${version}/${kind}`);
    if (definition === undefined)
      throw new Error(`the document has paths but no definition for ${kind} of ${group}/${version}`);
    kinds.push({
      group,
      version,
      kind,
      definition,
      plural,
      singular: kind.toLowerCase(),
      listKind: `${kind}List`,
      scope: found.namespaced ? 'Namespaced' : 'Cluster',
      verbs: [...found.verbs].sort(),
      subresources: subresourcesOf(found),
      shortNames: [],
      categories: [],
      selectableFields: selectableFieldsOf(all.get(definition)),
    });
  }
  return { kinds: sortedKinds(kinds), definitions: reachable(kinds, all) };
}

function foundKinds(documents: readonly OpenApiDocument[]): Iterable<Found> {
  const found = new Map<string, Found>();
  for (const { paths = {} } of documents)
    for (const [path, methods] of Object.entries(paths)) {
      const parts = resourceWay.exec(path)?.groups;
      if (parts === undefined) continue;
      const { group = '', version = '', plural = '', sub } = parts;
      const key = `${group}/${version}/${plural}`;
      const kind = found.get(key) ?? {
        group,
        version,
        plural,
        kind: undefined,
        namespaced: false,
        verbs: new Set(),
        subresources: new Map<string, Map<string, Operation>>(),
      };
      found.set(key, kind);
      if (parts.namespaced !== undefined) kind.namespaced = true;
      if (sub !== undefined) {
        kind.subresources.set(sub, new Map(Object.entries(methods)));
        continue;
      }
      for (const operation of Object.values(methods)) {
        const verb = verbs[operation['x-kubernetes-action'] ?? ''];
        if (verb === undefined) continue;
        kind.verbs.add(verb);
        kind.kind ??= operation['x-kubernetes-group-version-kind']?.kind;
      }
    }
  return found.values();
}

function subresourcesOf({ subresources }: Found): Record<string, SubresourceDefinition> {
  const entries = [...subresources].flatMap(([name, methods]): [string, SubresourceDefinition][] => {
    const operations = [...methods].filter(([, operation]) => operation['x-kubernetes-action'] !== undefined);
    const gvk = operations.flatMap(([, operation]) => operation['x-kubernetes-group-version-kind'] ?? [])[0];
    if (gvk === undefined) return [];
    const connect = operations.some(([, operation]) => operation['x-kubernetes-action'] === 'connect');
    const known = operations.flatMap(([method, operation]) => {
      const action = operation['x-kubernetes-action'] ?? '';
      return verbs[action === 'connect' ? method : action] ?? [];
    });
    const { group, version, kind } = gvk;
    const definition = { group, version, kind, verbs: [...new Set(known)].sort() };
    return [[name, connect ? { ...definition, connect: true } : definition]];
  });
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function reachable(kinds: readonly KindData[], all: ReadonlyMap<string, unknown>): Record<string, Schema> {
  const reached: Record<string, Schema> = {};
  const visit = (name: string): void => {
    if (name in reached || !all.has(name)) return;
    const schema = plainSchema(all.get(name));
    reached[name] = schema;
    for (const reference of referencesOf(schema)) visit(reference);
  };
  for (const { definition, kind, listKind } of kinds) {
    visit(definition);
    visit(definition.slice(0, -kind.length) + listKind);
  }
  return reached;
}

function gvksOf(schema: unknown): readonly GroupVersionKind[] {
  const gvks = (schema as Readonly<Record<string, unknown>>)['x-kubernetes-group-version-kind'];
  return Array.isArray(gvks) ? (gvks as readonly GroupVersionKind[]) : [];
}

function selectableFieldsOf(schema: unknown): readonly string[] {
  const fields = (schema as Readonly<Record<string, unknown>>)['x-kubernetes-selectable-fields'];
  if (!Array.isArray(fields)) return [];
  return (fields as readonly { readonly fieldPath?: string }[]).flatMap(
    ({ fieldPath }) => fieldPath?.replace(/^\./, '') ?? [],
  );
}
