/**
 * Packs every package as it would be published and uses it as a stranger would: part of `npm run soak`, after a build.
 * publint and attw look at each tarball; all of them are installed into an empty directory outside of the repository,
 * a program that takes every package is compiled there under the strictest settings, types of dependencies included,
 * and run on each Node that is supported; so is the project that `kubewright init` writes.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { build } from 'esbuild';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { root } from './source-files.js';

const run = promisify(execFile);
const nodes = ['20', '22', '24'];
/** Packages are ES modules only, for bundlers and Node: what `require` and older resolution find does not matter. */
const ignoredResolutions = new Set(['node10', 'node16-cjs']);

/** Written into the directory, so that it imports what is installed there. */
const program = `
import { type ObjectOf, parseQuantity } from '@kubewright/api';
import { Deployment } from '@kubewright/api/apps/v1';
import { ConfigMap, Pod } from '@kubewright/api/core/v1';
import { kindRules } from '@kubewright/apiserver';
import { Client, WorkQueue } from '@kubewright/client';
import { fetchTransport } from '@kubewright/client/browser';
import { kindsFromCrds } from '@kubewright/client/generate';
import * as controllers from '@kubewright/controllers';
import * as runtime from '@kubewright/runtime';
import { startTestServer } from '@kubewright/testing';
import { CronTab } from './generated/stable/v1.js';

const { client, close } = await startTestServer({ kinds: [kindRules(CronTab)] });
const maps = client.resource(ConfigMap).namespace('default');
const informer = client.informer(ConfigMap, { indexes: { first: ({ metadata }) => [metadata.name?.[0] ?? ''] } });
informer.start();
await informer.synced;
const made = await maps.create({ metadata: { name: 'a' }, data: { one: '1' } });
await informer.waitFor(made.metadata.resourceVersion ?? '', { timeoutMs: 5000 });
const found = informer.byIndex('first', 'a').length;
informer.stop();
const tab: ObjectOf<typeof CronTab> = { metadata: { name: 't', namespace: 'default' }, spec: { cronSpec: '* * * * *' } };
const { spec } = await client.resource(CronTab).create(tab);
const pod: Pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'example/image' }] } };
const parts = [Client, WorkQueue, fetchTransport, kindsFromCrds, Deployment, Object.keys(controllers), Object.keys(runtime)];
await close();
if (found !== 1 || spec.image !== 'example/image' || parts.includes(undefined as never)) throw new Error('something is missing');
console.log(process.version, parseQuantity('1Gi') !== undefined, pod.metadata.name, 'works');
`;

const page = `
import { Pod } from '@kubewright/api/core/v1';
import { Client, fetchTransport } from '@kubewright/client/browser';

const client = new Client(fetchTransport({ server: '/k8s' }));
for await (const pod of client.resource(Pod).listAll()) document.body.append(pod.metadata.name);
`;

const directory = mkdtempSync(join(tmpdir(), 'packages-'));
const faults: string[] = [];
try {
  const tarballs = await pack();
  for (const [name, tarball] of tarballs) faults.push(...(await lint(name, tarball)));
  await install([...tarballs.values()]);
  await compile();
  await bundle();
  await scaffold([...tarballs.values()]);
  for (const node of nodes) await runOn(node);
} catch (error) {
  const { message, stdout = '' } = error as Error & { readonly stdout?: string };
  faults.push(`${message}\n${stdout}`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;

async function pack(): Promise<Map<string, string>> {
  const tarballs = new Map<string, string>();
  for (const name of readdirSync(join(root, 'packages'))) {
    const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', directory];
    const { stdout } = await run('npm', args, { cwd: join(root, 'packages', name), maxBuffer: 2 ** 26 });
    const [packed] = JSON.parse(stdout) as [{ filename: string; size: number; files: { path: string }[] }];
    tarballs.set(name, join(directory, packed.filename));
    const stray = packed.files.filter(({ path }) => /^(?!templates\/).*\.test\./.test(path)).length;
    if (stray > 0) faults.push(`${name}: ${stray} files of tests are in the tarball`);
    console.log(`${name}: ${packed.files.length} files, ${Math.round(packed.size / 1024)} KiB`);
  }
  return tarballs;
}

async function lint(name: string, tarball: string): Promise<string[]> {
  const bytes = new Uint8Array(readFileSync(tarball));
  const { messages, pkg } = await publint({
    pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) },
    // Suggestions are not taken: bundlers read the `browser` map, and it keeps one entry point for all.
    level: 'warning',
    strict: true,
  });
  // A command without modules has nothing to resolve.
  const { exports } = pkg as { readonly exports?: object };
  const { problems = [] } =
    exports === undefined
      ? {}
      : ((await checkPackage(createPackageFromTarballData(bytes))) as {
          readonly problems?: readonly {
            readonly kind: string;
            readonly resolutionKind?: string;
            readonly entrypoint?: string;
          }[];
        });
  return [
    ...messages.map((message) => `${name}: publint: ${formatMessage(message, pkg) ?? message.code}`),
    ...problems
      .filter(({ resolutionKind }) => !ignoredResolutions.has(resolutionKind ?? ''))
      .map((problem) => `${name}: attw: ${JSON.stringify(problem)}`),
  ];
}

