import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { eventually, logged, printed, type RuntimeUnderTest } from './runtime-under-test.js';

/** What becomes of commands: how they start, end, are told to end, and what they write. */
export function testProcesses(t: RuntimeUnderTest): void {
  it('refuses a command that is not there, and says so in the status', async () => {
    const sandboxId = await t.pod();
    const id = await t.container(sandboxId, ['no-such-command']);
    await expect(t.runtime.startContainer(id)).rejects.toMatchObject({
      code: 'StartFailed',
      message: expect.stringContaining('executable file not found in $PATH'),
    });
    expect(await t.runtime.containerStatus(id)).toMatchObject({
      ...{ state: 'exited', exitCode: 127, reason: 'StartError' },
      message: expect.stringContaining('no-such-command'),
    });
    const plain = await t.container(sandboxId, ['/etc/passwd'], { attempt: 1 });
    await expect(t.runtime.startContainer(plain)).rejects.toMatchObject({ code: 'StartFailed' });
    expect(await t.runtime.containerStatus(plain)).toMatchObject({ exitCode: 126 });
    await t.runtime.removePodSandbox(sandboxId);
  });

  it('tells a death by signal by 128 and its number', async () => {
    const { id, sandboxId } = await t.run(['sh', '-c', 'kill -KILL $$']);
    expect(await t.exited(id)).toMatchObject({ exitCode: 137, signal: 9, reason: 'Error' });
    await t.runtime.removePodSandbox(sandboxId);
  });

  it('kills what ignores TERM when the grace is over, or earlier when told so again', async () => {
    const { id, sandboxId } = await t.run([
      'sh',
      '-c',
      'trap "" TERM; echo up; while :; do sleep 1000; done',
    ]);
    await logged(join(t.directory, `${sandboxId}.log`), 'up');
    const long = t.runtime.stopContainer(id, 600);
    await t.runtime.stopContainer(id, 0.05);
    await long;
    expect(await t.runtime.containerStatus(id)).toMatchObject({ exitCode: 137 });
    await t.runtime.removePodSandbox(sandboxId);
  });

  it('lets a container end itself on TERM, and on the signal that it names instead', async () => {
    for (const stopSignal of ['SIGTERM', 'SIGINT'] as const) {
      const script =
        "const end = () => process.exit(7); process.on('SIGTERM', end).on('SIGINT', end); console.log('up'); setInterval(end, 1e6)";
      const { id, sandboxId, log } = await t.run(['node', '-e', script], { stopSignal });
      await logged(log, 'up');
      await t.runtime.stopContainer(id, 600);
      expect(await t.runtime.containerStatus(id)).toMatchObject({ exitCode: 7 });
      await t.runtime.removePodSandbox(sandboxId);
    }
  });

  it('writes both outputs in the CRI log format, to the last byte, and keeps the file', async () => {
    const { id, sandboxId, log } = await t.run([
      'sh',
      '-c',
      'echo one; echo two >&2; echo three >/dev/stdout; echo four >/dev/stderr; head -c 40000 /dev/zero | tr "\\0" x; echo; printf end',
    ]);
    await t.exited(id);
    await t.runtime.removePodSandbox(sandboxId);
    const records = readFileSync(log, 'utf8').split('\n').slice(0, -1);
    const parsed = records.map((record) => {
      expect(record).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z (stdout|stderr) [FP] /);
      const [, stream, tag, ...text] = record.split(' ');
      return { stream, tag, text: text.join(' ') };
    });
    const of = (stream: string) => parsed.filter((record) => record.stream === stream);
    expect(of('stderr').map(({ text }) => text)).toEqual(['two', 'four']);
    const out = of('stdout');
    expect(out.slice(0, 2).map(({ text }) => text)).toEqual(['one', 'three']);
    expect(out.slice(2, 5).map(({ tag }) => tag)).toEqual(['P', 'P', 'F']);
    expect(
      out
        .slice(2, 5)
        .map(({ text }) => text)
        .join(''),
    ).toBe('x'.repeat(40_000));
    expect(out.slice(5)).toEqual([{ stream: 'stdout', tag: 'P', text: 'end' }]);
  });

  it('gives a command its arguments, environment, directory and files untouched', async () => {
    const env = { QUOTES: `'"$(x)\`\\`, 'with.dot': 'a\nb', EMPTY: '' };
    const { id, sandboxId, log } = await t.run(['node'], {
      args: [
        '-e',
        'console.log(JSON.stringify([process.argv.slice(1), process.env, process.cwd()]))',
        "it's",
        '',
        'a b',
      ],
      workingDir: '/usr',
      env,
    });
    await t.exited(id);
    const [args, seen, directory] = JSON.parse(printed(log)) as [string[], Record<string, string>, string];
    expect(args).toEqual(["it's", '', 'a b']);
    expect(seen).toMatchObject({ ...env, HOSTNAME: 'a-host' });
    expect(Object.keys(seen).sort()).toEqual([...Object.keys(env), 'HOME', 'HOSTNAME', 'PATH'].sort());
    expect(directory).toBe('/usr');
    await t.runtime.removePodSandbox(sandboxId);
  });

  it('lets nothing of a container remain when its command ends, and reaps orphans before', async () => {
    const { id, sandboxId } = await t.run([
      'sh',
      '-c',
      '(sleep 0 & exec sleep 0); (sleep 1000 &); exec sleep 1000',
    ]);
    await eventually(async () => {
      const { stdout } = await t.runtime.execSync(id, ['sh', '-c', 'cat /proc/[0-9]*/stat'], {
        timeoutMs: 10_000,
      });
      expect(String(stdout)).not.toMatch(/\) Z /);
      expect(String(stdout).match(/\(sleep\)/g)).toHaveLength(2);
    });
    await t.runtime.stopContainer(id, 600);
    await t.runtime.removePodSandbox(sandboxId);
  });

  it('goes on in a new log when asked to', async () => {
    const { id, sandboxId, log } = await t.run(['sh', '-c', 'echo first; read line; echo second'], {
      stdin: true,
    });
    await logged(log, 'first');
    await (await import('node:fs/promises')).rename(log, `${log}.1`);
    await t.runtime.reopenContainerLog(id);
    const session = await t.runtime.attach(id, { stdin: true, stdout: false, stderr: false, tty: false });
    session.stdin?.write('\n');
    await t.exited(id);
    expect(printed(`${log}.1`)).toBe('first');
    expect(printed(log)).toBe('second');
    await t.runtime.removePodSandbox(sandboxId);
  });

  it("refuses settings of the kernel that are not the pod's own", async () => {
    await expect(t.pod({ sysctls: { 'kernel.core_pattern': 'x' } })).rejects.toMatchObject({
      code: 'InvalidArgument',
    });
    await expect(t.pod({ sysctls: { 'net/../kernel': 'x' } })).rejects.toMatchObject({
      code: 'InvalidArgument',
    });
  });
}
