import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dns1123LabelErrors, dns1123SubdomainErrors } from '@kubewright/api';
import { CommandError } from './command-error.js';

export interface InitOptions {
  /** Of the kind, in CamelCase. */
  readonly kind: string;
  /** Of the kind: a domain of one's own. */
  readonly group: string;
  /** Of the project, the Deployment and all that goes with it. @default the directory's */
  readonly name?: string | undefined;
}

const templates = fileURLToPath(new URL('../templates/controller', import.meta.url));

/**
 * Writes a project: a kind, its controller, a webhook, tests, and the manifests that install it.
 * @returns the files that were written, relative to the directory
 * @throws CommandError for names that no cluster takes, and a directory that is not empty
 */
export async function initProject(directory: string, options: InitOptions): Promise<readonly string[]> {
  const target = resolve(directory);
  const { kind, group, name = basename(target) } = options;
  check(options, name);
  const present = await readdir(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return [];
  });
  if (present.length > 0) throw new CommandError(`${directory} is not empty`);
  const words = await placeholders({ kind, group, name });
  const filled = (text: string) =>
    text.replaceAll(/__(\w+?)__/g, (whole, word: string) => words[word] ?? whole);
  const written: string[] = [];
  for (const file of await filesBelow(templates)) {
    const path = relative(templates, file)
      .replace(/\.template$/, '')
      .replace(/^gitignore$/, '.gitignore')
      .replace(/\bkind(?=[.-])/, words.kind ?? '');
    await mkdir(dirname(join(target, path)), { recursive: true });
    await writeFile(join(target, path), filled(await readFile(file, 'utf8')));
    written.push(path);
  }
  return written;
}

function check({ kind, group }: InitOptions, name: string): void {
  const [fault] = dns1123LabelErrors(name);
  if (fault !== undefined) throw new CommandError(`--name ${name}: ${fault}`);
  if (!/^[A-Z][A-Za-z0-9]*$/.test(kind))
    throw new CommandError(`--kind ${kind}: a kind is a word in CamelCase, such as Widget`);
  const [groupFault] = dns1123SubdomainErrors(group);
  if (groupFault !== undefined || !group.includes('.'))
    throw new CommandError(`--group ${group}: ${groupFault ?? 'a group is a domain, such as example.dev'}`);
}

async function placeholders({
  kind,
  group,
  name,
}: Required<{ [K in keyof InitOptions]: string }>): Promise<Readonly<Record<string, string>>> {
  const manifest: unknown = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
  const { version } = manifest as { readonly version: string };
  return {
    ...{ name, group, version, Kind: kind },
    kind: kind.replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `-${letter}`).toLowerCase(),
    kindPath: kind.toLowerCase(),
    groupPath: group.replaceAll('.', '-'),
    plural: pluralOf(kind.toLowerCase()),
  };
}

/** As English mostly has it. */
function pluralOf(word: string): string {
  if (/(?:s|x|ch|sh)$/.test(word)) return `${word}es`;
  return /[^aeiou]y$/.test(word) ? `${word.slice(0, -1)}ies` : `${word}s`;
}

async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
