/** How long to wait between tries, in milliseconds. */
export interface BackOffLimits {
  readonly initialMs: number;
  readonly maxMs: number;
}

/** The kubelet's own: 10 s, doubled up to 5 min, forgotten after twice that. Source: "Pod Lifecycle", restart policy. */
export const restartLimits: BackOffLimits = { initialMs: 10_000, maxMs: 300_000 };

/** Counts failures by key and says when the next try may be. The first one may be at once. */
export class BackOff {
  readonly #limits: BackOffLimits;
  readonly #entries = new Map<string, { delayMs: number; lastUpdate: number }>();

  constructor(limits: BackOffLimits = restartLimits) {
    this.#limits = limits;
  }

  /** The delay that the key has reached; 0 when it may go on at once. */
  delayMs(key: string): number {
    return this.#entries.get(key)?.delayMs ?? 0;
  }

  /**
   * How many milliseconds are left of the delay that began with the failure at `failedAt`; 0 or less when the next
   * try is due.
   */
  remainingMs(key: string, failedAt: number, now: number): number {
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#expired(failedAt, entry.lastUpdate)) return 0;
    return failedAt + entry.delayMs - now;
  }

  /** Notes that a try begins, because of the failure at `failedAt`: the next one has to wait longer. */
  next(key: string, failedAt: number): void {
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#expired(failedAt, entry.lastUpdate))
      this.#entries.set(key, { delayMs: this.#limits.initialMs, lastUpdate: failedAt });
    else {
      entry.delayMs = Math.min(entry.delayMs * 2, this.#limits.maxMs);
      entry.lastUpdate = failedAt;
    }
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }

  #expired(eventTime: number, lastUpdate: number): boolean {
    return eventTime - lastUpdate > 2 * this.#limits.maxMs;
  }
}
