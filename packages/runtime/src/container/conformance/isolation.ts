import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { printed, type RuntimeUnderTest } from './runtime-under-test.js';

/** What a container sees of the machine, and can do to it. */
export function testIsolation(t: RuntimeUnderTest): void {
  it('shows a container its own processes, the pod its name, and to nobody what is hidden', async () => {
    const { id, sandboxId } = await t.run(['sleep', '1000']);
    const script = `hostname; echo $(ls -d /proc/[0-9]* | wc -l); ls -A ${t.secret ?? '/nothing'} 2>&1 || :`;
    const { stdout } = await t.runtime.execSync(id, ['sh', '-c', script], { timeoutMs: 10_000 });
    const [hostname, processes, listing = ''] = String(stdout).trim().split('\n');
    expect(hostname).toBe('a-host');
    expect(Number(processes)).toBeLessThan(8);
    expect(listing).toContain('No such file');
    await t.runtime.removePodSandbox(sandboxId);
  });

  it('keeps in memory what is to be there, for all containers of the pod', async () => {
    const fs = await import('node:fs/promises');
    const path = join(t.directory, 'memory');
    await fs.mkdir(path);
    const sandboxId = await t.pod({ memoryDirectories: [{ path, sizeLimit: 1 << 20 }] });
    const mounts = [{ hostPath: path, containerPath: '/memory', readOnly: false }];
    // What is said of the error goes another way, and may come later.
    const write = 'grep " /memory tmpfs" /proc/mounts; head -c 2000000 /dev/zero >/memory/a 2>/dev/null';
    const scripts = [`${write} || echo full`, 'wc -c </memory/a'];
    for (const [attempt, script] of scripts.entries()) {
      const id = await t.container(sandboxId, ['sh', '-c', script], { mounts, attempt });
      await t.runtime.startContainer(id);
      await t.exited(id);
    }
    const [mount, ...lines] = printed(join(t.directory, `${sandboxId}.log`)).split('\n');
    expect(mount).toContain('size=1024k');
    expect(lines).toEqual(['full', String(1 << 20)]);
    expect(await fs.readdir(path)).toEqual([]);
    await t.runtime.removePodSandbox(sandboxId);
    await fs.rmdir(path);
  });

  it("writes to its own directories and volumes, and never to the host's", async () => {
    const fs = await import('node:fs/promises');
    const volume = join(t.directory, 'volume');
    await fs.mkdir(volume);
    await fs.writeFile(join(t.directory, 'one-file'), 'a file');
    const paths = ['/etc/kubewright-test/deep', '/kubewright-test', '/var/run/secrets/test', '/tmp/in/side'];
    const { id, sandboxId, log } = await t.run(
      [
        'sh',
        '-c',
        `for d in /etc /usr/bin / /var/lib /dev /sys; do touch $d/kubewright-stray 2>/dev/null && echo "wrote $d"; done
         umount /etc 2>/dev/null && echo unmounted; mount -o remount,rw / 2>/dev/null && echo remounted
         echo x >/proc/sys/kernel/domainname && echo "set the kernel"
         for d in ${paths.join(' ')}; do cat $d/from-host; done; cat /etc/kubewright-one
         touch /tmp/x /run/x /var/tmp/x /dev/shm/x && echo mine
         touch /kubewright-test/readonly || echo refused; echo back >/tmp/in/side/back`,
      ],
      {
        mounts: [
          ...paths.map((containerPath, index) => ({
            hostPath: volume,
            containerPath,
            readOnly: index < 3,
          })),
          {
            hostPath: join(t.directory, 'one-file'),
            containerPath: '/etc/kubewright-one',
            readOnly: true,
          },
          { hostPath: volume, containerPath: '/usr/share/kubewright-test', readOnly: true },
        ],
      },
    );
    await t.exited(id);
    await fs.writeFile(join(volume, 'from-host'), 'late\n');
    const lines = printed(log).split('\n');
    expect(lines.filter((line) => /^(wrote|unmounted|remounted|set)/.test(line))).toEqual([]);
    expect(lines).toEqual(expect.arrayContaining(['a filemine', 'refused']));
    expect(readFileSync(join(volume, 'back'), 'utf8')).toBe('back\n');
    for (const path of [
      '/kubewright-test',
      '/etc/kubewright-test',
      '/etc/kubewright-one',
      '/run/x',
      '/var/tmp/x',
    ]) {
      await expect(fs.stat(path), path).rejects.toMatchObject({ code: 'ENOENT' });
    }
    await t.runtime.removePodSandbox(sandboxId);
    expect(await fs.readdir(volume)).toEqual(expect.arrayContaining(['back', 'from-host']));
  });

  it('runs as the user that is asked for', async () => {
    const { id, sandboxId, log } = await t.run(['sh', '-c', 'id -u; id -g; echo ok >/dev/stdout'], {
      user: { uid: 4321, gid: 8765 },
    });
    expect(await t.exited(id)).toMatchObject({ exitCode: 0 });
    expect(printed(log)).toBe('4321\n8765\nok');
    await t.runtime.removePodSandbox(sandboxId);
  });
}
