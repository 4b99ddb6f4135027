import type { Status } from '@kubewright/api';
import { ApiError } from '@kubewright/api/protocol';
import { bindSignal, onAbort } from '../abort.js';
import type { CallOptions } from '../options.js';
import { queryOf } from '../request/query.js';
import type { Requester } from '../request/requester.js';
import { type TransportConnection, TransportError } from '../transport/transport.js';
import { BoundedQueue } from './bounded-queue.js';
import { channels, closeMessage, decodeMessage, encodeMessages, remoteProtocols } from './channels.js';

export interface AttachOptions extends CallOptions {
  /** @default the pod's only container */
  readonly container?: string | undefined;
  /** @default false */
  readonly stdin?: boolean | undefined;
  /** @default true */
  readonly stdout?: boolean | undefined;
  /** @default true, and never with a terminal, which has one output */
  readonly stderr?: boolean | undefined;
  /** @default false */
  readonly tty?: boolean | undefined;
}

export interface ExecOptions extends AttachOptions {
  readonly command: readonly string[];
}

/** A piece of what the process wrote. */
export interface OutputChunk {
  readonly stream: 'stdout' | 'stderr';
  readonly data: Uint8Array;
}

/** How a process ended. */
export interface ExitStatus {
  readonly code: number;
  /** Empty after success. */
  readonly message: string;
}

/** All that a process wrote, as UTF-8, and how it ended. */
export interface ProcessResult extends ExitStatus {
  readonly stdout: string;
  readonly stderr: string;
}

/** A process at the other end of a connection. */
export interface RemoteProcess {
  /** What it writes, in order. Ends when the process does. A process that writes much waits until this is read. */
  readonly output: AsyncIterable<OutputChunk>;
  /** @throws ApiError when the command could not be run at all, TransportError when the connection broke off */
  readonly exit: Promise<ExitStatus>;
  /** Sends to its standard input. @throws as `exit` does when the connection is closed, TransportError when the process has ended */
  write(data: Uint8Array | string): Promise<void>;
  /** Whether `end` works: a server that speaks version 4 only has no way to be told. */
  readonly canEnd: boolean;
  /** Ends its standard input. @throws Error where `canEnd` is false */
  end(): Promise<void>;
  /** Tells the size of the terminal, in characters. */
  resize(size: { readonly width: number; readonly height: number }): Promise<void>;
  /** Reads its output to the end. */
  result(): Promise<ProcessResult>;
  /** Breaks the connection. */
  close(): void;
}

export async function openRemoteProcess(
  requester: Requester,
  path: string,
  options: AttachOptions & { readonly command?: readonly string[] },
): Promise<RemoteProcess> {
  const { tty = false, stdin = false, stdout = true, stderr = true } = options;
  const query = queryOf({
    command: options.command,
    container: options.container,
    stdin,
    stdout,
    stderr: stderr && !tty,
    tty,
  });
  const deadline = bindSignal(options, {
    clock: requester.clock,
    message: (ms) => `the process behind ${path} did not end within ${ms} ms`,
  });
  try {
    const connection = await requester.connect({ path, query, signal: deadline.signal }, remoteProtocols);
    connection.closed.then(deadline.end);
    return remoteProcess(connection, deadline.signal);
  } catch (error) {
    deadline.end();
    throw error;
  }
}

/** The one protocol that can close a channel. */
const endableProtocol = 'v5.channel.k8s.io';
/** Output pieces that may wait for their reader. */
const outputLimit = 64;

function remoteProcess(connection: TransportConnection, signal: AbortSignal): RemoteProcess {
  const output = new BoundedQueue<OutputChunk>(outputLimit);
  const exit = readMessages(connection, output, signal);
  // Whoever reads the output only need not look at the exit.
  exit.catch(() => undefined);
  const send = async (channel: number, data: Uint8Array) => {
    try {
      for (const message of encodeMessages(channel, data)) await connection.send(message);
    } catch (cause) {
      // Why it is closed the server has said, or it says that the process has ended.
      connection.close();
      const { code } = await exit;
      throw new TransportError(`the process has ended with code ${code}`, { cause, unsent: false });
    }
  };
  return {
    output,
    exit,
    write: (data) => send(channels.stdin, typeof data === 'string' ? new TextEncoder().encode(data) : data),
    canEnd: connection.protocol === endableProtocol,
    async end() {
      if (connection.protocol !== endableProtocol)
        throw new Error(`${connection.protocol} can not end the standard input of a process that goes on`);
      await connection.send(closeMessage(channels.stdin));
    },
    resize: ({ width, height }) =>
      send(channels.resize, new TextEncoder().encode(JSON.stringify({ Width: width, Height: height }))),
    async result() {
      const texts = { stdout: '', stderr: '' };
      const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
      for await (const { stream, data } of output)
        texts[stream] += decoders[stream].decode(data, { stream: true });
      return { ...texts, ...(await exit) };
    },
    close: () => connection.close(),
  };
}

async function readMessages(
  connection: TransportConnection,
  output: BoundedQueue<OutputChunk>,
  signal: AbortSignal,
): Promise<ExitStatus> {
  // Aborted also while the reader of the output is slow: it need not take what is left to see the end.
  const leave = onAbort(signal, (error) => {
    output.end({ error });
    connection.close();
  });
  let status: Status | undefined;
  try {
    for await (const raw of connection.messages) {
      const message = decodeMessage(raw);
      if (message === undefined) continue;
      const { channel, data } = message;
      if (channel === channels.stdout && data.length > 0) await output.push({ stream: 'stdout', data });
      else if (channel === channels.stderr && data.length > 0) await output.push({ stream: 'stderr', data });
      else if (channel === channels.error && data.length > 0)
        status = JSON.parse(new TextDecoder().decode(data)) as Status;
    }
    if (status === undefined)
      throw new TransportError('the connection ended before the process did', { unsent: false });
    const exit = exitOf(status);
    output.end();
    return exit;
  } catch (fault) {
    const error = signal.aborted ? signal.reason : fault;
    output.end({ error });
    throw error;
  } finally {
    leave();
    connection.close();
  }
}

/** @throws ApiError for a failure that is not the command's own */
function exitOf(status: Status): ExitStatus {
  if (status.status === 'Success') return { code: 0, message: '' };
  if (status.reason === 'NonZeroExitCode') {
    const cause = status.details?.causes?.find(({ reason }) => reason === 'ExitCode');
    const code = Number(cause?.message);
    if (Number.isInteger(code)) return { code, message: status.message ?? '' };
  }
  throw ApiError.fromStatus(status);
}
