import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, readManifests } from '@kubewright/client';
import { startTestServer } from '@kubewright/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../tools/source-files.js';

const run = promisify(execFile);
const command = join(root, 'packages/cli/bin/kubewright.js');

/** Within the workspace, so that its packages are found as those that are installed would be. */
let directory: string;

beforeAll(async () => {
  const scratch = join(root, '.kubewright');
  await mkdir(scratch, { recursive: true });
  directory = await mkdtemp(join(scratch, 'init-'));
});
afterAll(() => rm(directory, { recursive: true }));

const init = (...args: string[]) => run(process.execPath, [command, 'init', ...args], { cwd: directory });

describe('kubewright init', () => {
  it('makes a project that compiles under strict settings and passes its own tests', async () => {
    const { stdout } = await init('parts', '--kind', 'SparePart', '--group', 'shop.example.com');
    expect(stdout).toContain('parts');
    const cwd = join(directory, 'parts');
    const bin = (name: string) => join(root, 'node_modules/.bin', name);
    await run(bin('tsc'), [], { cwd });
    const tested = await run(bin('vitest'), ['run', '--root', '.'], {
      cwd,
      env: { PATH: process.env.PATH, NO_COLOR: '1' },
    });
    expect(tested.stdout).toMatch(/Tests +2 passed/);
    const crd = join(cwd, 'manifests/crd.yaml');
    const before = await readFile(crd, 'utf8');
    await run(process.execPath, ['dist/write-manifests.js'], { cwd });
    expect(await readFile(crd, 'utf8')).toBe(before);
  }, 120_000);

  it('writes manifests that a server takes', async () => {
    await init('taken', '--kind', 'Widget', '--group', 'example.dev', '--name', 'widgets');
    const { client, close } = await startTestServer();
    expect(client).toBeInstanceOf(Client);
    const objects = await readManifests(join(directory, 'taken/manifests'));
    const { applied } = await client.applyObjects(objects, { fieldValidation: 'Strict' });
    expect(applied.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(
      expect.arrayContaining([
        'CustomResourceDefinition widgets.example.dev',
        'Deployment widgets',
        'ValidatingWebhookConfiguration widgets',
      ]),
    );
    await close();
  });

  it.each([
    [['x', '--kind', 'widget'], '--kind widget'],
    [['x', '--group', 'example'], '--group example'],
    [['X_Y'], '--name X_Y'],
    [['.', '--name', 'x'], 'is not empty'],
  ])('refuses %j', async (args, message) => {
    await expect(init(...args)).rejects.toMatchObject({ stderr: expect.stringContaining(message) });
  });
});
