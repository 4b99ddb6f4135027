import type { Writable } from 'node:stream';

/**
 * Resolves when the stream takes more, or nothing any more; with false when neither happens within the time. Leaves no
 * listener behind: a watch drains often.
 */
export function untilDrained(stream: Writable, withinMs?: number): Promise<boolean> {
  if (!stream.writableNeedDrain || stream.destroyed) return Promise.resolve(true);
  return new Promise((resolve) => {
    const settle = (drained: boolean) => {
      clearTimeout(timer);
      stream.off('drain', done);
      stream.off('close', done);
      resolve(drained);
    };
    const done = () => settle(true);
    const timer = withinMs === undefined ? undefined : setTimeout(() => settle(false), withinMs);
    stream.on('drain', done);
    stream.on('close', done);
  });
}
