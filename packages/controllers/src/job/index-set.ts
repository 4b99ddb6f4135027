interface Interval {
  readonly first: number;
  readonly last: number;
}

/** Completion indexes, as a job's status writes them: `1,3-5,7`. There may be many, so they are held as intervals. */
export class IndexSet {
  static readonly empty = new IndexSet([]);
  /** Rising, and none touches the next. */
  readonly #intervals: readonly Interval[];

  private constructor(intervals: readonly Interval[]) {
    this.#intervals = intervals;
  }

  static of(indexes: Iterable<number>): IndexSet {
    const sorted = [...indexes].sort((a, b) => a - b);
    return new IndexSet(merged(sorted.map((index) => ({ first: index, last: index }))));
  }

  /** What can't be read, and what is not below `completions`, is left out. */
  static parse(text: string | undefined, completions: number): IndexSet {
    const intervals: Interval[] = [];
    for (const part of (text ?? '').split(',')) {
      const [, low, high = low] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? [];
      if (low === undefined || Number(low) >= completions) continue;
      intervals.push({ first: Number(low), last: Math.min(Number(high), completions - 1) });
    }
    return new IndexSet(merged(intervals));
  }

  get size(): number {
    return this.#intervals.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  }

  has(index: number): boolean {
    return this.#intervals.some(({ first, last }) => first <= index && index <= last);
  }

  union(other: IndexSet): IndexSet {
    return new IndexSet(merged([...this.#intervals, ...other.#intervals]));
  }

  /** How many indexes are in both. */
  shared(other: IndexSet): number {
    let count = 0;
    for (const one of this.#intervals)
      for (const two of other.#intervals)
        count += Math.max(0, Math.min(one.last, two.last) - Math.max(one.first, two.first) + 1);
    return count;
  }

  /** The lowest indexes below `completions` that are not in here. */
  firstMissing(count: number, completions: number): number[] {
    const missing: number[] = [];
    let candidate = 0;
    for (const { first, last } of [...this.#intervals, { first: completions, last: completions }]) {
      for (; candidate < Math.min(first, completions) && missing.length < count; candidate++)
        missing.push(candidate);
      candidate = Math.max(candidate, last + 1);
    }
    return missing;
  }

  toString(): string {
    return this.#intervals
      .map(({ first, last }) => {
        if (first === last) return String(first);
        return `${first}${last === first + 1 ? ',' : '-'}${last}`;
      })
      .join(',');
  }
}

function merged(intervals: readonly Interval[]): Interval[] {
  const result: Interval[] = [];
  for (const next of [...intervals].sort((a, b) => a.first - b.first)) {
    const last = result.at(-1);
    if (last === undefined || next.first > last.last + 1) result.push(next);
    else if (next.last > last.last) result[result.length - 1] = { first: last.first, last: next.last };
  }
  return result;
}
