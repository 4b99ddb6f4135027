import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

/** Longer lines are split into partial ones, as containerd does. Bytes. */
const maxLine = 16 * 1024;

/**
 * Writes what containers print in the CRI log format: `2016-10-06T00:17:09.669794202Z stdout F message`, `P` for a
 * piece of a line that goes on in the next record.
 * Source: https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md
 */
export class CriLog {
  readonly #path: string;
  #file: WriteStream;
  #lastTime = 0n;
  readonly #rest = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  readonly #restLength = { stdout: 0, stderr: 0 };
  #failure: Error | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#file = this.#open();
  }

  /** False where the caller should wait for `drained` before it reads more. */
  write(stream: 'stdout' | 'stderr', chunk: Buffer): boolean {
    const pieces: Buffer[] = [];
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      this.#take(stream, chunk.subarray(start, end), pieces);
      pieces.push(...this.#record(stream, 'F'));
      start = end + 1;
    }
    this.#take(stream, chunk.subarray(start), pieces);
    return pieces.length === 0 || this.#append(Buffer.concat(pieces));
  }

  /** Resolves when the log takes more, also where it failed (a full disk must not stop the workload). */
  drained(): Promise<void> {
    const file = this.#file;
    if (!file.writableNeedDrain || this.#failure !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        file.off('drain', done);
        file.off('close', done);
        resolve();
      };
      file.on('drain', done);
      file.on('close', done);
    });
  }

  /** Goes on in a new file of the same name, after the old one was renamed (log rotation). */
  async reopen(): Promise<void> {
    const old = this.#file;
    this.#failure = undefined;
    this.#file = this.#open();
    await endOf(old);
  }

  /** Writes what is left and resolves when it is in the file. Why records were lost, where some were. */
  async close(): Promise<Error | undefined> {
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.#restLength[stream] > 0) this.#append(Buffer.concat(this.#record(stream, 'P')));
    }
    await endOf(this.#file);
    return this.#failure;
  }

  #open(): WriteStream {
    const file = createWriteStream(this.#path, { flags: 'a', mode: 0o640 });
    file.on('error', (error) => {
      this.#failure = error;
    });
    return file;
  }

  #append(bytes: Buffer): boolean {
    return this.#failure !== undefined || this.#file.write(bytes);
  }

  #take(stream: 'stdout' | 'stderr', bytes: Buffer, out: Buffer[]): void {
    for (let from = 0; from < bytes.length; ) {
      const piece = bytes.subarray(from, from + maxLine - this.#restLength[stream]);
      this.#rest[stream].push(piece);
      this.#restLength[stream] += piece.length;
      from += piece.length;
      if (this.#restLength[stream] === maxLine) out.push(...this.#record(stream, 'P'));
    }
  }

  #record(stream: 'stdout' | 'stderr', tag: 'F' | 'P'): Buffer[] {
    const record = [Buffer.from(`${this.#timestamp()} ${stream} ${tag} `), ...this.#rest[stream], newline];
    this.#rest[stream] = [];
    this.#restLength[stream] = 0;
    return record;
  }

  /** The clock has milliseconds; the digits below count up, so that records stay in order when sorted by time. */
  #timestamp(): string {
    const now = BigInt(Date.now()) * 1_000_000n;
    this.#lastTime = now > this.#lastTime ? now : this.#lastTime + 1n;
    const seconds = new Date(Number(this.#lastTime / 1_000_000n)).toISOString().slice(0, 19);
    return `${seconds}.${(this.#lastTime % 1_000_000_000n).toString().padStart(9, '0')}Z`;
  }
}

const newline = Buffer.from('\n');

async function endOf(file: WriteStream): Promise<void> {
  file.end();
  // The failure was taken by the error listener; here only the end matters.
  await finished(file).catch(() => undefined);
}
