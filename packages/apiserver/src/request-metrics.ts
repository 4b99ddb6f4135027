import type { Exchange } from './exchange.js';

const requestLabels = ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'component'] as const;
type RequestLabels = Readonly<Record<(typeof requestLabels)[number], string>>;

/** Upper bounds in seconds, as upstream has them. */
const bounds = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];

interface Series {
  readonly labels: RequestLabels;
  /** Requests by code of the answer. */
  readonly codes: Map<number, number>;
  /** How many took at most so long; the last place is for all that took longer. */
  readonly buckets: number[];
  seconds: number;
  timed: number;
  open: number;
}

/**
 * Counts requests by their labels. The library that exposes them would cost as much as a get at each request; here a
 * request costs one look-up, and the library's form is made when somebody asks.
 */
export class RequestMetrics {
  readonly #series = new Map<string, Series>();

  /** Counts a request whose answer is complete. */
  observe(exchange: Exchange): void {
    const series = this.#seriesOf(exchange);
    series.codes.set(exchange.status, (series.codes.get(exchange.status) ?? 0) + 1);
    if (exchange.status === 101 || exchange.info?.verb === 'watch') return;
    const seconds = (exchange.server.now() - exchange.startedAt) / 1000;
    let bucket = 0;
    while (bucket < bounds.length && seconds > (bounds[bucket] ?? 0)) bucket++;
    series.buckets[bucket] = (series.buckets[bucket] ?? 0) + 1;
    series.seconds += seconds;
    series.timed += 1;
  }

  /** Counts a watch or an upgraded connection while it is open. */
  async longRunning(exchange: Exchange, run: () => Promise<void>): Promise<void> {
    const series = this.#seriesOf(exchange);
    series.open += 1;
    try {
      await run();
    } finally {
      series.open -= 1;
    }
  }

  /** As metrics that prom-client's registry takes. */
  metrics(): ExposedMetric[] {
    const all = () => [...this.#series.values()];
    return [
      exposed('apiserver_request_total', 'counter', 'Requests by verb, resource and code.', () =>
        all().flatMap(({ labels, codes }) =>
          [...codes].map(([code, value]) => ({ labels: { ...labels, code: String(code) }, value })),
        ),
      ),
      exposed(
        'apiserver_request_duration_seconds',
        'histogram',
        'Time from the arrival of a request to the end of its answer, watches and upgrades apart.',
        () => all().flatMap(durationValues),
      ),
      exposed(
        'apiserver_longrunning_requests',
        'gauge',
        'Watches and upgraded connections that are open.',
        () =>
          all()
            .filter(({ open }) => open > 0)
            .map(({ labels, open }) => ({ labels, value: open })),
      ),
    ];
  }

  #seriesOf(exchange: Exchange): Series {
    const { info, request } = exchange;
    const key = info?.isResource
      ? `${info.verb} ${info.group}/${info.version}/${info.resource}/${info.subresource} ${scopeOf(info)}`
      : request.method;
    let series = this.#series.get(key);
    if (series === undefined) {
      // Only names that the server knows make a new series: a client must not be able to fill the memory with them.
      const labels = labelsOf(exchange);
      const known = labels.resource === '' ? `${labels.verb} other` : key;
      series = this.#series.get(known) ?? {
        labels,
        codes: new Map(),
        buckets: new Array<number>(bounds.length + 1).fill(0),
        seconds: 0,
        timed: 0,
        open: 0,
      };
      this.#series.set(known, series);
    }
    return series;
  }
}

/** What prom-client asks of a metric. */
export interface ExposedMetric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator: string;
  get(): Promise<{ name: string; help: string; type: string; aggregator: string; values: MetricValue[] }>;
  reset(): void;
}

interface MetricValue {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly metricName?: string;
}

function exposed(name: string, type: string, help: string, values: () => MetricValue[]): ExposedMetric {
  const identity = { name, help, type, aggregator: 'sum' };
  return { ...identity, get: async () => ({ ...identity, values: values() }), reset: () => undefined };
}

function durationValues({ labels, buckets, seconds, timed }: Series): MetricValue[] {
  if (timed === 0) return [];
  const name = 'apiserver_request_duration_seconds';
  let total = 0;
  const cumulative = buckets.map((count, index) => {
    total += count;
    const le = bounds[index] ?? '+Inf';
    return { labels: { ...labels, le }, value: total, metricName: `${name}_bucket` };
  });
  return [
    ...cumulative,
    { labels, value: seconds, metricName: `${name}_sum` },
    { labels, value: timed, metricName: `${name}_count` },
  ];
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

function labelsOf({ info, request, server }: Exchange): RequestLabels {
  const none = { group: '', version: '', resource: '', subresource: '', scope: '', component: 'apiserver' };
  const served = info?.isResource ? server.resources.at(info.group, info.version, info.resource) : undefined;
  if (served === undefined || (info.subresource !== '' && !(info.subresource in served.kind.subresources)))
    return { ...none, verb: methods.has(request.method) ? request.method : 'OTHER' };
  const { verb, group, version, resource, subresource } = info;
  return { ...none, verb: verb.toUpperCase(), group, version, resource, subresource, scope: scopeOf(info) };
}

function scopeOf({ name, namespace }: Exchange['info']): string {
  return name !== '' ? 'resource' : namespace !== '' ? 'namespace' : 'cluster';
}
