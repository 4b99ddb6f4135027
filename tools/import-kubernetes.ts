/**
 * Imports the facts of the Kubernetes API into the project's compact data files. Run by hand when the version moves:
 * `npm run import-kubernetes -- FOLDER`, the folder holding `openapi-v2.VERSION.json.gz` and
 * `protobuf-fields.VERSION.json.gz`.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import {
  categories,
  keyDefaults,
  selectableFields,
  shortNames,
  specialDefinitions,
} from './kubernetes-facts.js';

interface GroupVersionKind {
  group: string;
  version: string;
  kind: string;
}

interface Operation {
  'x-kubernetes-action'?: string;
  'x-kubernetes-group-version-kind'?: GroupVersionKind;
}

interface Parameter {
  $ref?: string;
  name: string;
  type: string;
}

interface OpenApi {
  definitions: Record<string, Json>;
  paths: Record<string, Record<string, Operation>>;
  /** Those that several paths refer to. */
  parameters: Record<string, Parameter>;
}

type Json = { [key: string]: unknown };

interface Subresource extends GroupVersionKind {
  verbs: string[];
  connect?: true;
}

interface ImportedKind extends GroupVersionKind {
  definition: string;
  plural: string;
  singular: string;
  listKind: string;
  scope: 'Namespaced' | 'Cluster';
  verbs: string[];
  subresources: Record<string, Subresource>;
  shortNames: readonly string[];
  categories: readonly string[];
  selectableFields: readonly string[];
}

function read(from: string, prefix: string): unknown {
  const name = readdirSync(from).find((entry) => entry.startsWith(prefix) && entry.endsWith('.json.gz'));
  if (name === undefined) throw new Error(`${from} holds no ${prefix}VERSION.json.gz`);
  return JSON.parse(gunzipSync(readFileSync(join(from, name))).toString('utf8'));
}

