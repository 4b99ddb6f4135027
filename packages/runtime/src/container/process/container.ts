import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import {
  type AttachOptions,
  type ContainerConfig,
  ContainerRuntimeError,
  type ContainerStatus,
  type ExecOptions,
  type ExecSession,
} from '../container-runtime.js';
import { CriLog } from '../cri-log.js';
import { type Cgroup, createCgroup } from './cgroup.js';
import { type Engine, enterNamespaces } from './engine.js';
import { execIn } from './exec.js';
import { containerPath } from './host.js';
import { type Launched, launch } from './launch.js';
import { childrenOf, killIfThere } from './proc.js';
import { openPty, type Pty } from './pty.js';
import { writeRecord } from './record.js';
import { type PreparedRoot, prepareRoot } from './root-file-system.js';
import type { Sandbox } from './sandbox.js';
import { type Command, checkCommand, quote, runCommand } from './shell.js';

/** One container: a PID namespace whose first process is a small shell that reaps, and whose second is the command. */
export class Container {
  readonly config: ContainerConfig;
  readonly sandbox: Sandbox;
  readonly #engine: Engine;
  readonly #directory: string;
  #status: ContainerStatus;
  #run: Launched | undefined;
  #initPid = 0;
  #mainPid = 0;
  #cgroup: Cgroup | undefined;
  #log: CriLog | undefined;
  #starting: Promise<void> | undefined;
  #ended: Promise<void> | undefined;
  #kill: { readonly at: number; readonly timer: NodeJS.Timeout } | undefined;
  readonly #attached = new Set<Attached>();

  constructor(engine: Engine, sandbox: Sandbox, status: ContainerStatus) {
    this.#engine = engine;
    this.sandbox = sandbox;
    this.#status = status;
    this.config = status.config;
    this.#directory = join(engine.stateDirectory, 'containers', status.id);
  }

  get status(): ContainerStatus {
    return this.#status;
  }

