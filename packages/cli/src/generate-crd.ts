import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { crdOf, type Kind } from '@kubewright/api';
import { definitionErrors } from '@kubewright/apiserver';
import { dump } from 'js-yaml';
import { CommandError } from './command-error.js';

export interface GenerateCrdOptions {
  /** Modules whose exports are kinds. */
  readonly modules: readonly string[];
  /** A directory, with a file for each definition. @default all go to the standard output */
  readonly out?: string;
}

/** A file and what is in it. */
export interface GeneratedCrd {
  /** `crontabs.stable.example.com.yaml` */
  readonly file: string;
  readonly yaml: string;
}

/** Makes the definitions of all kinds that modules export and writes them where asked for. @throws CommandError */
export async function generateCrd({ modules, out }: GenerateCrdOptions): Promise<GeneratedCrd[]> {
  const kinds = (await Promise.all(modules.map(kindsOf))).flat();
  if (kinds.length === 0)
    throw new CommandError(`${modules.join(', ')}: no export is a kind made with defineKind`);
  const byName = new Map<string, [Kind, ...Kind[]]>();
  for (const kind of kinds) {
    const name = `${kind.plural}.${kind.group}`;
    const versions = byName.get(name);
    if (versions === undefined) byName.set(name, [kind]);
    else versions.push(kind);
  }
  const generated = [...byName].map(([name, versions]) => {
    const definition = crdOf(...versions);
    const errors = definitionErrors(definition);
    if (errors.length > 0)
      throw new CommandError(
        `${name} can't be a CustomResourceDefinition:\n${errors.map(({ field, message }) => `  ${field}: ${message}`).join('\n')}`,
      );
    return { file: `${name}.yaml`, yaml: dump(definition, { noRefs: true, lineWidth: 110 }) };
  });
  if (out !== undefined) {
    await mkdir(out, { recursive: true });
    for (const { file, yaml } of generated) await writeFile(join(out, file), yaml);
  }
  return generated;
}

async function kindsOf(file: string): Promise<Kind[]> {
  let exported: Readonly<Record<string, unknown>>;
  try {
    exported = (await import(pathToFileURL(resolve(file)).href)) as typeof exported;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const hint = file.endsWith('.ts')
      ? ' (Node reads TypeScript with a loader: NODE_OPTIONS="--import tsx")'
      : '';
    throw new CommandError(`${file} can't be loaded${hint}: ${why}`, { cause });
  }
  return [...new Set(Object.values(exported))].filter(isKind);
}

function isKind(value: unknown): value is Kind {
  if (typeof value !== 'object' || value === null) return false;
  return ['group', 'version', 'kind', 'plural', 'schema', 'verbs'].every((name) => name in value);
}
