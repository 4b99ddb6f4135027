import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { eventually, printed, type RuntimeUnderTest, text } from './runtime-under-test.js';

/** Exec and attach, with terminals and without. */
export function testSessions(t: RuntimeUnderTest): void {
  it('passes the streams and the exit code of exec', async () => {
    const { id, sandboxId } = await t.run(['sleep', '1000'], { env: { GREETING: 'hello' } });
    const session = await t.runtime.exec(id, {
      command: ['sh', '-c', 'cat; echo $GREETING >&2; exit 5'],
      ...{ stdin: true, stdout: true, stderr: true, tty: false },
    });
    session.stdin?.end('x'.repeat(300_000));
    const [out, err] = await Promise.all([text(session.stdout), text(session.stderr)]);
    expect(out).toHaveLength(300_000);
    expect(err).toBe('hello\n');
    expect(await session.exitCode).toBe(5);
    const killed = await t.runtime.execSync(id, ['sh', '-c', 'kill -TERM $$'], { timeoutMs: 10_000 });
    expect(killed.exitCode).toBe(143);
    await expect(t.runtime.execSync(id, ['no-such-command'], { timeoutMs: 10_000 })).rejects.toMatchObject({
      code: 'StartFailed',
    });
    await t.runtime.removePodSandbox(sandboxId);
  });

  it('kills a command that exceeds its time, with its children', async () => {
    const { id, sandboxId } = await t.run(['sleep', '1000']);
    const call = t.runtime.execSync(id, ['sh', '-c', 'sleep 2000; true'], { timeoutMs: 100 });
    await expect(call).rejects.toMatchObject({ code: 'DeadlineExceeded' });
    await eventually(async () => {
      const { stdout } = await t.runtime.execSync(
        id,
        ['sh', '-c', 'cat /proc/[0-9]*/cmdline | tr "\\0" " "'],
        {
          timeoutMs: 10_000,
        },
      );
      expect(String(stdout)).not.toContain('sleep 2000 ');
    });
    await t.runtime.removePodSandbox(sandboxId);
  });

  it('does not wait for what an exec leaves behind', async () => {
    const { id, sandboxId } = await t.run(['sleep', '1000']);
    const { stdout } = await t.runtime.execSync(id, ['sh', '-c', 'sleep 500 & echo done'], {
      timeoutMs: 20_000,
    });
    expect(String(stdout)).toBe('done\n');
    await t.runtime.removePodSandbox(sandboxId);
  });

  it('gives exec a terminal that can be resized', async () => {
    const { id, sandboxId } = await t.run(['sleep', '1000']);
    const session = await t.runtime.exec(id, {
      command: ['sh', '-c', 'tty; stty size; read line; stty size; echo "<$line>"; exit 4'],
      ...{ stdin: true, stdout: true, stderr: false, tty: true, size: { columns: 100, rows: 30 } },
    });
    const output = session.stdout as Readable;
    let seen = '';
    output.on('data', (chunk: Buffer) => {
      seen += String(chunk);
    });
    await eventually(async () => expect(seen).toMatch(/^\/dev\/pts\/\d+\s+30 100/));
    session.resize({ columns: 70, rows: 20 });
    session.stdin?.write('word\r');
    expect(await session.exitCode).toBe(4);
    await eventually(async () => expect(seen).toMatch(/20 70[\s\S]*<word>/));
    await t.runtime.removePodSandbox(sandboxId);
  });

  it('gives a shell of exec control of its jobs', async () => {
    const { id, sandboxId } = await t.run(['sleep', '1000']);
    const session = await t.runtime.exec(id, {
      command: ['sh', '-i'],
      ...{ stdin: true, stdout: true, stderr: false, tty: true },
    });
    let seen = '';
    (session.stdout as Readable).on('data', (chunk: Buffer) => {
      seen += String(chunk);
    });
    session.stdin?.write('echo up; sh -c "echo be$((1+1))gun; sleep 1000"\r');
    await eventually(async () => expect(seen).toContain('be2gun'));
    // Ctrl-C ends what is in the foreground, not the shell; one that comes while a shell forks may be lost on it.
    await eventually(async () => {
      if (!/be2gun[\s\S]*[#$] $/.test(seen)) session.stdin?.write('\x03');
      expect(seen).toMatch(/be2gun[\s\S]*[#$] $/);
    });
    session.stdin?.write('echo still $((40+2))\r');
    await eventually(async () => expect(seen).toContain('still 42'));
    expect(seen).not.toMatch(/can't access tty|job control turned off/);
    session.stdin?.write('exit 3\r');
    expect(await session.exitCode).toBe(3);
    await t.runtime.removePodSandbox(sandboxId);
  });

  it('does not take the end of input for the end of a terminal', async () => {
    const { id, sandboxId } = await t.run(['sleep', '1000']);
    const session = await t.runtime.exec(id, {
      command: ['sh', '-c', 'read line; sleep 0.2; echo "<$line>"; exit 8'],
      ...{ stdin: true, stdout: true, stderr: false, tty: true },
    });
    session.stdin?.end('word\r');
    expect(await text(session.stdout)).toContain('<word>');
    expect(await session.exitCode).toBe(8);
    await t.runtime.removePodSandbox(sandboxId);
  });

  it('attaches to the input and output of a container', async () => {
    const { id, sandboxId } = await t.run(
      ['sh', '-c', 'read line; echo "got $line"; cat >/dev/null; exit 6'],
      {
        ...{ stdin: true, stdinOnce: true },
      },
    );
    const session = await t.runtime.attach(id, { stdin: true, stdout: true, stderr: true, tty: false });
    session.stdin?.end('word\n');
    expect(await text(session.stdout)).toBe('got word\n');
    expect(await session.exitCode).toBe(6);
    await t.runtime.removePodSandbox(sandboxId);
  });

  it('attaches to a terminal', async () => {
    const { id, sandboxId, log } = await t.run(['sh', '-c', 'tty && read line && echo "got $line"'], {
      ...{ stdin: true, tty: true },
    });
    const session = await t.runtime.attach(id, { stdin: true, stdout: true, stderr: false, tty: true });
    session.stdin?.write('word\r');
    expect(await text(session.stdout)).toContain('got word');
    expect(printed(log)).toMatch(/^\/dev\/(console|pts\/\d+)$/m);
    expect(await t.exited(id)).toMatchObject({ exitCode: 0 });
    expect(readFileSync(log, 'utf8')).toContain(' stdout F got word');
    await t.runtime.removePodSandbox(sandboxId);
  });
}
