import type { Readable, Writable } from 'node:stream';
import type { Status } from '@kubewright/api';
import type { ExecSession, TerminalSize } from '../../container/container-runtime.js';

/** Which streams the client of an exec or attach asked for. */
export interface StreamRequest {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** The client's end of an exec or attach, whichever protocol carries it. */
export interface CommandStreams {
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  /** Calls back for each new size of the client's terminal. */
  onResize(listener: (size: TerminalSize) => void): void;
  /** Tells how it ended, and closes the connection. */
  finish(status: Status): Promise<void>;
  /** Aborted when the client has gone. */
  readonly gone: AbortSignal;
}

/** Which streams a query asks for. kubectl says `stdin=true`, the API server of upstream `input=1` to its kubelets. */
export function streamRequest(query: URLSearchParams): StreamRequest {
  const on = (...names: string[]) => names.some((name) => ['true', '1'].includes(query.get(name) ?? ''));
  const tty = on('tty');
  return {
    stdin: on('stdin', 'input'),
    stdout: on('stdout', 'output'),
    // A terminal has one output.
    stderr: on('stderr', 'error') && !tty,
    tty,
  };
}

/** Joins a session with the client's streams until the command has ended or the client has gone. Never rejects. */
export async function joinStreams(session: ExecSession, streams: CommandStreams): Promise<void> {
  const onGone = () => session.close();
  streams.gone.addEventListener('abort', onGone, { once: true });
  if (streams.gone.aborted) session.close();
  streams.onResize((size) => session.resize(size));
  if (streams.stdin !== undefined && session.stdin !== undefined) {
    // A command that reads no more, or has ended, is no fault.
    session.stdin.on('error', () => streams.stdin?.resume());
    streams.stdin.on('error', () => session.stdin?.end());
    streams.stdin.pipe(session.stdin);
  }
  const outputs = [pump(session.stdout, streams.stdout), pump(session.stderr, streams.stderr)];
  const code = await session.exitCode;
  await Promise.all(outputs);
  streams.gone.removeEventListener('abort', onGone);
  if (!streams.gone.aborted) await streams.finish(exitStatus(code));
}

/** What the error stream says of a command's end. Source: `v4.channel.k8s.io`. */
export function exitStatus(code: number): Status {
  if (code === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${code}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  };
}

/** What the error stream says where the command could not be run at all. */
export function failureStatus(error: unknown): Status {
  return {
    metadata: {},
    status: 'Failure',
    message: `error executing command in container: ${error instanceof Error ? error.message : String(error)}`,
    reason: 'InternalError',
    code: 500,
  };
}

/** Resolves when all of the output has been handed on, or can't be any more. */
function pump(from: Readable | undefined, to: Writable | undefined): Promise<void> {
  if (from === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    if (to === undefined) from.resume();
    else {
      to.on('error', () => {
        from.unpipe(to);
        from.resume();
      });
      from.pipe(to, { end: false });
    }
    from.once('end', resolve);
    from.once('close', resolve);
    from.once('error', () => resolve());
  });
}
