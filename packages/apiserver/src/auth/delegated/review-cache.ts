interface Kept<T> {
  readonly answer: Promise<T>;
  until: number;
}

/** More answers than this are let go. */
const most = 4096;

/** Keeps the answers to reviews for a while; who asks the same meanwhile gets the same. Failures are not kept. */
export class ReviewCache<T> {
  readonly #kept = new Map<string, Kept<T>>();

  /** @param keepMs how long an answer holds */
  get(key: string, keepMs: (answer: T) => number, ask: () => Promise<T>): Promise<T> {
    const known = this.#kept.get(key);
    if (known !== undefined && known.until > Date.now()) return known.answer;
    if (this.#kept.size >= most) this.#kept.clear();
    const kept: Kept<T> = { answer: ask(), until: Number.POSITIVE_INFINITY };
    this.#kept.set(key, kept);
    kept.answer.then(
      (answer) => {
        kept.until = Date.now() + keepMs(answer);
      },
      () => {
        if (this.#kept.get(key) === kept) this.#kept.delete(key);
      },
    );
    return kept.answer;
  }
}
