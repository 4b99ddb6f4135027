import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Kind, KubernetesObject } from '@kubewright/api';
import { ApiServer, kindRules, MemoryStorage, PkiDirectory } from '@kubewright/apiserver';
import { Client, inProcessTransport, renderKubeconfig } from '@kubewright/client';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateClient } from './generate-client.js';

const here = join(import.meta.dirname, 'testdata');
const root = join(import.meta.dirname, '../../..');
const run = promisify(execFile);
let directory = '';

beforeAll(async () => {
  // Inside the repository, where the packages are found; ignored by git.
  const scratch = join(root, 'node_modules/.cache');
  await mkdir(scratch, { recursive: true });
  directory = await mkdtemp(join(scratch, 'generated-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** Over TLS, with the admin's kubeconfig. */
async function listen(server: ApiServer): Promise<string> {
  const pki = await PkiDirectory.open(join(directory, 'pki'));
  const { certificate, key } = await pki.server('apiserver', 'kube-apiserver', ['127.0.0.1']);
  const admin = await pki.client('admin', { user: 'admin', groups: ['system:masters'] });
  const ca = pki.authority.certificate;
  const { port } = await server.listen({ certificate, key, clientCA: ca, host: '127.0.0.1', port: 0 });
  return renderKubeconfig({
    name: 'test',
    server: `https://127.0.0.1:${port}`,
    ca,
    clientCertificate: admin.certificate,
    clientKey: admin.key,
  });
}

const crd = (name: string) =>
  generateClient({ from: join(here, `${name}.yaml`), out: join(directory, name) });
const text = (path: string) => readFile(join(directory, path), 'utf8');

describe('kubewright generate client', () => {
  it('writes a module a group and version, with comments, in kilobytes', async () => {
    expect((await crd('crontab')).kinds).toEqual([
      'stable.example.com/v1 CronTab',
      'stable.example.com/v1beta1 CronTab',
    ]);
    expect((await crd('zone')).kinds).toEqual(['dns.example.dev/v1alpha2 Zone']);
    expect((await crd('queue')).kinds).toEqual(['batch.example.org/v1 Queue']);
    const module = await text('crontab/stable/v1.ts');
    expect(module).toContain('/** Runs an image at certain times. */\nexport interface CronTab');
    expect(module).toContain('A comment may end *\\/ anywhere.');
    expect(module).toContain("import type { ListMeta, ObjectMeta } from '@kubewright/api/meta/v1';");
    expect(module).toContain('shortNames: ["ct"]');
    expect(module).toContain('selectableFields: ["spec.image"]');
    const schemas = await text('crontab/schemas.ts');
    expect(schemas).not.toContain('What is wanted');
    expect(module.length + schemas.length).toBeLessThan(6000);
  });

  it('leaves alone what is as it should be, removes what it made before, and touches nothing else', async () => {
    expect(await crd('crontab')).toMatchObject({ written: [], removed: [] });
    await writeFile(join(directory, 'crontab/mine.ts'), 'export {};\n');
    await cp(join(directory, 'crontab/stable/v1beta1.ts'), join(directory, 'crontab/stable/v0.ts'));
    expect(await crd('crontab')).toMatchObject({ written: [], removed: ['stable/v0.ts'] });
    expect((await stat(join(directory, 'crontab/mine.ts'))).size).toBe(11);
    await mkdir(join(directory, 'taken'));
    await writeFile(join(directory, 'taken/index.ts'), 'mine');
    await expect(
      generateClient({ from: join(here, 'zone.yaml'), out: join(directory, 'taken') }),
    ).rejects.toThrow('index.ts was not generated');
  });

  it('takes OpenAPI documents of both versions, and a cluster, with the same outcome', async () => {
    await crd('queue');
    const { kinds } = (await import(join(directory, 'queue/index.ts'))) as { kinds: readonly Kind[] };
    const server = await ApiServer.start({
      storage: new MemoryStorage(),
      logger: pino({ level: 'silent' }),
      kinds: kinds.map((kind) => kindRules(kind)),
    });
    const kubeconfig = join(directory, 'kubeconfig');
    await writeFile(kubeconfig, await listen(server));
    const client = await Client.fromKubeconfig({ path: kubeconfig });
    try {
      const cluster = await generateClient({ from: 'cluster', out: join(directory, 'cluster'), kubeconfig });
      expect(cluster.kinds).toEqual(['batch.example.org/v1 Queue']);
      const document = await client.getPath<object>('/openapi/v3/apis/batch.example.org/v1');
      await writeFile(join(directory, 'v3.json'), JSON.stringify(document));
      const v3 = await generateClient({ from: join(directory, 'v3.json'), out: join(directory, 'v3') });
      expect(v3.kinds).toEqual(cluster.kinds);
      await writeFile(join(directory, 'v2.json'), JSON.stringify(await client.getPath('/openapi/v2')));
      const v2 = await generateClient({ from: join(directory, 'v2.json'), out: join(directory, 'v2') });
      expect(v2.kinds).toEqual(cluster.kinds);
      const types = (module: string) => module.slice(0, module.indexOf('export const'));
      const [fromCrd, ...others] = await Promise.all(
        ['queue', 'cluster', 'v3', 'v2'].map(async (source) => types(await text(`${source}/batch/v1.ts`))),
      );
      expect(fromCrd).toContain('limit: number;');
      for (const other of others) expect(other).toContain('limit: number;');
      expect(others[1]).toBe(others[0]);
      // A group that is built in, because it was asked for.
      const apps = await generateClient({
        from: 'cluster',
        out: join(directory, 'apps'),
        kubeconfig,
        group: ['apps'],
      });
      expect(apps.kinds).toContain('apps/v1 Deployment');
      expect(await text('apps/apps/v1.ts')).toContain("} from '@kubewright/api/core/v1';");
    } finally {
      await client.close();
      await server.close();
    }
  });

  it('makes code that compiles under the strictest settings', async () => {
    await mkdir(join(directory, 'node_modules'), { recursive: true });
    await writeFile(join(directory, 'use.ts'), await readFile(join(here, 'use.ts.txt'), 'utf8'));
    await symlink(join(root, 'node_modules/@kubewright'), join(directory, 'node_modules/@kubewright')).catch(
      () => undefined,
    );
    const options = [
      'strict',
      'exactOptionalPropertyTypes',
      'noUncheckedIndexedAccess',
      'noImplicitOverride',
      'noImplicitReturns',
      'noPropertyAccessFromIndexSignature',
      'noUnusedLocals',
      'noUnusedParameters',
      'verbatimModuleSyntax',
      'erasableSyntaxOnly',
      'isolatedModules',
      'isolatedDeclarations',
      'declaration',
      'noEmit',
    ].map((name) => [`--${name}`, 'true']);
    const args = [
      ...options.flat(),
      ...['--target', 'ES2023', '--module', 'NodeNext', '--moduleResolution', 'NodeNext', '--types', ''],
      ...['--customConditions', 'source', '--skipLibCheck', 'true'],
    ];
    const { stdout } = await run(join(root, 'node_modules/.bin/tsc'), [
      ...args,
      join(directory, 'use.ts'),
    ]).catch((error: { stdout: string }) => error);
    // Sources of the packages themselves are checked by their own settings.
    expect(stdout.split('\n').filter((line) => /^\S*generated-/.test(line))).toEqual([]);
  });

  it('makes kinds that a server and a client work with', async () => {
    const modules = (await Promise.all(
      ['crontab', 'zone', 'queue'].map((name) => import(join(directory, name, 'index.ts'))),
    )) as { kinds: readonly Kind[] }[];
    const kinds = modules.flatMap((module) => module.kinds);
    // One version of each kind: a server of kinds in TypeScript does not convert.
    const served = kinds.filter(({ version }) => version !== 'v1beta1');
    const server = await ApiServer.start({
      storage: new MemoryStorage(),
      logger: pino({ level: 'silent' }),
      kinds: served.map((kind) => kindRules(kind)),
    });
    const client = new Client(
      inProcessTransport(server.inProcess({ name: 'a', groups: ['system:masters'] })),
    );
    try {
      const [queue, tab, zone] = ['Queue', 'CronTab', 'Zone'].map((name) =>
        served.find(({ kind }) => kind === name),
      );
      if (queue === undefined || tab === undefined || zone === undefined)
        throw new Error('a kind is missing');
      const object = (spec: object): KubernetesObject =>
        ({ metadata: { name: 'a', namespace: 'default' }, spec }) as KubernetesObject;
      const tabs = client.resource(tab).namespace('default');
      expect(await tabs.create(object({ cronSpec: '* * * * *' }))).toMatchObject({
        apiVersion: 'stable.example.com/v1',
        spec: { image: 'example/image' },
      });
      await tabs.scale.patchMerge('a', { spec: { replicas: 3 } });
      expect(await tabs.get('a')).toMatchObject({ spec: { replicas: 3 } });
      await expect(client.resource(queue).create(object({ limit: 'many' }))).rejects.toMatchObject({
        reason: 'Invalid',
      });
      await client.resource(zone).create({ metadata: { name: 'z' } });
      expect((await client.resource(zone).list()).items).toHaveLength(1);
    } finally {
      await client.close();
      await server.close();
    }
  });

  it('says what is wrong with its source', async () => {
    const bad = async (body: string) => {
      await writeFile(join(directory, 'bad.yaml'), body);
      return generateClient({ from: join(directory, 'bad.yaml'), out: join(directory, 'bad') });
    };
    await expect(bad('a: [')).rejects.toThrow('is neither YAML nor JSON');
    await expect(bad('kind: Pod')).rejects.toThrow(
      'neither a CustomResourceDefinition nor an OpenAPI document',
    );
    await expect(
      bad('apiVersion: apiextensions.k8s.io/v1beta1\nkind: CustomResourceDefinition\nmetadata: {name: x}'),
    ).rejects.toThrow('CustomResourceDefinition x: apiVersion must be apiextensions.k8s.io/v1');
    await expect(
      bad('apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: {group: g}'),
    ).rejects.toThrow('spec.names must have kind and plural');
    await expect(bad('openapi: 3.0.0\npaths: {}')).rejects.toThrow('has no kinds besides the built-in ones');
  });
});
