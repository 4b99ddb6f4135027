import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { importsOf, root, type SourceFile } from './source-files.js';

/** Which packages of the workspace each may import: api ← client ← three siblings ← testing, cli. */
export const layers: Readonly<Record<string, readonly string[]>> = {
  api: [],
  client: ['api'],
  apiserver: ['api', 'client'],
  controllers: ['api', 'client'],
  runtime: ['api', 'client'],
  testing: ['api', 'client', 'apiserver', 'controllers'],
  cli: ['api', 'client', 'apiserver', 'controllers', 'runtime'],
};

/** Runs before anything is built or generated, so it can't take the package that it makes. */
const exempt = new Set(['tools/generate.ts']);

/** Each import that breaks a rule, as a line for a person. */
export function importFaults(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => !exempt.has(path))
    .flatMap((file) =>
      importsOf(file.text).flatMap((specifier) => {
        const fault = faultOf(file.path, specifier);
        return fault === undefined ? [] : [`${file.path}: ${specifier}: ${fault}`];
      }),
    );
}

function faultOf(path: string, specifier: string): string | undefined {
  const home = /^packages\/([^/]+)\//.exec(path)?.[1];
  if (specifier.startsWith('.')) return relativeFault(path, specifier, home);
  if (specifier.startsWith('node:')) return undefined;
  if (builtinModules.includes(specifier)) return 'a module of Node is named with node:';
  if (specifier.startsWith('@kubewright/')) return workspaceFault(specifier, home);
  return home === undefined ? undefined : dependencyFault(path, specifier, home);
}

function relativeFault(path: string, specifier: string, home: string | undefined): string | undefined {
  if (!/\.(?:js|json)$/.test(specifier)) return 'a relative import ends in .js';
  const target = normalize(join(dirname(path), specifier));
  const targetHome = /^packages\/([^/]+)\//.exec(target)?.[1];
  if (targetHome !== undefined && targetHome !== home) return 'another package is imported by its name';
  if (home === undefined) return undefined;
  if (targetHome === undefined) return 'a package imports nothing from outside';
  return target === `packages/${home}/src/index.js` && !path.includes('.test.')
    ? 'inside a package the file is imported, not the index'
    : undefined;
}

function workspaceFault(specifier: string, home: string | undefined): string | undefined {
  const [, name = '', ...rest] = specifier.split('/');
  if (home !== undefined && name === home) return 'inside a package imports are relative';
  if (home !== undefined && !layers[home]?.includes(name)) return `${home} must not know ${name}`;
  const exported = Object.keys(manifestOf(name).exports ?? {});
  const isExported =
    rest.length === 0 || exported.includes(`./${rest.join('/')}`) || exported.includes('./*');
  return isExported && !['src', 'dist'].includes(rest[0] ?? '')
    ? undefined
    : 'only what the package exports is imported';
}

/** Tests may take what the workspace has for all. */
function dependencyFault(path: string, specifier: string, home: string): string | undefined {
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  const known = { ...manifestOf(home).dependencies };
  if (isTestCode(path)) Object.assign(known, workspaceManifest().devDependencies);
  return name in known ? undefined : `packages/${home}/package.json has no dependency ${name}`;
}

/** Tests, what only tests import, and the conformance suites that others run in their tests. */
export function isTestCode(path: string): boolean {
  return /\.test\.|\.test\b|\.child\.ts$|conformance|test-context|testdata|\/src\/testing\//.test(path);
}

interface Manifest {
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const manifests = new Map<string, Manifest>();

function manifestOf(name: string): Manifest {
  return readManifest(join(root, 'packages', name, 'package.json'));
}

function workspaceManifest(): Manifest {
  return readManifest(join(root, 'package.json'));
}

function readManifest(file: string): Manifest {
  let manifest = manifests.get(file);
  if (manifest === undefined) {
    manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
    manifests.set(file, manifest);
  }
  return manifest;
}
