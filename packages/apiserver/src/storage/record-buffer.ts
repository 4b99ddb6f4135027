const smallestChunk = 16 << 10;
const largestChunk = 256 << 10;
/** What stays allocated for the next flush. */
const keptChunks = 8;

/**
 * The bytes of records that live equally long: those of writes until their flush is over, after which they serve the
 * next, or those of a part of a list. A buffer of its own for each record would cost more than its copy.
 */
export class RecordBuffer {
  readonly #chunks: Buffer[] = [];
  #chunk = 0;
  #used = 0;

  /** Its content is undefined. What is larger than a chunk gets a buffer of its own. */
  readonly take = (size: number): Buffer => {
    if (size > largestChunk) return Buffer.allocUnsafeSlow(size);
    let chunk = this.#chunks[this.#chunk];
    while (chunk === undefined || this.#used + size > chunk.length) {
      if (chunk !== undefined) this.#chunk++;
      this.#used = 0;
      this.#chunks[this.#chunk] ??= Buffer.allocUnsafeSlow(
        Math.max(size, Math.min(smallestChunk << this.#chunk, largestChunk)),
      );
      chunk = this.#chunks[this.#chunk];
    }
    const start = this.#used;
    this.#used += size;
    return chunk.subarray(start, this.#used);
  };

  /** Everything that was taken is free again. */
  reset(): void {
    this.#chunks.length = Math.min(this.#chunks.length, keptChunks);
    this.#chunk = 0;
    this.#used = 0;
  }
}
