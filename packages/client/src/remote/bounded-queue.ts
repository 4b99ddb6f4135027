/** Hands items from one writer to one reader; the writer waits while the reader is far behind. */
export class BoundedQueue<T> implements AsyncIterable<T> {
  readonly #limit: number;
  readonly #items: T[] = [];
  #end: { readonly error?: unknown } | undefined;
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;

  /** @param limit items that may wait for the reader */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Resolves when there is room for the next item. After the end, items are dropped. */
  async push(item: T): Promise<void> {
    if (this.#end !== undefined) return;
    this.#items.push(item);
    this.#wakeReader?.();
    if (this.#items.length >= this.#limit)
      await new Promise<void>((resolve) => {
        this.#wakeWriter = resolve;
      });
  }

  /** No more items: the reader ends, or fails with the error, after those that wait. */
  end(reason: { readonly error?: unknown } = {}): void {
    this.#end ??= reason;
    this.#wakeReader?.();
    this.#wakeWriter?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    try {
      for (;;) {
        const item = this.#items.shift();
        if (item !== undefined) {
          if (this.#items.length < this.#limit) this.#wakeWriter?.();
          yield item;
        } else if (this.#end !== undefined) {
          if ('error' in this.#end) throw this.#end.error;
          return;
        } else
          await new Promise<void>((resolve) => {
            this.#wakeReader = resolve;
          });
      }
    } finally {
      // A reader that leaves early must not keep the writer waiting.
      this.end();
    }
  }
}
