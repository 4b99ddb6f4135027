interface Level<K> {
  readonly priority: number;
  /** Keys in order, and since when each waits. */
  readonly since: Map<K, number>;
}

/**
 * Keys that wait for work: those of the highest priority first, among equals in the order they came. So that a stream
 * of urgent keys can't starve the rest, one that has waited as long as it may goes before all others.
 */
export class ReadyKeys<K> {
  readonly #longestWaitMs: number;
  readonly #now: () => number;
  /** Of each key, its priority. */
  readonly #priorities = new Map<K, number>();
  /** Of each priority that has keys, the highest first. */
  readonly #levels: Level<K>[] = [];

  constructor(longestWaitMs: number, now: () => number) {
    this.#longestWaitMs = longestWaitMs;
    this.#now = now;
  }

  get size(): number {
    return this.#priorities.size;
  }

  /** Adds a key. One that is there already keeps its place, or moves up when it has become more urgent. */
  add(key: K, priority: number): void {
    const known = this.#priorities.get(key);
    if (known !== undefined && known >= priority) return;
    const since = known === undefined ? this.#now() : this.#leave(key, known);
    this.#priorities.set(key, priority);
    this.#level(priority).set(key, since);
  }

  /** Takes the next key; undefined when there is none. */
  take(): { readonly key: K; readonly priority: number } | undefined {
    const level = this.#next();
    if (level === undefined) return undefined;
    const [key] = level.since.keys();
    if (key === undefined) return undefined;
    this.#leave(key, level.priority);
    this.#priorities.delete(key);
    return { key, priority: level.priority };
  }

  /** Takes a key out of its level, and gives since when it waited. */
  #leave(key: K, priority: number): number {
    const level = this.#level(priority);
    const since = level.get(key) ?? this.#now();
    level.delete(key);
    if (level.size === 0)
      this.#levels.splice(
        this.#levels.findIndex((each) => each.since === level),
        1,
      );
    return since;
  }

  #next(): Level<K> | undefined {
    let first: Level<K> | undefined;
    let overdueSince = Number.POSITIVE_INFINITY;
    for (const level of this.#levels) {
      const [since] = level.since.values();
      if (since === undefined) continue;
      if (first === undefined) first = level;
      else if (since < overdueSince && this.#now() - since >= this.#longestWaitMs) {
        first = level;
        overdueSince = since;
      }
    }
    return first;
  }

  #level(priority: number): Map<K, number> {
    const at = this.#levels.findIndex((level) => level.priority <= priority);
    const found = this.#levels[at];
    if (found?.priority === priority) return found.since;
    const since = new Map<K, number>();
    this.#levels.splice(at < 0 ? this.#levels.length : at, 0, { priority, since });
    return since;
  }
}
