import { execFile } from 'node:child_process';
import { closeSync, constants, openSync, unlinkSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';

/**
 * Real pipes for the streams of containers. Node gives its children sockets, and a socket can't be opened as
 * /dev/stdout or /dev/stdin, which many programs do; a named pipe whose name is removed at once is a pipe like any.
 */
export class FifoPool {
  readonly #directory: string;
  readonly #names: string[] = [];
  #filling: Promise<void> | undefined;
  #count = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** A pipe that this process reads. `fd` is for the child: close it once the child has it. */
  async output(): Promise<{ readonly stream: Readable; readonly fd: number }> {
    const name = await this.#take();
    const reader = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK);
    const fd = openSync(name, constants.O_WRONLY);
    unlinkSync(name);
    return { stream: new Socket({ fd: reader, readable: true, writable: false }), fd };
  }

  /** A pipe that this process writes. */
  async input(): Promise<{ readonly stream: Writable; readonly fd: number }> {
    const name = await this.#take();
    // Open for both, so that neither of the two real ends waits for the other.
    const both = openSync(name, constants.O_RDWR | constants.O_NONBLOCK);
    const fd = openSync(name, constants.O_RDONLY);
    const writer = openSync(name, constants.O_WRONLY | constants.O_NONBLOCK);
    closeSync(both);
    unlinkSync(name);
    return { stream: new Socket({ fd: writer, readable: false, writable: true }), fd };
  }

  async #take(): Promise<string> {
    for (;;) {
      const name = this.#names.pop();
      if (name !== undefined) return name;
      this.#filling ??= this.#fill().finally(() => {
        this.#filling = undefined;
      });
      await this.#filling;
    }
  }

  async #fill(): Promise<void> {
    if (this.#count === 0) await rm(this.#directory, { recursive: true, force: true });
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const names = Array.from({ length: batch }, () => join(this.#directory, String(this.#count++)));
    // A container's own user opens /dev/stdout by this mode; by its name only we reach it.
    await promisify(execFile)('mkfifo', ['-m', '666', ...names]);
    this.#names.push(...names);
  }
}

/** One run of mkfifo makes this many: its cost of a millisecond or two vanishes. */
const batch = 32;
