import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import type { TerminalSize } from '../container-runtime.js';
import type { FifoPool } from './fifo-pool.js';
import { killIfThere } from './proc.js';
import type { Pty } from './pty.js';
import { StatusLines } from './status-lines.js';

export interface LaunchOptions {
  /** Tools that lead into the namespaces and end with running `sh`, which then gets `script`. */
  readonly enter: readonly string[];
  /** Runs as the shell's program. It has standard error of its own on `&4`, and says there `started …` or why not. */
  readonly script: string;
  readonly toolPath: string;
  /** In the environment of every process that is ours, so that strays can be told. */
  readonly marker: string;
  readonly stdin: boolean;
  readonly output: boolean;
  /** A terminal for all three streams. Closes our copy of the child's end. */
  readonly pty?: Pty;
  /** The script makes the terminal its own, in a session of its own. Otherwise that is done before. */
  readonly ownSession?: boolean;
}

/** A process inside of namespaces, its streams, and its end. */
export interface Launched {
  readonly pid: number;
  readonly stdin: Writable | undefined;
  readonly stdout: Readable | undefined;
  readonly stderr: Readable | undefined;
  /** What the script says of its progress. */
  readonly status: StatusLines;
  /** When the process has gone. 128 + N for signal N. Never rejects. */
  readonly exited: Promise<number>;
  resize(size: TerminalSize): void;
  /** Kills it. Nothing where it has ended. */
  kill(): void;
}

/**
 * Starts a chain of tools whose last is a shell that is handed its program over a pipe: neither the environment nor
 * the secrets of a container stand in a command line or in a file. The first process dies with this one (pdeathsig).
 */
export async function launch(pipes: FifoPool, options: LaunchOptions): Promise<Launched> {
  const { pty } = options;
  const input = pty === undefined && options.stdin ? await pipes.input() : undefined;
  const output = pty === undefined && options.output ? await pipes.output() : undefined;
  const errors = pty === undefined && options.output ? await pipes.output() : undefined;
  const [file = '', ...args] = [
    ...['setpriv', '--pdeathsig', 'KILL'],
    // A session of its own, out of reach of what is typed at this process' terminal.
    ...['setsid', ...(pty === undefined || options.ownSession === true ? [] : ['--ctty'])],
    ...options.enter,
    ...['sh', '-c', 'eval "$(cat <&3)"'],
  ];
  let child: ChildProcess;
  try {
    child = spawn(file, args, {
      cwd: '/',
      env: { PATH: options.toolPath, KUBEWRIGHT_RUNTIME: options.marker },
      stdio: [
        pty?.fd ?? input?.fd ?? 'ignore',
        pty?.fd ?? output?.fd ?? 'ignore',
        pty?.fd ?? errors?.fd ?? 'ignore',
        'pipe',
        'pipe',
      ],
    });
  } finally {
    for (const fd of [pty?.fd, input?.fd, output?.fd, errors?.fd]) if (fd !== undefined) closeSync(fd);
  }
  const exited = new Promise<number>((resolve) => {
    child.once('exit', (code, signal) =>
      resolve(code ?? 128 + (constants.signals[signal ?? 'SIGKILL'] ?? 9)),
    );
    child.once('error', () => resolve(128));
  });
  const [script, said] = [child.stdio[3] as Writable, child.stdio[4] as Readable];
  const status = new StatusLines(said);
  child.once('error', (error) => status.fail(error));
  // A script that ended before it was read through, or a stream whose process is gone: `status` and `exited` say why.
  for (const stream of [script, input?.stream, output?.stream, errors?.stream]) {
    stream?.on('error', () => stream.destroy());
  }
  script.end(options.script);
  return {
    pid: child.pid ?? 0,
    stdin: pty?.stream ?? input?.stream,
    stdout: pty?.stream ?? output?.stream,
    stderr: errors?.stream,
    status,
    exited,
    resize: (size) => pty?.resize(size),
    kill: () => {
      // Once it is known to have ended, its number may be another's.
      if (child.exitCode === null && child.signalCode === null) killIfThere(child.pid ?? 0);
    },
  };
}
