/** The keys of one priority, in order. */
class Level<K> {
  readonly priority: number;
  /** Since when each waits. */
  readonly since = new Map<K, number>();
  /** Goes on where it stood: a new one would step over all that was taken before. */
  readonly #order = this.since.keys();
  #first: K | undefined;

  constructor(priority: number) {
    this.priority = priority;
  }

  /** The key that waits longest, and since when. */
  first(): { readonly key: K; readonly since: number } | undefined {
    for (;;) {
      const since = this.#first === undefined ? undefined : this.since.get(this.#first);
      if (this.#first !== undefined && since !== undefined) return { key: this.#first, since };
      const next = this.#order.next();
      if (next.done) return undefined;
      this.#first = next.value;
    }
  }
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

  /** Of each priority that has keys, how many. */
  get sizes(): readonly { readonly priority: number; readonly size: number }[] {
    return this.#levels.map(({ priority, since }) => ({ priority, size: since.size }));
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
    const next = this.#next();
    if (next === undefined) return undefined;
    const { key, priority } = next;
    this.#leave(key, priority);
    this.#priorities.delete(key);
    return { key, priority };
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

  #next(): { readonly key: K; readonly priority: number } | undefined {
    let chosen: { readonly key: K; readonly priority: number } | undefined;
    let overdueSince = Number.POSITIVE_INFINITY;
    for (const level of this.#levels) {
      const first = level.first();
      if (first === undefined) continue;
      const { key, since } = first;
      const isOverdue = since < overdueSince && this.#now() - since >= this.#longestWaitMs;
      if (chosen !== undefined && !isOverdue) continue;
      if (chosen !== undefined) overdueSince = since;
      chosen = { key, priority: level.priority };
    }
    return chosen;
  }

  #level(priority: number): Map<K, number> {
    const at = this.#levels.findIndex((level) => level.priority <= priority);
    const found = this.#levels[at];
    if (found?.priority === priority) return found.since;
    const level = new Level<K>(priority);
    this.#levels.splice(at < 0 ? this.#levels.length : at, 0, level);
    return level.since;
  }
}
