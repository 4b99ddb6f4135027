import { type FileHandle, open, stat } from 'node:fs/promises';
import { type CriLogLine, parseCriLine } from './cri-log.js';

export interface ReadLogOptions {
  /** Goes on with what is written later. */
  readonly follow?: boolean;
  /** Only the last so many lines. */
  readonly tailLines?: number;
  /** Only lines from this time on. */
  readonly since?: Date;
  /** Puts each line's time before it. */
  readonly timestamps?: boolean;
  /** Ends after so many bytes. */
  readonly limitBytes?: number;
  readonly stream?: 'stdout' | 'stderr';
  readonly signal: AbortSignal;
  /** Whether the container that writes has ended, so that following ends too. */
  readonly ended?: () => Promise<boolean>;
}

const chunkSize = 64 * 1024;
/** How often a followed file is looked at. */
const pollMs = 100;

/** The text of a container's log, as `kubectl logs` shows it. @throws Error with ENOENT where there is no such file */
export async function* readLog(
  path: string,
  options: ReadLogOptions,
): AsyncGenerator<Buffer, void, undefined> {
  let file = await open(path, 'r');
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  try {
    let position = options.tailLines === undefined ? 0 : await tailPosition(file, options.tailLines);
    let rest: Buffer = Buffer.alloc(0);
    let ended = false;
    // After a partial line the next one of its stream continues it: no second time stamp.
    const inLine = { stdout: false, stderr: false };
    while (!options.signal.aborted && left > 0) {
      const { bytesRead, buffer } = await file.read({ buffer: Buffer.alloc(chunkSize), position });
      if (bytesRead === 0) {
        if (!options.follow || ended) return;
        const current = await stat(path).catch(() => undefined);
        const own = await file.stat();
        if (current !== undefined && current.ino !== own.ino) {
          // Rotated: what comes next is in the new file of this name.
          await file.close();
          file = await open(path, 'r');
          position = 0;
          continue;
        }
        if (own.size < position) {
          position = 0;
          continue;
        }
        // Asked before the last read, so that nothing written before the end is missed.
        ended = (await options.ended?.()) ?? false;
        if (!ended) await pause(options.signal);
        continue;
      }
      position += bytesRead;
      const data: Buffer =
        rest.length === 0
          ? buffer.subarray(0, bytesRead)
          : Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
      const pieces: Buffer[] = [];
      let start = 0;
      for (let end = data.indexOf(10, start); end >= 0; end = data.indexOf(10, start)) {
        const line = parseCriLine(data.subarray(start, end));
        start = end + 1;
        if (line === undefined || !wanted(line, options)) continue;
        if (options.timestamps && !inLine[line.stream]) pieces.push(Buffer.from(`${line.time} `));
        pieces.push(line.text);
        if (!line.partial) pieces.push(newline);
        inLine[line.stream] = line.partial;
      }
      rest = Buffer.from(data.subarray(start));
      const text = Buffer.concat(pieces);
      if (text.length > 0) yield text.length > left ? text.subarray(0, left) : text;
      left -= text.length;
    }
  } finally {
    await file.close();
  }
}

const newline = Buffer.from('\n');

function wanted(line: CriLogLine, options: ReadLogOptions): boolean {
  if (options.stream !== undefined && line.stream !== options.stream) return false;
  return options.since === undefined || Date.parse(line.time) >= options.since.getTime();
}

/** Where the last `lines` whole lines of the file begin. Parts of one line count once. */
async function tailPosition(file: FileHandle, lines: number): Promise<number> {
  const { size } = await file.stat();
  if (lines === 0) return size;
  let end = size;
  let tail: Buffer = Buffer.alloc(0);
  let found = 0;
  while (end > 0) {
    const start = Math.max(0, end - chunkSize);
    const { buffer } = await file.read({ buffer: Buffer.alloc(end - start), position: start });
    const data: Buffer = Buffer.concat([buffer, tail]);
    let lineEnd = data.length;
    // Backwards over line ends; a line counts when the one before it is complete.
    for (
      let at = data.lastIndexOf(10, lineEnd - 2);
      at >= 0;
      at = at === 0 ? -1 : data.lastIndexOf(10, at - 1)
    ) {
      const before = data.subarray(data.lastIndexOf(10, at - 1) + 1, at);
      lineEnd = at;
      if (parseCriLine(before)?.partial) continue;
      found += 1;
      if (found === lines) return start + at + 1;
    }
    found = 0;
    tail = data;
    end = start;
  }
  return 0;
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, pollMs);
    signal.addEventListener('abort', end, { once: true });
  });
}
