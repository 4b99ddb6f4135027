import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { builtinKinds } from '@kubewright/api/builtin';
import { definitions } from '@kubewright/api/schemas';
import { Client } from '@kubewright/client';
import {
  clientModules,
  generatedHeader,
  isCrd,
  isOpenApi,
  type KindSource,
  kindsFromCrds,
  kindsFromOpenApi,
  type OpenApiDocument,
} from '@kubewright/client/generate';
import { loadAll } from 'js-yaml';
import { CommandError } from './command-error.js';

export interface GenerateClientOptions {
  /** `cluster`, or a file. */
  readonly from: string;
  readonly out: string;
  readonly group?: readonly string[];
  readonly kubeconfig?: string;
  readonly context?: string;
}

export interface GeneratedClient {
  readonly out: string;
  /** `GROUP/VERSION KIND` */
  readonly kinds: readonly string[];
  readonly written: readonly string[];
  readonly removed: readonly string[];
}

/** Reads the source and writes its modules. A file that is as it should be is left alone. @throws CommandError */
export async function generateClient(options: GenerateClientOptions): Promise<GeneratedClient> {
  const source = options.from === 'cluster' ? await fromCluster(options) : await fromFile(options);
  if (source.kinds.length === 0)
    throw new CommandError(
      `${options.from} has no kinds ${options.group === undefined ? 'besides the built-in ones; name a group with --group to generate it all the same' : `of ${options.group.join(', ')}`}`,
    );
  const files = clientModules(source, definitions.all());
  return {
    out: options.out,
    kinds: source.kinds.map(({ group, version, kind }) => `${group}/${version} ${kind}`.replace(/^\//, '')),
    ...(await writeModules(options.out, files)),
  };
}

/** One line for a person. */
export function summary({ out, kinds, written, removed }: GeneratedClient): string {
  const changes = `${written.length} ${written.length === 1 ? 'file' : 'files'} written, ${removed.length} removed`;
  return `${out}: ${kinds.length} ${kinds.length === 1 ? 'kind' : 'kinds'} (${kinds.join(', ')}), ${changes}`;
}

async function fromFile({ from, group }: GenerateClientOptions): Promise<KindSource> {
  const text = await readFile(from, 'utf8');
  let documents: unknown[];
  try {
    documents = loadAll(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new CommandError(`${from} is neither YAML nor JSON: ${why}`, { cause });
  }
  const openApi = documents.filter(isOpenApi);
  if (openApi.length > 0) return kindsFromOpenApi(openApi, wantedGroups(group));
  const crds = documents.flatMap((document) => itemsOf(document)).filter(isCrd);
  if (crds.length === 0)
    throw new CommandError(
      `${from} has neither a CustomResourceDefinition nor an OpenAPI document (swagger or openapi at its top)`,
    );
  const source = kindsFromCrds(crds);
  return { ...source, kinds: source.kinds.filter((kind) => group?.includes(kind.group) ?? true) };
}

/** The items of a List, such as `kubectl get crds -o yaml` prints, or the document itself. */
function itemsOf(document: unknown): readonly unknown[] {
  if (typeof document !== 'object' || document === null || !('items' in document)) return [document];
  return Array.isArray(document.items) ? document.items : [document];
}

async function fromCluster({ kubeconfig, context, group }: GenerateClientOptions): Promise<KindSource> {
  const client = await Client.fromKubeconfig({ path: kubeconfig, context });
  try {
    const wanted = wantedGroups(group);
    const { paths } = await client.getPath<{
      readonly paths: Readonly<Record<string, { readonly serverRelativeURL: string }>>;
    }>('/openapi/v3');
    const documents: OpenApiDocument[] = [];
    const groupVersions = Object.entries(paths).filter(([path]) => {
      const [, name] = /^(?:api|apis\/([^/]+))\/[^/]+$/.exec(path) ?? [undefined, undefined];
      return (
        /^api\/|^apis\//.test(path) && (name !== undefined || path.startsWith('api/')) && wanted(name ?? '')
      );
    });
    for (const [, { serverRelativeURL }] of groupVersions) {
      const { pathname, searchParams } = new URL(serverRelativeURL, 'https://server');
      documents.push(await client.getPath<OpenApiDocument>(pathname, Object.fromEntries(searchParams)));
    }
    const source = kindsFromOpenApi(documents, wanted);
    return { ...source, kinds: await withNames(client, source) };
  } finally {
    await client.close();
  }
}

/** What documents do not say and discovery does. */
async function withNames(client: Client, { kinds }: KindSource): Promise<KindSource['kinds']> {
  return Promise.all(
    kinds.map(async (kind) => {
      const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
      const served = await client.discovery.kindsOfVersion(apiVersion);
      const known = served.find(({ plural }) => plural === kind.plural);
      if (known === undefined) return kind;
      const { singular, shortNames, categories } = known;
      return { ...kind, singular, shortNames, categories };
    }),
  );
}

function wantedGroups(groups: readonly string[] | undefined): (group: string) => boolean {
  if (groups !== undefined) return (group) => groups.includes(group);
  const builtin = new Set(builtinKinds.map(({ group }) => group));
  // Groups of the project that @kubewright/api leaves out: alpha versions, extensions of the server itself.
  return (group) => !builtin.has(group) && !group.endsWith('.k8s.io');
}

async function writeModules(
  out: string,
  files: ReadonlyMap<string, string>,
): Promise<Pick<GeneratedClient, 'written' | 'removed'>> {
  await mkdir(out, { recursive: true });
  const written: string[] = [];
  const removed: string[] = [];
  for (const [path, text] of files) {
    const file = join(out, path);
    const before = await readFile(file, 'utf8').catch(() => undefined);
    if (before === text) continue;
    if (before !== undefined && !isGenerated(before))
      throw new CommandError(`${file} was not generated: move it away, or choose another directory`);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    written.push(path);
  }
  for (const entry of await readdir(out, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    const path = relative(out, file);
    if (!entry.isFile() || !path.endsWith('.ts') || files.has(path)) continue;
    if (!isGenerated(await readFile(file, 'utf8'))) continue;
    await rm(file);
    removed.push(path);
  }
  return { written, removed };
}

function isGenerated(text: string): boolean {
  return text.startsWith(`// ${generatedHeader}`);
}