/** One entry a line, so that a new version of Kubernetes makes a readable difference. */
function lines(map: Record<string, unknown>): string {
  return Object.keys(map)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${JSON.stringify(map[key])}`)
    .join(',\n');
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  console.log(`${path}: ${text.length} bytes`);
}

function isStable(version: string): boolean {
  return /^v\d+$/.test(version);
}

/** Verbs by the method of a path; `connect` paths take the verb of their method too, and HEAD and OPTIONS have none. */
const verbOfAction: Record<string, string> = {
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

function importKinds({ definitions: all, paths }: OpenApi): ImportedKind[] {
  const found = new Map<string, ImportedKind & { verbSet: Set<string> }>();
  const definitionOf = definitionsByKind(all);
  const collected = Object.entries(paths).flatMap(([path, methods]) => {
    const match =
      /^\/(?:api|apis\/(?<group>[^/]+))\/(?<version>v\d+)\/(?:watch\/)?(?<namespaced>namespaces\/\{namespace\}\/)?(?<plural>[^/{]+)(?:\/\{name\}(?:\/(?<sub>[^/{]+))?)?$/.exec(
        path,
      );
    return match?.groups === undefined ? [] : [{ parts: match.groups, methods }];
  });
  for (const { parts, methods } of collected) {
    if (parts.sub !== undefined) continue;
    const group = parts.group ?? '';
    const version = parts.version ?? '';
    const plural = parts.plural ?? '';
    for (const operation of Object.values(methods)) {
      const gvk = operation['x-kubernetes-group-version-kind'];
      const verb = verbOfAction[operation['x-kubernetes-action'] ?? ''];
      if (gvk === undefined || verb === undefined) continue;
      const key = `${group}/${version}/${plural}`;
      const qualified = group === '' ? plural : `${plural}.${group}`;
      const kind = found.get(key) ?? {
        group,
        version,
        kind: gvk.kind,
        definition: definitionOf.get(`${group}/${version}/${gvk.kind}`) ?? missing(key),
        plural,
        singular: gvk.kind.toLowerCase(),
        listKind: `${gvk.kind}List`,
        scope: 'Cluster',
        verbs: [],
        verbSet: new Set<string>(),
        subresources: {},
        shortNames: shortNames[qualified] ?? [],
        categories: categories[qualified] ?? [],
        selectableFields: selectableFields[qualified] ?? [],
      };
      if (parts.namespaced !== undefined) kind.scope = 'Namespaced';
      kind.verbSet.add(verb);
      found.set(key, kind);
    }
  }
  for (const { parts, methods } of collected) {
    const kind = found.get(`${parts.group ?? ''}/${parts.version}/${parts.plural}`);
    if (parts.sub !== undefined && kind !== undefined) kind.subresources[parts.sub] = subresource(methods);
  }
  return [...found.values()]
    .map(({ verbSet, ...kind }) => ({ ...kind, verbs: [...verbSet].sort() }))
    .sort((a, b) => compare(`${a.group}/${a.version}/${a.plural}`, `${b.group}/${b.version}/${b.plural}`));
}

function subresource(methods: Record<string, Operation>): Subresource {
  const verbs = new Set<string>();
  let gvk: GroupVersionKind | undefined;
  let connect = false;
  for (const [method, operation] of Object.entries(methods)) {
    const action = operation['x-kubernetes-action'];
    if (action === undefined) continue;
    gvk ??= operation['x-kubernetes-group-version-kind'];
    if (action === 'connect') connect = true;
    const verb = verbOfAction[action === 'connect' ? method : action];
    if (verb !== undefined) verbs.add(verb);
  }
  if (gvk === undefined) throw new Error('a subresource without a kind');
  return {
    group: gvk.group,
    version: gvk.version,
    kind: gvk.kind,
    verbs: [...verbs].sort(),
    ...(connect ? { connect: true } : {}),
  };
}

/** What every path may have, which needs no telling. */
const commonParameters = new Set(['name', 'namespace', 'pretty']);

/**
 * The query of subresources that take options of their own (streams, logs): `GROUP/VERSION/PLURAL/SUBRESOURCE` to the
 * types of their parameters.
 */
function importParameters({ paths, parameters }: OpenApi): Record<string, Record<string, string>> {
  const found: Record<string, Record<string, string>> = {};
  for (const [path, item] of Object.entries(paths)) {
    const match =
      /^\/(?:api|apis\/(?<group>[^/]+))\/(?<version>v\d+)\/(?:namespaces\/\{namespace\}\/)?(?<plural>[^/{]+)\/\{name\}\/(?<sub>[^/{]+)$/.exec(
        path,
      )?.groups;
    const isRead = item.get?.['x-kubernetes-action'] === 'get';
    const isStream = Object.values(item).some((one) => one['x-kubernetes-action'] === 'connect');
    if (match === undefined || !(isStream || isRead)) continue;
    const list = (item.parameters ?? []) as unknown as Parameter[];
    const own = list
      .map((one) => (one.$ref === undefined ? one : (parameters[one.$ref.split('/').at(-1) ?? ''] ?? one)))
      .filter(({ name }) => !commonParameters.has(name))
      .map(({ name, type }) => [name, type]);
    if (own.length > 0)
      found[`${match.group ?? ''}/${match.version}/${match.plural}/${match.sub}`] = Object.fromEntries(own);
  }
  return found;
}

function gvksOf(definition: Json): GroupVersionKind[] {
  return (definition['x-kubernetes-group-version-kind'] as GroupVersionKind[] | undefined) ?? [];
}

function definitionsByKind(all: Record<string, Json>): Map<string, string> {
  const byKind = new Map<string, string>();
  for (const [name, definition] of Object.entries(all)) {
    for (const { group, version, kind } of gvksOf(definition))
      byKind.set(`${group}/${version}/${kind}`, name);
  }
  return byKind;
}

/** The definitions of stable versions and all that they reach, without sentences. */
function importDefinitions({ definitions: all }: OpenApi, of: ImportedKind[]): Record<string, Json> {
  const reached: Record<string, Json> = {};
  const visit = (name: string): void => {
    if (name in reached) return;
    const definition = all[name];
    if (definition === undefined) throw new Error(`no definition ${name}`);
    const special = specialDefinitions[name];
    reached[name] = { ...special };
    if (special === undefined) reached[name] = withKeyDefaults(name, compact(definition, visit) as Json);
  };
  for (const { definition } of of) visit(definition);
  for (const [name, definition] of Object.entries(all)) {
    const isOfStableVersion = /\.v\d+\.[^.]+$/.test(name);
    if (isOfStableVersion && gvksOf(definition).some(({ version }) => isStable(version))) visit(name);
  }
  return reached;
}

function withKeyDefaults(name: string, definition: Json): Json {
  const defaults = Object.entries(keyDefaults[name] ?? {});
  if (defaults.length === 0) return definition;
  const properties = { ...(definition.properties as Record<string, Json>) };
  for (const [property, value] of defaults)
    properties[property] = { default: value, ...properties[property] };
  return { ...definition, properties };
}

function compact(value: unknown, visit: (name: string) => void, isSchema = true): unknown {
  if (Array.isArray(value)) return value.map((item) => compact(item, visit));
  if (typeof value !== 'object' || value === null) return value;
  const result: Json = {};
  for (const key of Object.keys(value).sort()) {
    const part = (value as Json)[key];
    if (!isSchema) result[key] = compact(part, visit);
    else if (key === 'description') continue;
    else if (key === '$ref' && typeof part === 'string') {
      const name = part.replace('#/definitions/', '');
      visit(name);
      result[key] = name;
    } else if (key === 'properties') result[key] = compact(part, visit, false);
    else if (key === 'x-kubernetes-group-version-kind')
      result[key] = (part as GroupVersionKind[]).filter(({ version }) => isStable(version));
    else if (key === 'default' || key.startsWith('x-')) result[key] = part;
    else result[key] = compact(part, visit);
  }
  return result;
}

/** Messages that a client may send or ask for besides the kinds. */
const extraMessages = [
  'k8s.io.apimachinery.pkg.runtime.Unknown',
  'k8s.io.apimachinery.pkg.runtime.RawExtension',
  'k8s.io.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata',
  'k8s.io.apimachinery.pkg.apis.meta.v1.PartialObjectMetadataList',
  'k8s.io.apimachinery.pkg.apis.meta.v1beta1.PartialObjectMetadataList',
  'k8s.io.apimachinery.pkg.apis.meta.v1.CreateOptions',
  'k8s.io.apimachinery.pkg.apis.meta.v1.UpdateOptions',
  'k8s.io.apimachinery.pkg.apis.meta.v1.PatchOptions',
  'k8s.io.apimachinery.pkg.apis.meta.v1.GetOptions',
  'k8s.io.apimachinery.pkg.apis.meta.v1.ListOptions',
  'k8s.io.api.apidiscovery.v2.APIGroupDiscoveryList',
];

/**
 * The message layouts `{message: {field: [number, type]}}`, and under `kinds` the message of each
 * `group/version/Kind` (`/v1/Pod` for the core group).
 */
function importMessages(
  layouts: Record<string, Record<string, [number, string]>>,
  of: Record<string, Json>,
): { kinds: Record<string, string>; messages: Record<string, Record<string, [number, string]>> } {
  const reached: Record<string, Record<string, [number, string]>> = {};
  const visit = (name: string): void => {
    const layout = layouts[name];
    if (name in reached || layout === undefined) return;
    reached[name] = layout;
    for (const [, type] of Object.values(layout)) {
      visit(type.replace(/^repeated /, '').replace(/^map<[^,]*,(.*)>$/, '$1'));
    }
  };
  const byKind: Record<string, string> = {};
  for (const [name, definition] of Object.entries(of)) {
    const message = name
      .replace(/^io\.k8s\./, 'k8s.io.')
      .replace(/^(k8s\.io\.[^.]*)/, (part) => part.replaceAll('-', '_'));
    const gvks = gvksOf(definition);
    if (gvks.length === 0 || layouts[message] === undefined) continue;
    visit(message);
    for (const { group, version, kind } of gvks) byKind[`${group}/${version}/${kind}`] = message;
  }
  for (const message of extraMessages) visit(message);
  return { kinds: byKind, messages: reached };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function missing(key: string): never {
  throw new Error(`no definition of ${key}`);
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: npm run import-kubernetes -- FOLDER');

const openapi = read(folder, 'openapi-v2.') as OpenApi;
const protobuf = read(folder, 'protobuf-fields.') as Record<string, Record<string, [number, string]>>;
const kinds = importKinds(openapi);
const definitions = importDefinitions(openapi, kinds);
write(
  'packages/api/data/kubernetes.json',
  `{"kinds":[\n${kinds.map((kind) => JSON.stringify(kind)).join(',\n')}\n],\n"definitions":{\n${lines(definitions)}\n}}\n`,
);
write('packages/apiserver/data/subresource-parameters.json', `{\n${lines(importParameters(openapi))}\n}\n`);
const messages = importMessages(protobuf, definitions);
write(
  'packages/apiserver/data/protobuf.json',
  `{"kinds":{\n${lines(messages.kinds)}\n},\n"messages":{\n${lines(messages.messages)}\n}}\n`,
);
