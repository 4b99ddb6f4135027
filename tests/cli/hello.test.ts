import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ConfigMap } from '@kubewright/api/core/v1';
import { Client, readManifests } from '@kubewright/client';
import { expect, it } from 'vitest';
import { root } from '../../tools/source-files.js';
import { kubewright } from './kubewright.js';

const run = promisify(execFile);
const walk = (kubeconfig: string) =>
  run(process.execPath, ['--import', 'tsx', '--conditions=source', join(root, 'examples/hello/hello.ts')], {
    cwd: root,
    env: { ...process.env, KUBECONFIG: kubeconfig },
  });

it.each([
  // Beside the project rather than in /tmp, which containers have for themselves.
  ['with networks of their own where the user may make them', join(root, 'node_modules/.hello-'), false],
  ['on loopback addresses', '/tmp/kubewright-hello-', true],
])(
  'the hello example runs, its pods %s',
  async (_how, prefix, ordinaryUser) => {
    const directory = await mkdtemp(prefix);
    await chmod(directory, 0o777);
    const up = kubewright(['up', '--port', '0'], { cwd: directory, ordinaryUser });
    try {
      await up.seen('is ready in');
      const kubeconfig = join(directory, '.kubewright/kubeconfig');
      // As somebody has tried before, with kubectl.
      const client = await Client.fromKubeconfig({ path: kubeconfig });
      const [configMap] = await readManifests(join(root, 'examples/hello/configmap.yaml'));
      await client
        .resource(ConfigMap)
        .namespace('default')
        .create(configMap as ConfigMap);
      await client.close();
      const { stdout } = await walk(kubeconfig);
      expect(stdout.match(/Good day from hello-/g)).toHaveLength(3);
      expect(stdout).toContain('Cleaned up');
      // Whatever goes wrong is one line: this user may not write a ConfigMap.
      const refused = walk(join(directory, '.kubewright/scheduler.kubeconfig'));
      await expect(refused).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringMatching(
          /^The walk ended early: .* configmaps "hello" is forbidden: .*\n$/,
        ) as string,
      });
      up.child.kill('SIGTERM');
      expect(await up.ended).toBe(0);
    } finally {
      up.child.kill('SIGKILL');
      await up.ended;
      await rm(directory, { recursive: true, force: true });
    }
  },
  90_000,
);
