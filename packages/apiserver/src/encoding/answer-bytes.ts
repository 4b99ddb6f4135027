const chunkLength = 256 << 10;
/** Larger ones have memory of their own. */
const longest = chunkLength / 4;

let chunk = Buffer.alloc(0);
let used = 0;

/**
 * Memory for an answer, its content undefined. Answers share chunks, as memory of its own costs more than filling it;
 * a chunk is free when the last of them is, so nobody keeps one for long.
 */
export function answerBytes(length: number): Buffer {
  if (length > longest) return Buffer.allocUnsafe(length);
  if (length > chunk.length - used) {
    chunk = Buffer.allocUnsafeSlow(chunkLength);
    used = 0;
  }
  const start = used;
  used += length;
  return chunk.subarray(start, used);
}
