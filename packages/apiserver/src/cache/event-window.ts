import type { Change } from './cache-event.js';

/** How far back a watch may resume from memory. */
export interface WindowLimits {
  /** @default 8192 */
  readonly changes?: number;
  /** Of the objects before and after the changes. @default 16 MiB */
  readonly bytes?: number;
}

/** The recent changes of one resource, oldest first. Every change after `start` is in it. */
export class EventWindow {
  readonly #limits: Required<WindowLimits>;
  readonly #changes: Change[] = [];
  #bytes = 0;
  #start: number;

  constructor(start: number, limits: WindowLimits = {}) {
    this.#start = start;
    this.#limits = { changes: 8192, bytes: 16 << 20, ...limits };
  }

  get start(): number {
    return this.#start;
  }

  push(change: Change): void {
    this.#changes.push(change);
    this.#bytes += change.size;
    while (this.#changes.length > this.#limits.changes || this.#bytes > this.#limits.bytes) {
      const dropped = this.#changes.shift();
      if (dropped === undefined) break;
      this.#bytes -= dropped.size;
      this.#start = dropped.revision;
    }
  }

  /** The changes after a revision that is not before `start`. */
  after(revision: number): readonly Change[] {
    let low = 0;
    for (let high = this.#changes.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if ((this.#changes[middle]?.revision ?? 0) > revision) high = middle;
      else low = middle + 1;
    }
    return this.#changes.slice(low);
  }
}
