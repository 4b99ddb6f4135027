import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type {
  ContainerConfig,
  ContainerEvent,
  ContainerRuntime,
  ContainerStatus,
  PodSandboxConfig,
  RuntimeFeatures,
} from './container-runtime.js';

export interface ConformanceSubject {
  readonly runtime: ContainerRuntime;
  /** An existing directory that the test may write to. */
  readonly directory: string;
  /** A file of the host that containers must not see, where `isolation` is claimed. */
  readonly secret?: string;
  /** Called after the runtime was closed. */
  cleanUp(): Promise<void>;
}

export interface ConformanceOptions {
  /** What the engine will claim; nothing else is tested. */
  readonly features: RuntimeFeatures;
  /** For engines without real processes: how a container is made to exit. */
  readonly exit?: (runtime: ContainerRuntime, containerId: string, exitCode: number) => void;
}

/** What every container runtime must do; a third party can run it on his own. */
export function containerRuntimeConformance(
  name: string,
  open: () => Promise<ConformanceSubject>,
  options: ConformanceOptions,
): void {
  describe(`${name}: the container runtime contract`, () => {
    let subject: ConformanceSubject;
    let runtime: ContainerRuntime;
    let pods = 0;
    beforeAll(async () => {
      subject = await open();
      runtime = subject.runtime;
    });
    afterAll(async () => {
      await runtime?.close();
      await subject?.cleanUp();
    });

    const pod = (more: Partial<PodSandboxConfig> = {}) =>
      runtime.runPodSandbox({
        ...{
          name: `pod-${pods}`,
          namespace: 'default',
          uid: `uid-${pods++}`,
          attempt: 0,
          hostname: 'a-host',
        },
        ...{ logDirectory: subject.directory },
        ...more,
      });
    const container = (sandboxId: string, command: readonly string[], more: Partial<ContainerConfig> = {}) =>
      runtime.createContainer(sandboxId, {
        ...{ name: 'main', attempt: 0, image: 'none', command, logPath: `${sandboxId}.log` },
        ...more,
      });
    const run = async (command: readonly string[], more: Partial<ContainerConfig> = {}) => {
      const sandboxId = await pod();
      const id = await container(sandboxId, command, more);
      await runtime.startContainer(id);
      return { sandboxId, id, log: join(subject.directory, `${sandboxId}.log`) };
    };
    const exited = (id: string) => stateOf(runtime, id, 'exited');
    const end = async (id: string, exitCode: number) => {
      options.exit?.(runtime, id, exitCode);
      return exited(id);
    };
    const real = options.features.processes;
    /** What is not claimed is not tested. */
    const when = (claimed: boolean) => (claimed ? describe : () => undefined);

    it('claims what this test was told that it claims', async () => {
      const status = await runtime.status();
      expect(status.ready).toBe(true);
      expect(status.networkReady).toBe(true);
      expect(status.features).toEqual(options.features);
    });

    it('takes a sandbox and a container through their states, and tells of each change', async () => {
      const events: ContainerEvent[] = [];
      const unsubscribe = runtime.onEvent((event) => events.push(event));
      const sandboxId = await pod({ uid: 'cycle', labels: { a: 'b' } });
      const sandbox = await runtime.podSandboxStatus(sandboxId);
      expect(sandbox).toMatchObject({
        id: sandboxId,
        state: 'ready',
        config: { uid: 'cycle', labels: { a: 'b' } },
      });
      expect(sandbox.ips).toHaveLength(1);
      const id = await container(sandboxId, ['sh', '-c', 'exit 0']);
      expect((await runtime.containerStatus(id)).state).toBe('created');
      await runtime.startContainer(id);
      const status = await end(id, 0);
      expect(status).toMatchObject({ state: 'exited', exitCode: 0, reason: 'Completed', sandboxId });
      expect(status.finishedAt?.getTime()).toBeGreaterThanOrEqual(status.startedAt?.getTime() ?? Infinity);
      await runtime.removeContainer(id);
      await runtime.removeContainer(id);
      await expect(runtime.containerStatus(id)).rejects.toMatchObject({ code: 'NotFound' });
      await runtime.stopPodSandbox(sandboxId);
      expect(await runtime.podSandboxStatus(sandboxId)).toMatchObject({ state: 'notready', ips: [] });
      await runtime.removePodSandbox(sandboxId);
      await runtime.removePodSandbox(sandboxId);
      await expect(runtime.podSandboxStatus(sandboxId)).rejects.toMatchObject({ code: 'NotFound' });
      unsubscribe();
      expect(events.filter(({ podUid }) => podUid === 'cycle').map(({ type }) => type)).toEqual(
        expect.arrayContaining(['created', 'started', 'stopped', 'deleted']),
      );
    });

    it('refuses a second sandbox and a second container of the same attempt', async () => {
      const sandboxId = await pod({ uid: 'twice' });
      await expect(pod({ uid: 'twice' })).rejects.toMatchObject({ code: 'AlreadyExists' });
      await container(sandboxId, ['sh']);
      await expect(container(sandboxId, ['sh'])).rejects.toMatchObject({ code: 'AlreadyExists' });
      const next = await container(sandboxId, ['sh'], { attempt: 1 });
      expect(await runtime.listContainers({ sandboxId, state: 'created' })).toHaveLength(2);
      expect(await runtime.listContainers({ id: next })).toHaveLength(1);
      expect(await runtime.listPodSandboxes({ podUid: 'twice' })).toHaveLength(1);
      await runtime.removePodSandbox(sandboxId);
      expect(await runtime.listContainers({ sandboxId })).toHaveLength(0);
    });

    it('gives each sandbox an address of its own', async () => {
      const ids = await Promise.all([pod(), pod(), pod()]);
      const addresses = await Promise.all(ids.map(async (id) => (await runtime.podSandboxStatus(id)).ips[0]));
      expect(new Set(addresses).size).toBe(3);
      await Promise.all(ids.map((id) => runtime.removePodSandbox(id)));
    });

    it('records the exit code', async () => {
      const { id, sandboxId } = await run(['sh', '-c', 'exit 3']);
      expect(await end(id, 3)).toMatchObject({ exitCode: 3, reason: 'Error' });
      await expect(runtime.startContainer(id)).rejects.toMatchObject({ code: 'FailedPrecondition' });
      await runtime.removePodSandbox(sandboxId);
    });

    it('stops everything with the sandbox', async () => {
      const { id, sandboxId } = await run(['sleep', '1000']);
      await runtime.stopPodSandbox(sandboxId);
      expect(await runtime.containerStatus(id)).toMatchObject({ state: 'exited', exitCode: 137 });
      await expect(container(sandboxId, ['sh'], { attempt: 1 })).rejects.toMatchObject({
        code: 'FailedPrecondition',
      });
      await runtime.removePodSandbox(sandboxId);
    });

    it('ends a container on TERM without waiting for its grace', async () => {
      for (const command of [
        ['sleep', '1000'],
        ['sh', '-c', 'sleep 1000'],
        ['sh', '-c', 'sleep 1000; true'],
      ]) {
        const { id, sandboxId } = await run(command);
        await runtime.stopContainer(id, 600);
        expect(await runtime.containerStatus(id)).toMatchObject({ state: 'exited', exitCode: 143 });
        await runtime.stopContainer(id, 600);
        await runtime.removePodSandbox(sandboxId);
      }
    });

    it('answers an unknown id with NotFound, and stops and removes it without one', async () => {
      for (const call of [
        () => runtime.startContainer('nobody'),
        () => runtime.execSync('nobody', ['true'], { timeoutMs: 1000 }),
        () => container('nobody', ['true']),
        () => runtime.portForward('nobody', 80),
      ]) {
        await expect(call()).rejects.toMatchObject({ code: 'NotFound' });
      }
      await runtime.stopContainer('nobody', 0);
      await runtime.stopPodSandbox('nobody');
    });

    it('runs a command beside the container, and none where it does not run', async () => {
      const { id, sandboxId } = await run(['sleep', '1000']);
      expect(await runtime.execSync(id, ['true'], { timeoutMs: 10_000 })).toMatchObject({ exitCode: 0 });
      await runtime.stopContainer(id, 0);
      await expect(runtime.execSync(id, ['true'], { timeoutMs: 1000 })).rejects.toMatchObject({
        code: 'FailedPrecondition',
      });
      await runtime.removePodSandbox(sandboxId);
    });

    when(real)('with real processes', () => {
      it('refuses a command that is not there, and says so in the status', async () => {
        const sandboxId = await pod();
        const id = await container(sandboxId, ['no-such-command']);
        await expect(runtime.startContainer(id)).rejects.toMatchObject({
          code: 'StartFailed',
          message: expect.stringContaining('executable file not found in $PATH'),
        });
        expect(await runtime.containerStatus(id)).toMatchObject({
          ...{ state: 'exited', exitCode: 127, reason: 'StartError' },
          message: expect.stringContaining('no-such-command'),
        });
        const plain = await container(sandboxId, ['/etc/passwd'], { attempt: 1 });
        await expect(runtime.startContainer(plain)).rejects.toMatchObject({ code: 'StartFailed' });
        expect(await runtime.containerStatus(plain)).toMatchObject({ exitCode: 126 });
        await runtime.removePodSandbox(sandboxId);
      });

      it('tells a death by signal by 128 and its number', async () => {
        const { id, sandboxId } = await run(['sh', '-c', 'kill -KILL $$']);
        expect(await exited(id)).toMatchObject({ exitCode: 137, signal: 9, reason: 'Error' });
        await runtime.removePodSandbox(sandboxId);
      });

      it('kills what ignores TERM when the grace is over, or earlier when told so again', async () => {
        const { id, sandboxId } = await run([
          'sh',
          '-c',
          'trap "" TERM; echo up; while :; do sleep 1000; done',
        ]);
        await logged(join(subject.directory, `${sandboxId}.log`), 'up');
        const long = runtime.stopContainer(id, 600);
        await runtime.stopContainer(id, 0.05);
        await long;
        expect(await runtime.containerStatus(id)).toMatchObject({ exitCode: 137 });
        await runtime.removePodSandbox(sandboxId);
      });

      it('lets a container end itself on TERM, and on the signal that it names instead', async () => {
        for (const stopSignal of ['SIGTERM', 'SIGINT'] as const) {
          const script =
            "const end = () => process.exit(7); process.on('SIGTERM', end).on('SIGINT', end); console.log('up'); setInterval(end, 1e6)";
          const { id, sandboxId, log } = await run(['node', '-e', script], { stopSignal });
          await logged(log, 'up');
          await runtime.stopContainer(id, 600);
          expect(await runtime.containerStatus(id)).toMatchObject({ exitCode: 7 });
          await runtime.removePodSandbox(sandboxId);
        }
      });

      it('writes both outputs in the CRI log format, to the last byte, and keeps the file', async () => {
        const { id, sandboxId, log } = await run([
          'sh',
          '-c',
          'echo one; echo two >&2; echo three >/dev/stdout; echo four >/dev/stderr; head -c 40000 /dev/zero | tr "\\0" x; echo; printf end',
        ]);
        await exited(id);
        await runtime.removePodSandbox(sandboxId);
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
        const { id, sandboxId, log } = await run(['node'], {
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
        await exited(id);
        const [args, seen, directory] = JSON.parse(printed(log)) as [
          string[],
          Record<string, string>,
          string,
        ];
        expect(args).toEqual(["it's", '', 'a b']);
        expect(seen).toMatchObject({ ...env, HOSTNAME: 'a-host' });
        expect(Object.keys(seen).sort()).toEqual([...Object.keys(env), 'HOME', 'HOSTNAME', 'PATH'].sort());
        expect(directory).toBe('/usr');
        await runtime.removePodSandbox(sandboxId);
      });

      it('lets nothing of a container remain when its command ends, and reaps orphans before', async () => {
        const { id, sandboxId } = await run([
          'sh',
          '-c',
          '(sleep 0 & exec sleep 0); (sleep 1000 &); exec sleep 1000',
        ]);
        await eventually(async () => {
          const { stdout } = await runtime.execSync(id, ['sh', '-c', 'cat /proc/[0-9]*/stat'], {
            timeoutMs: 10_000,
          });
          expect(String(stdout)).not.toMatch(/\) Z /);
          expect(String(stdout).match(/\(sleep\)/g)).toHaveLength(2);
        });
        await runtime.stopContainer(id, 600);
        await runtime.removePodSandbox(sandboxId);
      });

      it('passes the streams and the exit code of exec', async () => {
        const { id, sandboxId } = await run(['sleep', '1000'], { env: { GREETING: 'hello' } });
        const session = await runtime.exec(id, {
          command: ['sh', '-c', 'cat; echo $GREETING >&2; exit 5'],
          ...{ stdin: true, stdout: true, stderr: true, tty: false },
        });
        session.stdin?.end('x'.repeat(300_000));
        const [out, err] = await Promise.all([text(session.stdout), text(session.stderr)]);
        expect(out).toHaveLength(300_000);
        expect(err).toBe('hello\n');
        expect(await session.exitCode).toBe(5);
        const killed = await runtime.execSync(id, ['sh', '-c', 'kill -TERM $$'], { timeoutMs: 10_000 });
        expect(killed.exitCode).toBe(143);
        await expect(runtime.execSync(id, ['no-such-command'], { timeoutMs: 10_000 })).rejects.toMatchObject({
          code: 'StartFailed',
        });
        await runtime.removePodSandbox(sandboxId);
      });

      it('kills a command that exceeds its time, with its children', async () => {
        const { id, sandboxId } = await run(['sleep', '1000']);
        const call = runtime.execSync(id, ['sh', '-c', 'sleep 2000; true'], { timeoutMs: 100 });
        await expect(call).rejects.toMatchObject({ code: 'DeadlineExceeded' });
        await eventually(async () => {
          const { stdout } = await runtime.execSync(
            id,
            ['sh', '-c', 'cat /proc/[0-9]*/cmdline | tr "\\0" " "'],
            {
              timeoutMs: 10_000,
            },
          );
          expect(String(stdout)).not.toContain('sleep 2000 ');
        });
        await runtime.removePodSandbox(sandboxId);
      });

      it('does not wait for what an exec leaves behind', async () => {
        const { id, sandboxId } = await run(['sleep', '1000']);
        const { stdout } = await runtime.execSync(id, ['sh', '-c', 'sleep 500 & echo done'], {
          timeoutMs: 20_000,
        });
        expect(String(stdout)).toBe('done\n');
        await runtime.removePodSandbox(sandboxId);
      });

      it('gives exec a terminal that can be resized', async () => {
        const { id, sandboxId } = await run(['sleep', '1000']);
        const session = await runtime.exec(id, {
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
        await runtime.removePodSandbox(sandboxId);
      });

      it('gives a shell of exec control of its jobs', async () => {
        const { id, sandboxId } = await run(['sleep', '1000']);
        const session = await runtime.exec(id, {
          command: ['sh', '-i'],
          ...{ stdin: true, stdout: true, stderr: false, tty: true },
        });
        let seen = '';
        (session.stdout as Readable).on('data', (chunk: Buffer) => {
          seen += String(chunk);
        });
        session.stdin?.write('echo up; sh -c "echo be$((1+1))gun; sleep 1000"\r');
        await eventually(async () => expect(seen).toContain('be2gun'));
        // Ctrl-C ends what is in the foreground, not the shell.
        session.stdin?.write('\x03');
        session.stdin?.write('echo still $((40+2))\r');
        await eventually(async () => expect(seen).toContain('still 42'));
        expect(seen).not.toMatch(/can't access tty|job control turned off/);
        session.stdin?.write('exit 3\r');
        expect(await session.exitCode).toBe(3);
        await runtime.removePodSandbox(sandboxId);
      });

      it('does not take the end of input for the end of a terminal', async () => {
        const { id, sandboxId } = await run(['sleep', '1000']);
        const session = await runtime.exec(id, {
          command: ['sh', '-c', 'read line; sleep 0.2; echo "<$line>"; exit 8'],
          ...{ stdin: true, stdout: true, stderr: false, tty: true },
        });
        session.stdin?.end('word\r');
        expect(await text(session.stdout)).toContain('<word>');
        expect(await session.exitCode).toBe(8);
        await runtime.removePodSandbox(sandboxId);
      });

      it("refuses settings of the kernel that are not the pod's own", async () => {
        await expect(pod({ sysctls: { 'kernel.core_pattern': 'x' } })).rejects.toMatchObject({
          code: 'InvalidArgument',
        });
        await expect(pod({ sysctls: { 'net/../kernel': 'x' } })).rejects.toMatchObject({
          code: 'InvalidArgument',
        });
      });

      it('attaches to the input and output of a container', async () => {
        const { id, sandboxId } = await run(
          ['sh', '-c', 'read line; echo "got $line"; cat >/dev/null; exit 6'],
          {
            ...{ stdin: true, stdinOnce: true },
          },
        );
        const session = await runtime.attach(id, { stdin: true, stdout: true, stderr: true, tty: false });
        session.stdin?.end('word\n');
        expect(await text(session.stdout)).toBe('got word\n');
        expect(await session.exitCode).toBe(6);
        await runtime.removePodSandbox(sandboxId);
      });

      it('attaches to a terminal', async () => {
        const { id, sandboxId, log } = await run(['sh', '-c', 'tty && read line && echo "got $line"'], {
          ...{ stdin: true, tty: true },
        });
        const session = await runtime.attach(id, { stdin: true, stdout: true, stderr: false, tty: true });
        session.stdin?.write('word\r');
        expect(await text(session.stdout)).toContain('got word');
        expect(printed(log)).toMatch(/^\/dev\/(console|pts\/\d+)$/m);
        expect(await exited(id)).toMatchObject({ exitCode: 0 });
        expect(readFileSync(log, 'utf8')).toContain(' stdout F got word');
        await runtime.removePodSandbox(sandboxId);
      });

      it('goes on in a new log when asked to', async () => {
        const { id, sandboxId, log } = await run(['sh', '-c', 'echo first; read line; echo second'], {
          stdin: true,
        });
        await logged(log, 'first');
        await (await import('node:fs/promises')).rename(log, `${log}.1`);
        await runtime.reopenContainerLog(id);
        const session = await runtime.attach(id, { stdin: true, stdout: false, stderr: false, tty: false });
        session.stdin?.write('\n');
        await exited(id);
        expect(printed(`${log}.1`)).toBe('first');
        expect(printed(log)).toBe('second');
        await runtime.removePodSandbox(sandboxId);
      });

      it('connects to a port of the pod from inside', async () => {
        const sandboxId = await pod();
        const [address = ''] = (await runtime.podSandboxStatus(sandboxId)).ips;
        const listenAt = options.features.podNetwork ? '127.0.0.1' : address;
        const id = await container(sandboxId, ['node', '-e', echoServer(listenAt, 8080)]);
        await runtime.startContainer(id);
        await logged(join(subject.directory, `${sandboxId}.log`), 'listening');
        const connection = await runtime.portForward(sandboxId, 8080);
        expect(await roundTrip(connection)).toBe('<ping>');
        await expect(runtime.portForward(sandboxId, 8081)).rejects.toMatchObject({
          code: 'ConnectionRefused',
        });
        await runtime.removePodSandbox(sandboxId);
      });

      it('has a pod answer at its address', async () => {
        const sandboxId = await pod();
        const [address = ''] = (await runtime.podSandboxStatus(sandboxId)).ips;
        const id = await container(sandboxId, ['node', '-e', echoServer(address, 8090)]);
        await runtime.startContainer(id);
        await logged(join(subject.directory, `${sandboxId}.log`), 'listening');
        expect(await roundTrip(connect(8090, address))).toBe('<ping>');
        await runtime.removePodSandbox(sandboxId);
      });

      it('passes a host port on', async () => {
        const sandboxId = await pod({
          portMappings: [{ protocol: 'TCP', hostIp: '127.0.0.1', hostPort: 38_473, containerPort: 8092 }],
        });
        const [address = ''] = (await runtime.podSandboxStatus(sandboxId)).ips;
        const id = await container(sandboxId, ['node', '-e', echoServer(address, 8092)]);
        await runtime.startContainer(id);
        await logged(join(subject.directory, `${sandboxId}.log`), 'listening');
        expect(await roundTrip(connect(38_473, '127.0.0.1'))).toBe('<ping>');
        await runtime.removePodSandbox(sandboxId);
      });
    });

    when(options.features.podNetwork)('with a network of each pod', () => {
      it('lets two pods have the same port, and containers of one pod talk over its loopback', async () => {
        const ids = await Promise.all([pod(), pod()]);
        for (const sandboxId of ids) {
          await runtime.startContainer(await container(sandboxId, ['node', '-e', echoServer('0.0.0.0', 80)]));
          await logged(join(subject.directory, `${sandboxId}.log`), 'listening');
          const [address = ''] = (await runtime.podSandboxStatus(sandboxId)).ips;
          expect(await roundTrip(connect(80, address))).toBe('<ping>');
        }
        const [first = '', second = ''] = ids;
        const [other = ''] = (await runtime.podSandboxStatus(second)).ips;
        const ask = (host: string) =>
          `require('node:net').connect(80, ${JSON.stringify(host)}, function () { this.end('ping'); this.pipe(process.stdout) })`;
        const peer = await container(first, ['node', '-e', ask('127.0.0.1')], {
          name: 'peer',
          logPath: 'peer.log',
        });
        await runtime.startContainer(peer);
        await exited(peer);
        const across = await container(first, ['node', '-e', ask(other)], {
          name: 'across',
          logPath: 'across.log',
        });
        await runtime.startContainer(across);
        await exited(across);
        expect(printed(join(subject.directory, 'peer.log'))).toBe('<ping>');
        expect(printed(join(subject.directory, 'across.log'))).toBe('<ping>');
        await Promise.all(ids.map((id) => runtime.removePodSandbox(id)));
      });
    });

    when(options.features.isolation)('with isolation', () => {
      it('shows a container its own processes, the pod its name, and to nobody what is hidden', async () => {
        const { id, sandboxId } = await run(['sleep', '1000']);
        const script = `hostname; echo $(ls -d /proc/[0-9]* | wc -l); ls -A ${subject.secret ?? '/nothing'} 2>&1 || :`;
        const { stdout } = await runtime.execSync(id, ['sh', '-c', script], { timeoutMs: 10_000 });
        const [hostname, processes, listing = ''] = String(stdout).trim().split('\n');
        expect(hostname).toBe('a-host');
        expect(Number(processes)).toBeLessThan(8);
        expect(listing).toContain('No such file');
        await runtime.removePodSandbox(sandboxId);
      });

      it('keeps in memory what is to be there, for all containers of the pod', async () => {
        const fs = await import('node:fs/promises');
        const path = join(subject.directory, 'memory');
        await fs.mkdir(path);
        const sandboxId = await pod({ memoryDirectories: [{ path, sizeLimit: 1 << 20 }] });
        const mounts = [{ hostPath: path, containerPath: '/memory', readOnly: false }];
        const write = 'grep " /memory tmpfs" /proc/mounts; head -c 2000000 /dev/zero >/memory/a';
        const scripts = [`${write} || echo full`, 'wc -c </memory/a'];
        for (const [attempt, script] of scripts.entries()) {
          const id = await container(sandboxId, ['sh', '-c', script], { mounts, attempt });
          await runtime.startContainer(id);
          await exited(id);
        }
        const lines = printed(join(subject.directory, `${sandboxId}.log`)).split('\n');
        expect(lines[0]).toContain('size=1024k');
        expect(lines.slice(-2)).toEqual(['full', String(1 << 20)]);
        expect(await fs.readdir(path)).toEqual([]);
        await runtime.removePodSandbox(sandboxId);
        await fs.rmdir(path);
      });

      it("writes to its own directories and volumes, and never to the host's", async () => {
        const fs = await import('node:fs/promises');
        const volume = join(subject.directory, 'volume');
        await fs.mkdir(volume);
        await fs.writeFile(join(subject.directory, 'one-file'), 'a file');
        const paths = [
          '/etc/kubewright-test/deep',
          '/kubewright-test',
          '/var/run/secrets/test',
          '/tmp/in/side',
        ];
        const { id, sandboxId, log } = await run(
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
                hostPath: join(subject.directory, 'one-file'),
                containerPath: '/etc/kubewright-one',
                readOnly: true,
              },
              { hostPath: volume, containerPath: '/usr/share/kubewright-test', readOnly: true },
            ],
          },
        );
        await exited(id);
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
        await runtime.removePodSandbox(sandboxId);
        expect(await fs.readdir(volume)).toEqual(expect.arrayContaining(['back', 'from-host']));
      });

      it('runs as the user that is asked for', async () => {
        const { id, sandboxId, log } = await run(['sh', '-c', 'id -u; id -g; echo ok >/dev/stdout'], {
          user: { uid: 4321, gid: 8765 },
        });
        expect(await exited(id)).toMatchObject({ exitCode: 0 });
        expect(printed(log)).toBe('4321\n8765\nok');
        await runtime.removePodSandbox(sandboxId);
      });
    });

    when(options.features.memoryLimits)('with memory limits', () => {
      it('says OOMKilled where the kernel killed for want of memory', async () => {
        const { id, sandboxId } = await run(
          ['node', '-e', 'const a = []; for (;;) a.push(Buffer.alloc(1e6, 1))'],
          {
            resources: { memoryLimit: 96 * 1024 * 1024 },
          },
        );
        expect(await exited(id)).toMatchObject({ exitCode: 137, reason: 'OOMKilled' });
        await runtime.removePodSandbox(sandboxId);
      });
    });
  });
}

/** Waits for a container's state by the runtime's events. */
function stateOf(
  runtime: ContainerRuntime,
  id: string,
  state: ContainerStatus['state'],
): Promise<ContainerStatus> {
  return new Promise((resolve, reject) => {
    const look = async () => {
      const status = await runtime.containerStatus(id);
      if (status.state === state) {
        unsubscribe();
        resolve(status);
      }
    };
    const unsubscribe = runtime.onEvent((event) => {
      if (event.containerId === id) look().catch(reject);
    });
    look().catch(reject);
  });
}

/** What a log's records say, without their heads. */
function printed(log: string): string {
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((record) => record !== '')
    .map((record) => record.split(' ').slice(3).join(' ') + (record.split(' ')[2] === 'P' ? '' : '\n'))
    .join('')
    .trimEnd();
}

function eventually(check: () => Promise<void>): Promise<void> {
  return vi.waitFor(check, { timeout: 15_000 });
}

function logged(log: string, word: string): Promise<void> {
  return eventually(async () => expect(readFileSync(log, 'utf8')).toContain(word));
}

async function text(stream: Readable | undefined): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return String(Buffer.concat(chunks));
}

function echoServer(host: string, port: number): string {
  return `require('node:net').createServer({ allowHalfOpen: true }, (c) => {
    let all = ''; c.on('data', (d) => { all += d }); c.on('end', () => c.end('<' + all + '>'));
  }).listen(${port}, ${JSON.stringify(host)}, () => console.log('listening'))`;
}

/** Sends `ping`, closes that half, and reads the answer to its end. */
async function roundTrip(connection: Duplex): Promise<string> {
  const answer = text(connection);
  connection.end('ping');
  const result = await answer;
  if (!connection.closed) await once(connection, 'close');
  return result;
}
