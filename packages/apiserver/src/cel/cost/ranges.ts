/**
 * Sizes and costs that are known as a range only. Both are whole numbers up to {@link unbounded}; arithmetic stops
 * there instead of overflowing. Source: the cost estimates of cel-go.
 */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Characters of a string, bytes, elements of a list, entries of a map. */
export type SizeEstimate = Range;
/** In CEL's units: about what one comparison takes. */
export type CostEstimate = Range;

/** Upstream's largest number, 2^64 - 1, as near as a double comes to it. */
export const unbounded = 2 ** 64;

export const unknownSize: SizeEstimate = { min: 0, max: unbounded };
export const free: CostEstimate = { min: 0, max: 0 };
export const one: CostEstimate = { min: 1, max: 1 };

export function fixed(value: number): Range {
  return { min: value, max: value };
}

export function plus(...ranges: readonly Range[]): Range {
  let min = 0;
  let max = 0;
  for (const range of ranges) {
    min += range.min;
    max += range.max;
  }
  return { min: Math.min(min, unbounded), max: Math.min(max, unbounded) };
}

export function times(a: Range, b: Range): Range {
  return { min: bounded(a.min * b.min), max: bounded(a.max * b.max) };
}

/** Times a factor, rounded up. */
export function scaled({ min, max }: Range, factor: number): Range {
  return { min: bounded(Math.ceil(min * factor)), max: bounded(Math.ceil(max * factor)) };
}

export function union(a: Range, b: Range): Range {
  return { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) };
}

function bounded(value: number): number {
  return Math.min(value, unbounded);
}
