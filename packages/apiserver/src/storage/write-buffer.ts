const chunkBytes = 256 * 1024;
/** What stays allocated for the next flush. */
const keptChunks = 8;

/**
 * Bytes that live from a write until its flush is over, and then serve the next: a buffer of its own for each record
 * would cost more than its copy.
 */
export class WriteBuffer {
  readonly #chunks: Buffer[] = [Buffer.allocUnsafeSlow(chunkBytes)];
  #chunk = 0;
  #used = 0;

  /** Its content is undefined. What is larger than a chunk gets a buffer of its own. */
  readonly take = (size: number): Buffer => {
    if (size > chunkBytes) return Buffer.allocUnsafe(size);
    if (this.#used + size > chunkBytes) {
      this.#chunk++;
      this.#used = 0;
      if (this.#chunk === this.#chunks.length) this.#chunks.push(Buffer.allocUnsafeSlow(chunkBytes));
    }
    const start = this.#used;
    this.#used += size;
    return (this.#chunks[this.#chunk] as Buffer).subarray(start, this.#used);
  };

  /** Everything that was taken is free again. */
  reset(): void {
    this.#chunks.length = Math.min(this.#chunks.length, keptChunks);
    this.#chunk = 0;
    this.#used = 0;
  }
}
