export interface ItemBackoffOptions {
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
}

/** A delay for each key that doubles with each failure. */
export class ItemBackoff<K> {
  readonly #options: ItemBackoffOptions;
  readonly #failures = new Map<K, number>();

  constructor(options: ItemBackoffOptions) {
    this.#options = options;
  }

  /** Counts a failure and gives the delay in milliseconds. */
  next(key: K): number {
    const failures = this.failures(key);
    this.#failures.set(key, failures + 1);
    return Math.min(this.#options.baseDelayMs * 2 ** failures, this.#options.maxDelayMs);
  }

  failures(key: K): number {
    return this.#failures.get(key) ?? 0;
  }

  forget(key: K): void {
    this.#failures.delete(key);
  }
}
