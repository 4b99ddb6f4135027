import { fchownSync } from 'node:fs';
import type { Socket } from 'node:net';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { ContainerRuntimeError, type ExecOptions, type ExecSession } from '../container-runtime.js';
import { type Engine, enterNamespaces } from './engine.js';
import { launch } from './launch.js';
import { childrenOf, killIfThere } from './proc.js';
import { openContainerPty, openPty, type Pty } from './pty.js';
import { type Command, checkCommand, quote, runCommand } from './shell.js';
import { untilAborted } from './until-aborted.js';

export interface ExecTarget {
  /** The first process of the container's PID namespace, as this process sees it. */
  readonly initPid: number;
  readonly namespaces: { readonly net: boolean; readonly ipc: boolean; readonly uts: boolean };
  readonly cgroupProcs: readonly string[];
  readonly command: Command;
}

/** Runs a command beside a container's own. Rejects with `StartFailed` where it can't be run. */
export async function execIn(engine: Engine, target: ExecTarget, options: ExecOptions): Promise<ExecSession> {
  const { command } = target;
  const enter = enterNamespaces(engine, target.initPid, { ...target.namespaces, pid: true });
  const pty = options.tty ? await terminal(engine, target, options) : undefined;
  const run = await launch(engine.pipes, {
    // The group is the host's affair: it is joined before its files are out of sight.
    enter:
      target.cgroupProcs.length === 0
        ? enter
        : [
            'sh',
            '-c',
            [...target.cgroupProcs.map((path) => `echo 0 >${quote(path)}`), 'exec "$@"'].join(' && '),
            'sh',
            ...enter,
          ],
    script: `exec 3<&- 8>&2 2>&4
${checkCommand(command)}
echo started >&4
exec 2>&8 4>&- 8>&-
exec setsid ${options.tty ? '--ctty' : ''} setpriv --pdeathsig KILL ${runCommand(command)}
`,
    toolPath: engine.host.toolPath,
    marker: engine.marker,
    stdin: options.stdin,
    output: true,
    ...(pty === undefined ? {} : { pty, ownSession: true }),
  });
  // nsenter itself must live to reap the command: an orphan would be the machine's, whose first process may be slow to
  // reap, and until then the container could not end.
  const close = () => {
    if (ended) return;
    const [inside] = childrenOf(run.pid);
    if (inside === undefined) return run.kill();
    killIfThere(-inside);
    killIfThere(inside);
  };
  let ended = false;
  void run.exited.then(() => {
    ended = true;
  });
  try {
    await run.status.expect('started');
  } catch (error) {
    close();
    throw error;
  }
  const stdout = output(run.stdout, run.exited);
  const stderr = output(run.stderr, run.exited);
  if (!options.stdout) stdout?.resume();
  if (!options.stderr) stderr?.resume();
  return {
    stdin: options.stdin ? input(run.stdin, options.tty) : undefined,
    stdout: options.stdout ? stdout : undefined,
    stderr: options.stderr ? stderr : undefined,
    exitCode: run.exited,
    resize: run.resize,
    close,
  };
}

/** A terminal that belongs to whoever the command runs as. */
async function terminal(
  { host }: Engine,
  { initPid, command }: ExecTarget,
  { size }: ExecOptions,
): Promise<Pty> {
  const pty = (await openContainerPty(initPid, size, host.toolPath)) ?? openPty(size);
  if (host.privileged && command.user !== undefined) fchownSync(pty.fd, command.user.uid, -1);
  return pty;
}

/** The end of a terminal's input is not its hang-up, which would kill the command. */
function input(target: Writable | undefined, tty: boolean): Writable | undefined {
  if (target === undefined || !tty) return target;
  const result = new PassThrough();
  result.pipe(target, { end: false });
  return result;
}

/**
 * What a command writes, as a stream that ends. Its source ends by an error where it is a terminal, and not at all
 * while a process that the command left behind holds it open: once the command is gone, silence is the end too.
 */
function output(source: Readable | undefined, exited: Promise<unknown>): PassThrough | undefined {
  if (source === undefined) return undefined;
  const result = new PassThrough();
  source.pipe(result);
  source.once('close', () => result.end());
  result.once('close', () => source.destroy());
  void exited.then(() => {
    let seen = -1;
    const timer = setInterval(() => {
      const read = (source as Socket).bytesRead;
      if (read === seen && source.readableLength === 0 && !result.writableNeedDrain) source.destroy();
      seen = read;
    }, quietMs);
    source.once('close', () => clearInterval(timer));
    if (source.destroyed) clearInterval(timer);
  });
  return result;
}

const quietMs = 200;

/** Collects at most this much of each stream, as the kubelet does for probes. Bytes. */
const maxOutput = 16 * 1024;

/** Reads a session to its end. Rejects with `DeadlineExceeded` after `timeoutMs`, having closed it. */
export async function collect(
  session: ExecSession,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<{ stdout: Buffer; stderr: Buffer; exitCode: number }> {
  let expired = false;
  const timer = setTimeout(() => {
    expired = true;
    session.close();
  }, options.timeoutMs);
  try {
    const work = Promise.all([readAll(session.stdout), readAll(session.stderr), session.exitCode]);
    const [stdout, stderr, exitCode] = await untilAborted(work, options.signal);
    if (expired)
      throw new ContainerRuntimeError('DeadlineExceeded', `command timed out after ${options.timeoutMs} ms`);
    return { stdout, stderr, exitCode };
  } finally {
    clearTimeout(timer);
    session.close();
  }
}

async function readAll(stream: Readable | undefined): Promise<Buffer> {
  if (stream === undefined) return Buffer.alloc(0);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (length < maxOutput) chunks.push(chunk.subarray(0, maxOutput - length));
    length += chunk.length;
  }
  return Buffer.concat(chunks);
}
