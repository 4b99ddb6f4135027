/** One line of a log in the format of the Container Runtime Interface: `TIME STREAM TAG TEXT`. */
export interface CriLogLine {
  /** RFC 3339 with nanoseconds, as written. */
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  /** The text goes on in the next line of this stream. */
  readonly partial: boolean;
  readonly text: Buffer;
}

const space = 0x20;

/** Parses one line without its line end; undefined for what is none, such as a line cut off by a crash. */
export function parseCriLine(line: Buffer): CriLogLine | undefined {
  const first = line.indexOf(space);
  const second = line.indexOf(space, first + 1);
  if (first <= 0 || second < 0) return undefined;
  const third = line.indexOf(space, second + 1);
  const stream = line.toString('latin1', first + 1, second);
  if (stream !== 'stdout' && stream !== 'stderr') return undefined;
  const tags = line.toString('latin1', second + 1, third < 0 ? line.length : third).split(':');
  if (tags[0] !== 'F' && tags[0] !== 'P') return undefined;
  return {
    time: line.toString('latin1', 0, first),
    stream,
    partial: tags[0] === 'P',
    text: third < 0 ? Buffer.alloc(0) : line.subarray(third + 1),
  };
}
