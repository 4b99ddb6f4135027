import { createRequire } from 'node:module';
import type { Duplex } from 'node:stream';
import { ReadStream } from 'node:tty';
import type { TerminalSize } from '../container-runtime.js';

/** A pseudo terminal: our end as a stream, the other as a file descriptor for a child that makes it its terminal. */
export interface Pty {
  /** Ends when the last process of the terminal is gone. */
  readonly stream: Duplex;
  /** Close it once the child has it. */
  readonly fd: number;
  resize(size: TerminalSize): void;
}

export function openPty(size: TerminalSize | undefined): Pty {
  const native = binding();
  const { master, slave } = native.open(size?.columns ?? 80, size?.rows ?? 24);
  const stream: Duplex = new ReadStream(master);
  // On Linux, reading ends with EIO once nobody holds the other end: that is a terminal's end of file.
  stream.on('error', () => stream.destroy());
  return {
    stream,
    fd: slave,
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
