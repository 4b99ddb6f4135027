import { chmod, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Namespace } from '@kubewright/api/core/v1';
import { Client } from '@kubewright/client';
import { beforeEach, describe, expect, it } from 'vitest';
import { kubewrightOfEachTest } from '../kubewright-of-each-test.js';
import { type KubewrightProcess, makeDataDirectory, removeDataDirectory } from '../kubewright-process.js';

const nobody = 65_534;
const kubewright = kubewrightOfEachTest();
// Who may not look into it can't have a directory in it.
beforeEach(() => chmod(kubewright.directory, 0o755));

async function serve(...args: string[]): Promise<{ process: KubewrightProcess; client: Client }> {
  const process = await kubewright.start(['apiserver', ...args]);
  return { process, client: await Client.fromKubeconfig({ path: process.kubeconfig }) };
}

// Only root can become somebody else.
describe.skipIf(process.geteuid?.() !== 0)('apiserver --user', () => {
  it('has nothing of root, nor have its files', async () => {
    const { process, client } = await serve('--user', 'nobody');
    const status = await readFile(`/proc/${process.pid}/status`, 'utf8');
    expect(status).toMatch(new RegExp(`^Uid:\\t${nobody}\\t${nobody}\\t${nobody}\\t${nobody}$`, 'm'));
    expect(status).toMatch(/^CapEff:\t0+$/m);
    expect(status).toMatch(/^CapPrm:\t0+$/m);
    expect(status).toMatch(/^Groups:\s*$/m);
    for (const file of ['pki/ca.key', 'kubeconfig', 'store']) {
      const { uid, mode } = await stat(join(kubewright.directory, 'data', file));
      expect([file, uid, mode & 0o077]).toEqual([file, nobody, 0]);
    }
    await client.resource(Namespace).create({ metadata: { name: 'kept' } });
    await client.close();
    expect(await process.end('SIGTERM')).toBe(0);
    const again = await serve('--user', String(nobody));
    expect((await again.client.resource(Namespace).get('kept')).metadata.name).toBe('kept');
    await again.client.close();
  }, 60_000);

  it('takes over what root had, and nobody who is not there', async () => {
    const first = await serve();
    await first.client.resource(Namespace).create({ metadata: { name: 'kept' } });
    await first.client.close();
    await first.process.end('SIGTERM');
    const { client } = await serve('--user', 'nobody');
    expect((await client.resource(Namespace).get('kept')).metadata.name).toBe('kept');
    await client.close();
    await expect(serve('--user', 'no-such-user')).rejects.toThrow(/there is no such user/);
  }, 60_000);

  it('is by itself the user of sudo, in a directory of his', async () => {
    const start = async (directory: string) => {
      const started = await kubewright.start(['apiserver'], {
        directory,
        env: { SUDO_UID: String(nobody) },
      });
      const status = await readFile(`/proc/${started.pid}/status`, 'utf8');
      return { started, uid: Number(/^Uid:\t(\d+)/m.exec(status)?.[1]) };
    };
    const his = await makeDataDirectory(nobody);
    try {
      const { started, uid } = await start(his);
      expect([uid, (await stat(started.kubeconfig)).uid]).toEqual([nobody, nobody]);
      expect(started.output).not.toContain('runs as root');
      await started.end('SIGKILL');
    } finally {
      await removeDataDirectory(his);
    }
    const { started, uid } = await start(kubewright.directory);
    expect(uid).toBe(0);
    expect(started.output).toContain('the control plane runs as root, which it does not need');
  }, 60_000);
});
