import { createGzip } from 'node:zlib';
import type { ByteStream } from './api-request.js';
import { untilDrained } from './until-drained.js';

/** Answers beyond this many bytes are compressed, and little: as upstream, which measured that more does not pay. */
export const gzipThreshold = 128 * 1024;
const level = 1;

/** True where an Accept-Encoding header names gzip, without looking at qualities: as upstream reads it. */
export function takesGzip(acceptEncoding: string | string[] | undefined): boolean {
  if (acceptEncoding === undefined) return false;
  return String(acceptEncoding)
    .split(',')
    .some((token) => token.trim() === 'gzip');
}

/** Compresses, off the event loop, what is written on its way to the stream. */
export function gzipped(target: ByteStream): ByteStream {
  const gzip = createGzip({ level });
  let isPaused = false;
  gzip.on('data', (chunk: Buffer) => {
    if (target.write(chunk) || isPaused) return;
    isPaused = true;
    gzip.pause();
    void target.drained().then(() => {
      isPaused = false;
      gzip.resume();
    });
  });
  gzip.on('end', () => target.end());
  gzip.on('error', () => target.destroy());
  return {
    write: (bytes) => gzip.destroyed || gzip.write(bytes),
    drained: (withinMs) => untilDrained(gzip, withinMs),
    end: () => gzip.end(),
    destroy: () => {
      gzip.destroy();
      target.destroy();
    },
  };
}
