/**
 * Writes what Node runs of each package: its modules joined into few files, in `bundle/`, since Node takes half a
 * millisecond to find and link each of hundreds. What it depends on stays apart. `npm run build`.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from './source-files.js';

interface Entry {
  readonly source: string;
  readonly default: string;
}

interface Package {
  readonly exports?: Readonly<Record<string, Entry>>;
}

for (const name of readdirSync(join(root, 'packages'))) await bundle(join(root, 'packages', name));

async function bundle(directory: string): Promise<void> {
  const output = join(directory, 'bundle');
  rmSync(output, { recursive: true, force: true });
  await build({
    entryPoints: entriesOf(directory),
    outbase: join(directory, 'src'),
    outdir: output,
    bundle: true,
    // A module that several entries share is there once.
    splitting: true,
    chunkNames: '[name]-[hash]',
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'warning',
  });
}

/** What others import from the bundle, the command, and what the package runs as processes of their own. */
function entriesOf(directory: string): string[] {
  const { exports = {} } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Package;
  const exported = Object.values(exports)
    .filter((entry) => entry.default.startsWith('./bundle/'))
    .flatMap(({ source }) => (source.includes('*') ? modulesBelow(directory, source) : [source]));
  const run = ['src/main.ts', 'src/node-parts.child.ts'].filter((path) => existsSync(join(directory, path)));
  return [...new Set([...exported, ...run])].map((path) => join(directory, path));
}

/** The modules that a pattern of `exports` such as `./src/generated/*.ts` lets through. */
function modulesBelow(directory: string, pattern: string): string[] {
  const [folder = '', extension = ''] = pattern.split('*');
  return readdirSync(join(directory, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(extension))
    .map((path) => `${folder}${path}`);
}
