import type { Change } from './cache-event.js';

/** How far back a watch may resume from memory. */
export interface WindowLimits {
  /** @default 8192 */
  readonly changes?: number;
  /** The part of the resource's own size that its recent changes may take. @default 1/8, and 2 to 32 MiB */
  readonly share?: number;
}

const leastBytes = 2 << 20;
const mostBytes = 32 << 20;

/** The recent changes of one resource, oldest first. Every change after `start` is in it. */
export class EventWindow {
  readonly #limits: Required<WindowLimits>;
  readonly #changes: Change[] = [];
  #bytes = 0;
  #start: number;

  constructor(start: number, limits: WindowLimits = {}) {
    this.#start = start;
    this.#limits = { changes: 8192, share: 1 / 8, ...limits };
  }

  get start(): number {
    return this.#start;
  }

  /** The most changes that it holds. */
  get capacity(): number {
    return this.#limits.changes;
  }

  /** @param size bytes of all objects of the resource */
  push(change: Change, size: number): void {
    const { changes, share } = this.#limits;
    const bytes = Math.min(Math.max(size * share, leastBytes), mostBytes);
    this.#changes.push(change);
    this.#bytes += change.size;
    while (this.#changes.length > changes || this.#bytes > bytes) {
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
