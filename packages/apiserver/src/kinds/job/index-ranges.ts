/** The indexes from `first` to `last`, both included. */
export interface IndexRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Reads indexes of an Indexed Job as `1,3-5,7`, in rising order.
 * @param completions every index is below it
 * @returns what is wrong with the text, else the ranges
 */
export function parseIndexRanges(text: string, completions: number): IndexRange[] | string {
  const ranges: IndexRange[] = [];
  if (text === '') return ranges;
  for (const part of text.split(',')) {
    const range = parseRange(part, completions);
    if (typeof range === 'string') return range;
    const previous = ranges.at(-1);
    if (previous !== undefined && previous.last >= range.first)
      return `non-increasing order, previous: ${previous.last}, current: ${range.first}`;
    ranges.push(range);
  }
  return ranges;
}

export function countIndexes(ranges: readonly IndexRange[]): number {
  return ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}

/** The first index that is in both; parts that can't be read are left out. */
export function firstSharedIndex(one: string, other: string, completions: number): number | undefined {
  const readable = (text: string) =>
    text.split(',').flatMap((part) => {
      const range = parseRange(part, completions);
      return typeof range === 'string' ? [] : [range];
    });
  const others = readable(other);
  for (const range of readable(one)) {
    const shared = others.find(({ first, last }) => range.first <= last && first <= range.last);
    if (shared !== undefined) return Math.max(range.first, shared.first);
  }
  return undefined;
}

function parseRange(part: string, completions: number): IndexRange | string {
  const ends = part.split('-');
  const [low = '', high] = ends;
  if (ends.length > 2)
    return `the fragment ${JSON.stringify(part)} violates the requirement that an index interval can have at most two parts separated by '-'`;
  const notANumber = (text: string) => `cannot convert string to integer for index: ${JSON.stringify(text)}`;
  const tooLarge = (text: string) => `too large index: ${JSON.stringify(text)}`;
  if (!/^\+?[0-9]+$/.test(low)) return notANumber(low);
  const first = Number(low);
  if (first >= completions) return tooLarge(low);
  if (high === undefined) return { first, last: first };
  if (!/^\+?[0-9]+$/.test(high)) return notANumber(high);
  const last = Number(high);
  if (last >= completions) return tooLarge(high);
  if (first >= last) return `non-increasing order, previous: ${first}, current: ${last}`;
  return { first, last };
}
