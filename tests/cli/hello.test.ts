import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { root } from '../../tools/source-files.js';
import { kubewright } from './kubewright.js';

const run = promisify(execFile);

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
      const { stdout } = await run(
        process.execPath,
        ['--import', 'tsx', '--conditions=source', join(root, 'examples/hello/hello.ts')],
        { cwd: root, env: { ...process.env, KUBECONFIG: join(directory, '.kubewright/kubeconfig') } },
      );
      expect(stdout.match(/Good day from hello-/g)).toHaveLength(3);
      expect(stdout).toContain('Cleaned up');
      up.child.kill('SIGTERM');
      expect(await up.ended).toBe(0);
    } finally {
      up.child.kill('SIGKILL');
      await up.ended;
      await rm(directory, { recursive: true, force: true });
    }
  },
  60_000,
);
