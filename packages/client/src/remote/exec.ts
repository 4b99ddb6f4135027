import type { CallOptions } from '../options.js';
import type { Requester } from '../request/requester.js';

export interface AttachOptions extends Pick<CallOptions, 'signal'> {
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
  readonly message: string;
}

/** A process at the other end of a connection. */
export interface RemoteProcess {
  /** What it writes, in order; must be read for the process to go on. Ends when the process does. */
  readonly output: AsyncIterable<OutputChunk>;
  /** Resolves when the process has ended. @throws ApiError when the command could not be run at all */
  readonly exit: Promise<ExitStatus>;
  /** Sends to its standard input. */
  write(data: Uint8Array | string): Promise<void>;
  /** Ends its standard input. */
  end(): Promise<void>;
  /** Tells the size of the terminal, in characters. */
  resize(size: { readonly width: number; readonly height: number }): Promise<void>;
  /** Breaks the connection. */
  close(): void;
}

export function openRemoteProcess(
  requester: Requester,
  path: string,
  options: AttachOptions & { readonly command?: readonly string[] },
): Promise<RemoteProcess>;
export async function openRemoteProcess(): Promise<RemoteProcess> {
  throw new Error('not yet');
}