async function install(tarballs: readonly string[]): Promise<void> {
  const app = join(directory, 'app');
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), '{"private":true,"type":"module"}');
  const args = ['install', '--no-audit', '--no-fund', ...tarballs, '@types/node@20'];
  await run('npm', args, { cwd: app, maxBuffer: 2 ** 26 });
  writeFileSync(join(app, 'program.ts'), program);
  writeFileSync(
    join(app, 'crd.yaml'),
    readFileSync(join(root, 'packages/cli/src/testdata/crontab.yaml'), 'utf8'),
  );
}

async function compile(): Promise<void> {
  const app = join(directory, 'app');
  await run(
    process.execPath,
    [
      'node_modules/kubewright/bin/kubewright.js',
      'generate',
      'client',
      '--from',
      'crd.yaml',
      '--out',
      'generated',
    ],
    { cwd: app },
  );
  const settings = [
    'strict',
    'exactOptionalPropertyTypes',
    'noUncheckedIndexedAccess',
    'noImplicitOverride',
    'noImplicitReturns',
    'noUnusedLocals',
    'noUnusedParameters',
    'verbatimModuleSyntax',
    'isolatedModules',
  ].flatMap((name) => [`--${name}`, 'true']);
  // Without the types of browsers, which a program for Node need not have.
  const target = [
    '--target',
    'ES2023',
    '--lib',
    'ES2023',
    '--module',
    'NodeNext',
    '--outDir',
    'out',
    '--skipLibCheck',
    'false',
  ];
  await run(join(root, 'node_modules/.bin/tsc'), [...settings, ...target, '--types', 'node', 'program.ts'], {
    cwd: app,
    maxBuffer: 2 ** 26,
  });
  console.log('compiled');
}

/** A page that lists pods, for browsers: nothing of Node may be left in it. */
async function bundle(): Promise<void> {
  const app = join(directory, 'app');
  writeFileSync(join(app, 'page.js'), page);
  const { metafile } = await build({
    absWorkingDir: app,
    entryPoints: ['page.js'],
    bundle: true,
    minify: true,
    metafile: true,
    platform: 'browser',
    format: 'esm',
    outfile: 'out/page.js',
    logLevel: 'silent',
  });
  const [output] = Object.values(metafile.outputs);
  console.log(`a page for browsers: ${Math.round((output?.bytes ?? 0) / 1024)} KiB`);
}

/** What `kubewright init` writes, with these packages in place of published ones, compiled as it says itself. */
async function scaffold(tarballs: readonly string[]): Promise<void> {
  const command = join(directory, 'app/node_modules/kubewright/bin/kubewright.js');
  const project = join(directory, 'widgets');
  await run(process.execPath, [command, 'init', project, '--kind', 'Widget', '--group', 'example.dev']);
  const file = join(project, 'package.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly dependencies: Record<string, string>;
    readonly devDependencies: Record<string, string>;
  };
  for (const dependencies of [manifest.dependencies, manifest.devDependencies])
    for (const name of Object.keys(dependencies).filter((each) => each.startsWith('@kubewright/')))
      delete dependencies[name];
  writeFileSync(file, JSON.stringify(manifest));
  await run('npm', ['install', '--no-audit', '--no-fund', ...tarballs], { cwd: project, maxBuffer: 2 ** 26 });
  await run('npm', ['run', 'manifests'], { cwd: project, maxBuffer: 2 ** 26 });
  console.log('a project that init wrote is compiled');
}

async function runOn(version: string): Promise<void> {
  const home = join(directory, `node-${version}`);
  mkdirSync(home);
  writeFileSync(join(home, 'package.json'), '{"private":true}');
  await run('npm', ['install', '--no-audit', '--no-fund', `node@${version}`], { cwd: home });
  const node = join(home, 'node_modules/node/bin/node');
  const { stdout } = await run(node, ['out/program.js'], { cwd: join(directory, 'app') });
  console.log(stdout.trim());
  const project = join(directory, 'widgets');
  const tested = await run(node, ['node_modules/vitest/vitest.mjs', 'run'], {
    cwd: project,
    env: { ...process.env, NO_COLOR: '1' },
    maxBuffer: 2 ** 26,
  });
  console.log(`its tests on ${version}: ${/Tests +(.*)/.exec(tested.stdout)?.[1] ?? tested.stdout}`);
}
