/**
 * Writes what Node runs of each package: its modules joined into few files, in `bundle/`, since Node takes half a
 * millisecond to find and link each of hundreds. `npm run build`.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';
import { root } from './source-files.js';

/**
 * Dependencies that are joined into the package that imports them: each is dozens of modules that every start of a
 * server or a client loads. All others stay apart, so that whoever installs the package can replace them.
 */
const joined = new Set([
  '@peculiar/asn1-csr',
  '@peculiar/asn1-schema',
  '@peculiar/x509',
  'jsonwebtoken',
  'reflect-metadata',
  'undici',
  'ws',
]);

/** Leaves everything else that the package itself imports where it is. */
const apart: Plugin = {
  name: 'apart',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^[^./]/ }, ({ path, importer }) => {
      const [name] = path.match(packageName) ?? [];
      const isOwn = importer !== '' && !importer.includes('node_modules');
      return isOwn && !joined.has(name ?? '') ? { path, external: true } : undefined;
    }),
};
const packageName = /^(?:@[^/]+\/)?[^/]+/;

/** What is joined may be CommonJS. */
const banner = {
  js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
};

/** The licences of what is joined, beside it. */
const licencesFile = 'LICENCES.txt';

interface Entry {
  readonly source: string;
  readonly default: string;
}

interface Package {
  readonly exports?: Readonly<Record<string, Entry>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

for (const name of readdirSync(join(root, 'packages'))) await bundle(join(root, 'packages', name));

async function bundle(directory: string): Promise<void> {
  const output = join(directory, 'bundle');
  const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Package;
  rmSync(output, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: entriesOf(directory, manifest),
    outbase: join(directory, 'src'),
    outdir: output,
    bundle: true,
    // A module that several entries share is there once.
    splitting: true,
    chunkNames: '[name]-[hash]',
    plugins: [apart],
    ...(Object.keys(manifest.dependencies ?? {}).some((name) => joined.has(name)) ? { banner } : {}),
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'warning',
    metafile: true,
  });
  const licences = licencesOf(metafile);
  if (licences !== '') writeFileSync(join(output, licencesFile), licences);
}
/** What others import from the bundle, the command, and what the package runs as processes of their own. */
function entriesOf(directory: string, { exports = {} }: Package): string[] {
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

/** The names and licences of the packages that were joined, as these ask of whoever passes them on. */
function licencesOf({ inputs }: Metafile): string {
  const directories = new Set(
    Object.keys(inputs).flatMap((path) => path.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/) ?? []),
  );
  return [...directories]
    .sort()
    .map((path) => {
      const { name, version, license } = JSON.parse(
        readFileSync(join(root, path, 'package.json'), 'utf8'),
      ) as {
        readonly [field: string]: string;
      };
      const files = readdirSync(join(root, path)).filter((file) =>
        /^(licen[cs]e|copyright|notice)/i.test(file),
      );
      const texts = files.map((file) => readFileSync(join(root, path, file), 'utf8').trim());
      return `${[`${name} ${version} (${license})`, ...texts].join('\n\n')}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}
