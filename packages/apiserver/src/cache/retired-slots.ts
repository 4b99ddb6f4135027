/**
 * Slots whose object was changed or deleted. Each waits until no reader is left that began before, so that who reads in
 * pieces sees the objects as they were when he began.
 */
export class RetiredSlots {
  readonly #free: (slot: number) => void;
  /** Readers by their number, oldest first. */
  readonly #readers = new Set<number>();
  readonly #waiting: { readonly slot: number; readonly newestReader: number }[] = [];
  #newestReader = 0;

  constructor(free: (slot: number) => void) {
    this.#free = free;
  }

  add(slot: number): void {
    if (this.#readers.size === 0) this.#free(slot);
    else this.#waiting.push({ slot, newestReader: this.#newestReader });
  }

  /** Keeps what is there now until the answer is called. */
  hold(): () => void {
    this.#newestReader++;
    const reader = this.#newestReader;
    this.#readers.add(reader);
    return () => {
      if (this.#readers.delete(reader)) this.#freeUnread();
    };
  }

  #freeUnread(): void {
    const [oldest = Number.POSITIVE_INFINITY] = this.#readers;
    let count = 0;
    for (const { slot, newestReader } of this.#waiting) {
      if (newestReader >= oldest) break;
      this.#free(slot);
      count++;
    }
    this.#waiting.splice(0, count);
  }
}