  create(): Promise<void> {
    return writeRecord(this.#directory, this.#status);
  }

  /** `onExit` is called once the container has exited and says so. */
  async start(onExit: () => void): Promise<void> {
    if (this.#status.state !== 'created' || this.#starting !== undefined) {
      throw new ContainerRuntimeError(
        'FailedPrecondition',
        `container ${this.#status.id} was started before`,
      );
    }
    this.#starting = this.#start(onExit);
    await this.#starting;
  }

  /** See `ContainerRuntime.stopContainer`. */
  async stop(graceSeconds: number): Promise<void> {
    await this.#starting?.catch(() => undefined);
    if (this.#ended === undefined) return;
    const at = Date.now() + graceSeconds * 1000;
    if (this.#kill === undefined && graceSeconds > 0)
      killIfThere(this.#mainPid, this.config.stopSignal ?? 'SIGTERM');
    if (this.#kill === undefined || at < this.#kill.at) {
      clearTimeout(this.#kill?.timer);
      const timer = setTimeout(() => this.#killAll(), Math.min(graceSeconds * 1000, 0x7fff_ffff));
      this.#kill = { at, timer };
      if (graceSeconds <= 0) this.#killAll();
    }
    await this.#ended;
  }

  async remove(): Promise<void> {
    await this.stop(0);
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** Resolves when the log goes on in a new file. */
  async reopenLog(): Promise<void> {
    if (this.#log === undefined || this.#status.state !== 'running') {
      throw new ContainerRuntimeError('FailedPrecondition', `container ${this.#status.id} is not running`);
    }
    await this.#log.reopen();
  }

  exec(options: ExecOptions): Promise<ExecSession> {
    this.#mustRun();
    return execIn(
      this.#engine,
      {
        initPid: this.#initPid,
        namespaces: this.sandbox.namespaces,
        cgroupProcs: this.#cgroup?.procs ?? [],
        command: this.#command(options.command, options.tty),
      },
      options,
    );
  }

  attach(options: AttachOptions): ExecSession {
    this.#mustRun();
    const run = this.#run as Launched;
    const { tty = false, stdinOnce = false } = this.config;
    const session: Attached = {
      stdout: options.stdout ? new PassThrough() : undefined,
      stderr: options.stderr && !tty ? new PassThrough() : undefined,
    };
    this.#attached.add(session);
    const stdin = options.stdin && run.stdin !== undefined ? new PassThrough() : undefined;
    const target = run.stdin;
    if (stdin !== undefined && target !== undefined) {
      stdin.pipe(target, { end: false });
      stdin.once('end', () => {
        if (stdinOnce && !tty) target.end();
      });
    }
    const close = () => {
      this.#attached.delete(session);
      if (stdin !== undefined && target !== undefined) stdin.unpipe(target);
      for (const stream of [session.stdout, session.stderr]) stream?.end();
    };
    if (options.size !== undefined) run.resize(options.size);
    const exitCode = (this.#ended ?? Promise.resolve()).then(() => this.#status.exitCode ?? 137);
    return { stdin, ...session, exitCode, resize: run.resize, close };
  }

  async #start(onExit: () => void): Promise<void> {
    const startedAt = new Date();
    const { config, sandbox } = this;
    try {
      const holder = sandbox.holder;
      await mkdir(dirname(this.#status.logPath), { recursive: true });
      const { privileged } = this.#engine.host;
      const prepared = await prepareRoot({
        directory: this.#directory,
        tree: this.#engine.tree,
        privileged,
        hidden: this.#engine.dataDirectory,
        mounts: config.mounts ?? [],
        etc: await sandbox.etc(),
      });
      if (this.#engine.cgroups !== undefined && Object.keys(config.resources ?? {}).length > 0) {
        this.#cgroup = await createCgroup(this.#engine.cgroups, this.#status.id, config.resources ?? {});
      }
      const pty = config.tty === true ? openPty(undefined) : undefined;
      const run = await launch(this.#engine.pipes, {
        enter: [
          ...enterNamespaces(this.#engine, holder.pid, { ...sandbox.namespaces, pid: false }),
          ...['unshare', '--mount', '--pid', '--fork', '--kill-child', '--'],
        ],
        script: this.#script(prepared, pty),
        toolPath: this.#engine.host.toolPath,
        marker: this.#engine.marker,
        stdin: config.stdin ?? false,
        output: true,
        ...(pty === undefined ? {} : { pty, ownSession: true }),
      });
      this.#run = run;
      const log = new CriLog(this.#status.logPath);
      this.#log = log;
      const outputs = [this.#follow(run.stdout, 'stdout', log), this.#follow(run.stderr, 'stderr', log)];
      const main = Number(await run.status.expect('started').catch((error) => this.#abandon(error)));
      [this.#initPid = 0] = childrenOf(run.pid);
      this.#mainPid = await this.#findMain(main);
      this.#status = { ...this.#status, state: 'running', startedAt };
      const saved = writeRecord(this.#directory, this.#status);
      this.#ended = this.#exitCode(run).then(async (code) => {
        await Promise.allSettled([saved]);
        await this.#finish(code, outputs, onExit);
      });
      await saved;
    } catch (error) {
      if (this.#ended === undefined) await this.#failed(error as Error, startedAt);
      throw error;
    }
  }

  /** The init's own words for why there is no container; its exit code says which kind. */
  async #abandon(error: Error): Promise<never> {
    const run = this.#run as Launched;
    run.kill();
    const code = await run.exited;
    await this.#log?.close();
    throw Object.assign(error, { exitCode: code === 126 || code === 127 ? code : 128 });
  }

  async #failed(error: Error & { exitCode?: number }, startedAt: Date): Promise<void> {
    await this.#cgroup?.remove();
    this.#status = {
      ...this.#status,
      state: 'exited',
      startedAt,
      finishedAt: new Date(),
      exitCode: error.exitCode ?? 128,
      reason: 'StartError',
      message: error.message,
    };
    await writeRecord(this.#directory, this.#status);
  }

  /** What the first process says of its child; killed before it could say so, it was KILL. */
  async #exitCode(run: Launched): Promise<number> {
    const said = await run.status.expect('exited').catch(() => '137');
    await run.exited;
    return Number(said);
  }

  async #finish(code: number, outputs: readonly Promise<void>[], onExit: () => void): Promise<void> {
    clearTimeout(this.#kill?.timer);
    // Every process of the namespace is gone, so the pipes end.
    await Promise.all(outputs);
    const lost = [await this.#log?.close()];
    const oom = (await this.#cgroup?.oomKilled()) === true && code === 137;
    await this.#cgroup?.remove();
    this.#status = {
      ...this.#status,
      state: 'exited',
      finishedAt: new Date(),
      exitCode: code,
      reason: oom ? 'OOMKilled' : code === 0 ? 'Completed' : 'Error',
      ...(code > 128 && code <= 128 + 64 ? { signal: code - 128 } : {}),
    };
    // The workload is told apart from its records: a full disk must not keep a container from being restarted.
    lost.push(
      await writeRecord(this.#directory, this.#status).then(
        () => undefined,
        (error: Error) => error,
      ),
    );
    const messages = lost.flatMap((error) => (error === undefined ? [] : [error.message]));
    if (messages.length > 0)
      this.#status = { ...this.#status, message: `not all was written: ${messages.join('; ')}` };
    for (const session of this.#attached)
      for (const stream of [session.stdout, session.stderr]) stream?.end();
    this.#attached.clear();
    onExit();
  }

  #killAll(): void {
    if (this.#status.state === 'running') killIfThere(this.#initPid);
  }

  /** Copies a stream into the log and to those attached, no faster than the slowest of them reads. */
  #follow(stream: Readable | undefined, name: 'stdout' | 'stderr', log: CriLog): Promise<void> {
    if (stream === undefined) return Promise.resolve();
    stream.on('data', (chunk: Buffer) => {
      const waits: Promise<unknown>[] = [];
      if (!log.write(name, chunk)) waits.push(log.drained());
      for (const session of this.#attached) {
        const target = session[name];
        if (target === undefined || target.writableEnded) continue;
        if (!target.write(chunk)) waits.push(drained(target));
      }
      if (waits.length === 0) return;
      stream.pause();
      void Promise.all(waits).then(() => stream.resume());
    });
    stream.resume();
    return new Promise((resolve) => {
      if (stream.destroyed) resolve();
      stream.once('close', resolve);
    });
  }

  #mustRun(): void {
    if (this.#status.state !== 'running') {
      throw new ContainerRuntimeError('FailedPrecondition', `container ${this.#status.id} is not running`);
    }
  }

  #command(argv: readonly string[], tty: boolean): Command {
    const { config, sandbox } = this;
    return {
      argv,
      env: {
        PATH: containerPath(),
        HOSTNAME: sandbox.hostname,
        // The one place of the host's tree where anyone may write.
        HOME: '/tmp',
        ...(tty ? { TERM: 'xterm' } : {}),
        ...config.env,
      },
      workingDir: config.workingDir === undefined || config.workingDir === '' ? '/' : config.workingDir,
      user: config.user,
      privileged: this.#engine.host.privileged,
    };
  }

  /**
   * The first process: mounts, changes root, starts the command as its child (TERM's default action would not reach a
   * first process, and somebody must reap) in a session of its own, and ends with its exit code, upon which the kernel ends all others.
   */
  #script({ root, fstab }: PreparedRoot, pty: Pty | undefined): string {
    const { config } = this;
    const command = this.#command([...(config.command ?? []), ...(config.args ?? [])], config.tty ?? false);
    return `exec 3<&- 5<&0 8>&2 2>&4
set -e
${(this.#cgroup?.procs ?? []).map((path) => `echo 0 >${quote(path)}`).join('\n')}
mount -a -T ${quote(fstab)}
${pty === undefined ? '' : `mount --bind ${quote(pty.path)} ${quote(join(root, 'dev/console'))}`}
cd ${quote(root)}
pivot_root . tmp
umount -l /tmp
${checkCommand(command)}
set +e
( exec <&5 2>&8 4>&- 5<&- 8>&-; exec setsid ${pty === undefined ? '' : '--ctty'} ${runCommand(command)} ) &
echo started $! >&4
exec </dev/null >/dev/null 2>&1 5<&- 8>&-
wait $!
echo exited $? >&4
`;
  }

  /** The command's process as this one sees it, from its number in its own namespace. 0 where it has gone already. */
  async #findMain(inner: number): Promise<number> {
    for (const pid of childrenOf(this.#initPid)) {
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
      if (Number(/^NSpid:.*\s(\d+)$/m.exec(status)?.[1]) === inner) return pid;
    }
    return 0;
  }
}

interface Attached {
  readonly stdout: PassThrough | undefined;
  readonly stderr: PassThrough | undefined;
}

function drained(stream: PassThrough): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done);
      stream.off('close', done);
      stream.off('finish', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
    stream.on('finish', done);
  });
}
