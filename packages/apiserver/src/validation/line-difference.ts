/** Lines of context around a change. */
const context = 3;
/** From so many lines on, those that stand there often are no beginning of a match. */
const manyLines = 200;

/** Lines that are the same in both: where they begin, and how many. */
type Match = readonly [before: number, after: number, length: number];

interface Change {
  readonly same: boolean;
  /** The lines before and after, each from the first to behind the last. */
  readonly before: readonly [number, number];
  readonly after: readonly [number, number];
}

/**
 * The difference of two values as upstream prints it in errors: a unified difference of their JSON, one member a line.
 * Which lines match is decided as by Python's difflib, which go-difflib follows.
 */
export function lineDifference(before: unknown, after: unknown): string {
  const [a, b] = [linesOf(before), linesOf(after)];
  return hunks(changes(new Matcher(a, b).matches(), a.length, b.length))
    .map((hunk) => hunkText(hunk, a, b))
    .join('');
}

function linesOf(value: unknown): string[] {
  return JSON.stringify(value, null, 1).split('\n');
}

class Matcher {
  readonly #a: readonly string[];
  readonly #b: readonly string[];
  readonly #places = new Map<string, number[]>();

  constructor(a: readonly string[], b: readonly string[]) {
    this.#a = a;
    this.#b = b;
    b.forEach((line, index) => {
      const places = this.#places.get(line);
      if (places === undefined) this.#places.set(line, [index]);
      else places.push(index);
    });
    if (b.length < manyLines) return;
    for (const [line, places] of this.#places)
      if (places.length > Math.floor(b.length / 100) + 1) this.#places.delete(line);
  }

  matches(): Match[] {
    const found: Match[] = [];
    const visit = (before: readonly [number, number], after: readonly [number, number]): void => {
      const match = this.#longest(before, after);
      const [i, j, length] = match;
      if (length === 0) return;
      if (before[0] < i && after[0] < j) visit([before[0], i], [after[0], j]);
      found.push(match);
      if (i + length < before[1] && j + length < after[1])
        visit([i + length, before[1]], [j + length, after[1]]);
    };
    visit([0, this.#a.length], [0, this.#b.length]);
    return joined(found);
  }

  #longest([aFrom, aTo]: readonly [number, number], [bFrom, bTo]: readonly [number, number]): Match {
    let [i, j, length] = [aFrom, bFrom, 0];
    let lengths = new Map<number, number>();
    for (let at = aFrom; at < aTo; at++) {
      const next = new Map<number, number>();
      for (const place of this.#places.get(this.#a[at] ?? '') ?? []) {
        if (place < bFrom) continue;
        if (place >= bTo) break;
        const size = (lengths.get(place - 1) ?? 0) + 1;
        next.set(place, size);
        if (size > length) [i, j, length] = [at - size + 1, place - size + 1, size];
      }
      lengths = next;
    }
    while (i > aFrom && j > bFrom && this.#a[i - 1] === this.#b[j - 1]) {
      i--;
      j--;
      length++;
    }
    while (i + length < aTo && j + length < bTo && this.#a[i + length] === this.#b[j + length]) length++;
    return [i, j, length];
  }
}

/** Matches that touch are one. */
function joined(matches: readonly Match[]): Match[] {
  const result: Match[] = [];
  for (const [i, j, length] of matches) {
    const last = result.at(-1);
    if (last !== undefined && last[0] + last[2] === i && last[1] + last[2] === j)
      result[result.length - 1] = [last[0], last[1], last[2] + length];
    else result.push([i, j, length]);
  }
  return result;
}

function changes(matches: readonly Match[], aLength: number, bLength: number): Change[] {
  const result: Change[] = [];
  let [i, j] = [0, 0];
  for (const [before, after, length] of [...matches, [aLength, bLength, 0] as const]) {
    if (i < before || j < after) result.push({ same: false, before: [i, before], after: [j, after] });
    [i, j] = [before + length, after + length];
    if (length > 0) result.push({ same: true, before: [before, i], after: [after, j] });
  }
  return result;
}

/** Groups changes that are near to each other, with what stands around them. */
function hunks(all: readonly Change[]): Change[][] {
  const result: Change[][] = [];
  let hunk: Change[] = [];
  all.forEach((change, index) => {
    const { before, after } = change;
    if (!change.same) {
      hunk.push(change);
      return;
    }
    const isFirst = index === 0;
    const isLast = index === all.length - 1;
    const lead = (): Change => ({
      same: true,
      before: [Math.max(before[0], before[1] - context), before[1]],
      after: [Math.max(after[0], after[1] - context), after[1]],
    });
    const tail = (): Change => ({
      same: true,
      before: [before[0], Math.min(before[1], before[0] + context)],
      after: [after[0], Math.min(after[1], after[0] + context)],
    });
    if (isFirst) hunk.push(lead());
    else if (isLast) hunk.push(tail());
    else if (before[1] - before[0] > 2 * context) {
      result.push([...hunk, tail()]);
      hunk = [lead()];
    } else hunk.push(change);
  });
  if (hunk.some(({ same }) => !same)) result.push(hunk);
  return result;
}

function hunkText(hunk: readonly Change[], a: readonly string[], b: readonly string[]): string {
  const [first, last] = [hunk[0], hunk.at(-1)];
  if (first === undefined || last === undefined) return '';
  const lines = hunk.flatMap(({ same, before, after }) => {
    const [removed, added] = [a.slice(...before), b.slice(...after)];
    if (same) return removed.map((line) => ` ${line}`);
    return [...removed.map((line) => `-${line}`), ...added.map((line) => `+${line}`)];
  });
  const header = `@@ -${range(first.before[0], last.before[1])} +${range(first.after[0], last.after[1])} @@`;
  return [header, ...lines].map((line) => `${line}\n`).join('');
}

function range(from: number, to: number): string {
  const length = to - from;
  if (length === 1) return String(from + 1);
  return `${length === 0 ? from : from + 1},${length}`;
}
