import { EventEmitter, once } from 'node:events';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import type { ByteStream } from './api-request.js';
import { gzipped, takesGzip } from './gzip-stream.js';

/** Takes one chunk, then no more until somebody waits for it. */
function slowReader() {
  const chunks: Buffer[] = [];
  let waits = 0;
  const closed = new EventEmitter();
  const ended = once(closed, 'end');
  const stream: ByteStream = {
    write: (bytes) => {
      chunks.push(Buffer.from(bytes));
      return false;
    },
    drained: () => {
      waits++;
      return Promise.resolve(true);
    },
    end: () => closed.emit('end'),
    destroy: () => closed.emit('end'),
  };
  return { stream, ended, chunks, waits: () => waits };
}

it('reads Accept-Encoding as upstream does', () => {
  expect(takesGzip('gzip')).toBe(true);
  expect(takesGzip('deflate, gzip, br')).toBe(true);
  expect(takesGzip('gzip;q=1')).toBe(false);
  expect(takesGzip(undefined)).toBe(false);
});

it('compresses and waits for the reader', async () => {
  const reader = slowReader();
  const stream = gzipped(reader.stream);
  // Text that does not compress well, so that there are several chunks.
  const text = Array.from({ length: 50_000 }, (_, i) => ((i * 2654435761) % 4294967296).toString(36)).join(
    '',
  );
  for (let at = 0; at < text.length; at += 50_000) {
    if (!stream.write(text.slice(at, at + 50_000))) await stream.drained();
  }
  stream.end();
  await reader.ended;
  expect(gunzipSync(Buffer.concat(reader.chunks)).toString()).toBe(text);
  expect(reader.chunks.length).toBeGreaterThan(1);
  expect(reader.waits()).toBe(reader.chunks.length);
});
