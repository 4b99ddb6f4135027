/** How long one piece of long work may keep the others waiting, in milliseconds. */
const sliceMs = 1;

/**
 * Divides the event loop among long work (lists of many objects): each piece ends by the clock, and of all that wait to
 * go on one does in each round of the loop, so that short requests never wait for more than a slice.
 */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #scheduled = false;

  /** A slice that begins now. */
  start(): Turn {
    return new Turn(this);
  }

  /** Resolves when it is the caller's turn. */
  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#waiting.shift()?.();
      this.#schedule();
    });
  }
}

/** The slices of one piece of work. */
export class Turn {
  readonly #turns: Turns;
  #end = performance.now() + sliceMs;

  constructor(turns: Turns) {
    this.#turns = turns;
  }

  /** Whether the slice is used up. */
  get over(): boolean {
    return performance.now() >= this.#end;
  }

  /** Lets others run; a new slice begins when it is the caller's turn again. */
  async next(): Promise<void> {
    await this.#turns.wait();
    this.restart();
  }

  /** A new slice begins, as after a wait for something else. */
  restart(): void {
    this.#end = performance.now() + sliceMs;
  }
}
