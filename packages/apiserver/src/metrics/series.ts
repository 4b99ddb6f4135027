/** What prom-client asks of a metric. */
export interface ExposedMetric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator: string;
  get(): Promise<{ name: string; help: string; type: string; aggregator: string; values: MetricValue[] }>;
  reset(): void;
}

export interface MetricValue {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly metricName?: string;
}

type Labels = Readonly<Record<string, string>>;

/** A metric whose values are made when somebody asks for them. */
export function exposed(
  name: string,
  type: 'counter' | 'gauge' | 'histogram',
  help: string,
  values: () => MetricValue[] | Promise<MetricValue[]>,
): ExposedMetric {
  const identity = { name, help, type, aggregator: 'sum' };
  return { ...identity, get: async () => ({ ...identity, values: await values() }), reset: () => undefined };
}

/**
 * Observations by range. The library that exposes metrics would cost more at each observation than what is observed
 * here; this costs an addition, and the library's form is made when somebody asks.
 */
export class Distribution {
  readonly #bounds: readonly number[];
  /** How many were at most so large; the last place is for all that were larger. */
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  get count(): number {
    return this.#count;
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] ?? 0)) at++;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += value;
    this.#count += 1;
  }

  /** As the values of a histogram. */
  values(name: string, labels: Labels): MetricValue[] {
    if (this.#count === 0) return [];
    let total = 0;
    const cumulative = this.#counts.map((count, index) => {
      total += count;
      const le = this.#bounds[index] ?? '+Inf';
      return { labels: { ...labels, le }, value: total, metricName: `${name}_bucket` };
    });
    return [
      ...cumulative,
      { labels, value: this.#sum, metricName: `${name}_sum` },
      { labels, value: this.#count, metricName: `${name}_count` },
    ];
  }
}

/** One value of a kind for each set of labels; who counts often keeps what {@link at} gave him. */
export class ByLabels<T> {
  readonly #make: () => T;
  readonly #series = new Map<string, { readonly labels: Labels; readonly value: T }>();

  constructor(make: () => T) {
    this.#make = make;
  }

  at(labels: Labels): T {
    let key = '';
    for (const name in labels) key += `${labels[name]}\n`;
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { labels, value: this.#make() };
      this.#series.set(key, series);
    }
    return series.value;
  }

  flatMap(values: (labels: Labels, value: T) => MetricValue[]): MetricValue[] {
    return [...this.#series.values()].flatMap(({ labels, value }) => values(labels, value));
  }
}

type Counter = { value: number };

/** Counters by labels. */
export function countersByLabels(): ByLabels<Counter> {
  return new ByLabels(() => ({ value: 0 }));
}

/** Counters as a metric. */
export function counts(name: string, help: string, series: ByLabels<Counter>): ExposedMetric {
  return exposed(name, 'counter', help, () => series.flatMap((labels, { value }) => [{ labels, value }]));
}

/** Adds up what is counted in several places under the same labels. */
export function merged(values: readonly MetricValue[]): MetricValue[] {
  const sums = new Map<string, MetricValue>();
  for (const each of values) {
    const key = `${each.metricName ?? ''}\n${Object.values(each.labels).join('\n')}`;
    sums.set(key, { ...each, value: each.value + (sums.get(key)?.value ?? 0) });
  }
  return [...sums.values()];
}

/** Upper bounds in seconds of how long requests take, as upstream has them. */
export const requestSeconds = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];
