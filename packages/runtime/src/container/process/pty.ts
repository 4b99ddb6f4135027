import { spawn } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { ReadStream } from 'node:tty';
import type { TerminalSize } from '../container-runtime.js';

/** A pseudo terminal: our end as a stream, the other as a file descriptor for a child that makes it its terminal. */
export interface Pty {
  /** Ends when the last process of the terminal is gone. */
  readonly stream: Duplex;
  /** Close it once the child has it. */
  readonly fd: number;
  /** Its name: `/dev/pts/N`, of the machine or of the container. */
  readonly path: string;
  resize(size: TerminalSize): void;
}

/** A terminal of the machine's own; what runs in a container can use it, but finds no name for it. */
export function openPty(size: TerminalSize | undefined): Pty {
  const { master, slave, pty } = binding().open(size?.columns ?? 80, size?.rows ?? 24);
  return ptyOf(master, slave, pty);
}

/**
 * A terminal out of the `/dev/pts` of the container that a process is in, so that `tty` and all who ask for its name
 * find it there. Undefined where this machine has no perl: unlocking a terminal takes a system call that neither Node
 * nor a tool of util-linux makes by itself.
 */
export async function openContainerPty(
  pid: number,
  size: TerminalSize | undefined,
  toolPath: string,
): Promise<Pty | undefined> {
  const directory = `/proc/${pid}/root/dev/pts`;
  const master = openSync(join(directory, 'ptmx'), constants.O_RDWR | constants.O_NOCTTY);
  try {
    const number = await unlock(master, toolPath);
    if (number === undefined) {
      closeSync(master);
      return undefined;
    }
    const slave = openSync(join(directory, number), constants.O_RDWR | constants.O_NOCTTY);
    const pty = ptyOf(master, slave, `/dev/pts/${number}`);
    pty.resize(size ?? { columns: 80, rows: 24 });
    return pty;
  } catch (error) {
    closeSync(master);
    throw error;
  }
}

/** TIOCSPTLCK, then TIOCGPTN, which says the number. Source of the values: Linux' asm-generic/ioctls.h. */
const unlockProgram =
  '$n = pack "i", 0; ioctl(STDIN, 0x40045431, $n) && ioctl(STDIN, 0x80045430, $n) or exit 1; print unpack "i", $n';
const architectures = ['x64', 'ia32', 'arm64', 'arm', 'riscv64', 's390x', 'loong64'];

function unlock(master: number, toolPath: string): Promise<string | undefined> {
  if (!architectures.includes(process.arch)) return Promise.resolve(undefined);
  const child = spawn('perl', ['-e', unlockProgram], {
    env: { PATH: toolPath },
    stdio: [master, 'pipe', 'ignore'],
  });
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return new Promise((resolve) => {
    child.once('error', () => resolve(undefined));
    child.once('close', (code) => resolve(code === 0 && /^\d+$/.test(text) ? text : undefined));
  });
}

function ptyOf(master: number, slave: number, path: string): Pty {
  const native = binding();
  const stream: Duplex = new ReadStream(master);
  // On Linux, reading ends with EIO once nobody holds the other end: that is a terminal's end of file.
  stream.on('error', () => stream.destroy());
  return {
    stream,
    fd: slave,
    path,
    resize: ({ columns, rows }) => {
      if (!stream.destroyed && columns > 0 && rows > 0) native.resize(master, columns, rows);
    },
  };
}

/**
 * The binary under node-pty's `open`, which itself reads from the child's end as well and can't be told to close it:
 * the terminal would never hang up.
 */
interface Binding {
  open(
    columns: number,
    rows: number,
  ): { readonly master: number; readonly slave: number; readonly pty: string };
  resize(fd: number, columns: number, rows: number): void;
}

let loaded: Binding | undefined;

function binding(): Binding {
  if (loaded === undefined) {
    const require = createRequire(import.meta.url);
    const { requireBinary } = require('@lydell/node-pty/requireBinary.js') as {
      requireBinary(file: string): Binding;
    };
    loaded = requireBinary('pty.node');
  }
  return loaded;
}
