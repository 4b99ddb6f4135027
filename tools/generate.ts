/**
 * Writes what is made at build time and never committed: the modules of the built-in kinds, and the descriptions of
 * their fields. `npm run generate`.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type GenerateOptions, generateModules } from '../packages/client/src/generate/generate-modules.js';
import { describe, readDescriptions } from './descriptions.js';

const packages = join(dirname(fileURLToPath(import.meta.url)), '../packages');
const api = join(packages, 'api');
const output = join(api, 'src/generated');
const data = JSON.parse(readFileSync(join(api, 'data/kubernetes.json'), 'utf8')) as Pick<
  GenerateOptions,
  'kinds' | 'definitions'
>;

const descriptions = readDescriptions(data.definitions);
// OpenAPI documents take them from there when somebody asks for one.
writeWhenChanged(join(packages, 'apiserver/data/descriptions.json'), JSON.stringify(descriptions));
const files = generateModules({
  ...data,
  documented: describe(data.definitions, descriptions),
  header: 'Made by tools/generate.ts from data/kubernetes.json: edit those.',
  imports: { kind: '../kind.js', definitions: '../definitions.js' },
  index: { file: 'builtin', constant: 'builtinKinds' },
});
for (const [path, text] of files) writeWhenChanged(join(output, path), text);
for (const entry of readdirSync(output, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  if (entry.isFile() && !files.has(path.slice(output.length + 1))) rmSync(path);
}

/** Leaves an unchanged file alone, so that incremental builds and watchers stay calm. */
function writeWhenChanged(path: string, text: string): void {
  if (readText(path) === text) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
