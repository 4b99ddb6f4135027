/** One side of a comparison: runs once and gives its figure. */
export type Measure = () => Promise<number>;

export interface CompareOptions {
  /** What the figure counts: `requests/s`, `ms`, `bytes`. */
  readonly unit: string;
  /** The bound that the ratio is held against, as issue or budget has it: `at least 0.5`, `at most 1.6`. */
  readonly limit?: string;
  /** Measured ones; one more goes before them, to warm both up. @default 4 */
  readonly rounds?: number;
}

export interface Comparison {
  readonly name: string;
  readonly unit: string;
  readonly limit: string | undefined;
  readonly ours: Summary;
  readonly peer: Summary;
  /** Ours over the peer's, of the medians. */
  readonly ratio: number;
  /** More that was measured, a line each. */
  readonly notes?: readonly string[];
  /** Ours at several sizes, for the charts of the docs. */
  readonly curve?: readonly (readonly [size: number, figure: number])[];
}

export interface Summary {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/**
 * Measures two things in turn, so that both meet the same machine, and compares their medians. A peer may be a number:
 * a limit rather than another program.
 */
export async function compare(
  name: string,
  ours: Measure,
  peer: Measure | number,
  { unit, limit, rounds = 4 }: CompareOptions,
): Promise<Comparison> {
  const measurePeer = typeof peer === 'number' ? () => Promise.resolve(peer) : peer;
  const figures: { ours: number[]; peer: number[] } = { ours: [], peer: [] };
  if (rounds > 1) {
    await measurePeer();
    await ours();
  }
  for (let round = 0; round < rounds; round++) {
    figures.peer.push(await measurePeer());
    figures.ours.push(await ours());
  }
  const summary = { ours: summarise(figures.ours), peer: summarise(figures.peer) };
  return { name, unit, limit, ...summary, ratio: summary.ours.median / summary.peer.median };
}

export function summarise(figures: readonly number[]): Summary {
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  const lower = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  return { median: (upper + lower) / 2, least: sorted[0] ?? Number.NaN, most: sorted.at(-1) ?? Number.NaN };
}

/** A line for people: `name: 12,345 (11,900 to 12,800) requests/s, peer 20,000 (…): ratio 0.62, at least 0.5`. */
export function comparisonLine({ name, unit, limit, ours, peer, ratio }: Comparison): string {
  const bound = limit === undefined ? '' : ` (${limit})`;
  return `${name}: ${figure(ours)} ${unit}, peer ${figure(peer)}: ratio ${ratio.toFixed(2)}${bound}`;
}

function figure({ median, least, most }: Summary): string {
  const text = (value: number) => Math.round(value).toLocaleString('en');
  return least === most ? text(median) : `${text(median)} (${text(least)} to ${text(most)})`;
}
