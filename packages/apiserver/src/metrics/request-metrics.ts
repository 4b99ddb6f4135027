import type { Exchange } from '../exchange.js';
import type { RequestInfo } from '../http/request-info.js';
import type { ServedKind } from '../registry/resource.js';
import { countedVerb, dryRunOf, type RequestLabels, RequestSeries, scopeOf } from './request-series.js';
import {
  countersByLabels,
  counts,
  Distribution,
  type ExposedMetric,
  exposed,
  type MetricValue,
  merged,
} from './series.js';

/** Upper bounds in seconds, as upstream has them. */
const stageSeconds = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 5, 10, 15, 30];

/**
 * Counts requests by their labels. The library that exposes them would cost as much as a get at each request; here a
 * request costs one look-up, and the library's form is made when somebody asks. As upstream does it, what is refused
 * before it reaches its verb (unknown, unauthenticated, forbidden) is counted where that is decided, not here.
 */
export class RequestMetrics {
  readonly #series = new Map<string, RequestSeries>();
  readonly #terminated = countersByLabels();
  readonly #aborted = countersByLabels();
  readonly #late = countersByLabels();
  readonly #inflight = { readOnly: 0, mutating: 0 };
  readonly #inqueue = { readOnly: 0, mutating: 0 };

  /** How long stages took that every request passes, in seconds. */
  readonly stages = {
    authentication: new Distribution(stageSeconds),
    authorization: new Distribution(stageSeconds),
  };

  /** Counts a request that begins. */
  begin({ request }: Exchange): void {
    this.#inflight[requestKind(request.method)] += 1;
  }

  /** Where a request is counted that has reached the verb of a resource. */
  ofResource({ info, request }: Exchange, served: ServedKind): RequestSeries {
    const contentType = info.verb === 'patch' ? request.headers['content-type'] : undefined;
    const dryRun = info.query.has('dryRun') ? dryRunOf(info) : '';
    return this.#seriesOf(info, served, { verb: countedVerb(info, contentType), dryRun });
  }

  /** Where requests for a path are counted that is no resource's. */
  ofPath({ request }: Exchange, labels: Partial<RequestLabels>): RequestSeries {
    const verb = verbOf(request.method);
    const key = `${verb} ${labels.subresource ?? ''}${labels.resource ?? ''}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      series = new RequestSeries({ ...noLabels, verb, ...labels });
      this.#series.set(key, series);
    }
    return series;
  }

  /** Counts a request whose answer is complete. */
  observe(exchange: Exchange): void {
    const { request, counted } = exchange;
    this.#inflight[requestKind(request.method)] -= 1;
    if (counted === undefined) return;
    const { waitedMs: waited, sentBytes: bytes } = exchange;
    const ms = exchange.server.now() - exchange.startedAt;
    counted.answered(exchange.status, { ms, waited, bytes });
  }

  /** Counts a request that the server ends to protect itself: one over its time, one too many, one for a server that is not there. */
  terminated(exchange: Exchange, code: 429 | 503 | 504): void {
    const series = this.#knownSeriesOf(exchange);
    this.#terminated.at({ ...series.labels, code: String(code) }).value += 1;
    // Nothing else counts a request that did not get its turn.
    if (code === 429) series.codes.set(code, (series.codes.get(code) ?? 0) + 1);
  }

  /** Counts the end of the work for a request that was over its time long before. */
  endedLate(status: 'ok' | 'error'): void {
    this.#late.at({ source: 'timeout-handler', status }).value += 1;
  }

  /** Counts an answer that had begun and was broken off. */
  aborted(exchange: Exchange): void {
    const { component: _, ...labels } = this.#knownSeriesOf(exchange).labels;
    this.#aborted.at(labels).value += 1;
  }

  /** Counts a request while it waits for its turn. */
  async waiting<T>({ request }: Exchange, turn: Promise<T>): Promise<T> {
    const kind = requestKind(request.method);
    this.#inqueue[kind] += 1;
    try {
      return await turn;
    } finally {
      this.#inqueue[kind] -= 1;
    }
  }

  /** Counts a watch or a stream while it is open. */
  async longRunning({ counted, request }: Exchange, run: () => Promise<void>): Promise<void> {
    const kind = requestKind(request.method);
    if (counted !== undefined) counted.open += 1;
    this.#inflight[kind] -= 1;
    try {
      await run();
    } finally {
      if (counted !== undefined) counted.open -= 1;
      this.#inflight[kind] += 1;
    }
  }

  /** As metrics that prom-client's registry takes. */
  metrics(): ExposedMetric[] {
    const stages = 'apiserver_request_filter_duration_seconds';
    const gauge = (name: string, help: string, of: Readonly<Record<string, number>>) =>
      exposed(name, 'gauge', help, () =>
        Object.entries(of).map(([kind, value]) => ({ labels: { request_kind: kind }, value })),
      );
    return [
      ...exposedSeries(() => [...this.#series.values()]),
      exposed(stages, 'histogram', '[ALPHA] Time that a stage takes that every request passes.', () =>
        Object.entries(this.stages).flatMap(([filter, seconds]) => seconds.values(stages, { filter })),
      ),
      gauge(
        'apiserver_current_inflight_requests',
        '[STABLE] Requests under way, watches and streams apart.',
        this.#inflight,
      ),
      gauge(
        'apiserver_current_inqueue_requests',
        '[ALPHA] Requests that wait for their turn.',
        this.#inqueue,
      ),
      counts(
        'apiserver_request_terminations_total',
        '[ALPHA] Requests that the server ended to protect itself.',
        this.#terminated,
      ),
      counts(
        'apiserver_request_post_timeout_total',
        '[ALPHA] Requests over their time whose work has ended after all.',
        this.#late,
      ),
      counts('apiserver_request_aborts_total', '[ALPHA] Answers that were broken off.', this.#aborted),
    ];
  }

  #seriesOf(
    info: RequestInfo,
    { resource }: ServedKind,
    { verb, dryRun }: { readonly verb: string; readonly dryRun: string },
  ): RequestSeries {
    const { group, version, resource: plural, subresource } = info;
    const scope = scopeOf(info);
    const key = `${verb} ${group}/${version}/${plural}/${subresource} ${scope} ${dryRun}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      const labels = { verb, group, version, resource: plural, subresource, scope, component: 'apiserver' };
      const deprecated = resource.rules.deprecation !== undefined;
      series = new RequestSeries(labels, { dryRun, deprecated, bodyVerb: bodyVerbOf(info) });
      this.#series.set(key, series);
    }
    return series;
  }

  /** For those that may not have reached a verb: a client must not be able to fill the memory with names of its own. */
  #knownSeriesOf(exchange: Exchange): RequestSeries {
    const { counted, info, server } = exchange;
    if (counted !== undefined) return counted;
    const served = info.isResource ? server.resources.at(info.group, info.version, info.resource) : undefined;
    if (served !== undefined && (info.subresource === '' || info.subresource in served.kind.subresources))
      return this.ofResource(exchange, served);
    return this.ofPath(exchange, { component: 'apiserver' });
  }
}

function exposedSeries(all: () => RequestSeries[]): ExposedMetric[] {
  const each = (values: (series: RequestSeries) => MetricValue[]) => () => merged(all().flatMap(values));
  const histogram = (name: string, help: string, of: (series: RequestSeries) => Distribution) =>
    exposed(
      name,
      'histogram',
      help,
      each((series) => of(series).values(name, series.labels)),
    );
  const duration = 'apiserver_request_duration_seconds';
  const sizes = 'apiserver_request_body_size_bytes';
  return [
    exposed(
      'apiserver_request_total',
      'counter',
      '[STABLE] Requests by verb, resource and code.',
      each(({ labels, dryRun, codes }) =>
        [...codes].map(([code, value]) => ({
          labels: { ...labels, dry_run: dryRun, code: String(code) },
          value,
        })),
      ),
    ),
    exposed(
      duration,
      'histogram',
      '[STABLE] Time from the arrival of a request to the end of its answer.',
      each(({ labels, dryRun, seconds }) => seconds.values(duration, { ...labels, dry_run: dryRun })),
    ),
    histogram(
      'apiserver_request_sli_duration_seconds',
      '[ALPHA] The same without the time of webhooks and of waiting for a turn; dry runs are left out.',
      ({ ownSeconds }) => ownSeconds,
    ),
    histogram(
      'apiserver_response_sizes',
      '[STABLE] Bytes of the answers to reads.',
      ({ answers }) => answers,
    ),
    exposed(
      sizes,
      'histogram',
      '[ALPHA] Bytes of the bodies of writes.',
      each(({ labels: { group, resource }, bodyVerb: verb, bodies }) =>
        bodies.values(sizes, { group, resource, verb }),
      ),
    ),
    exposed(
      'apiserver_longrunning_requests',
      'gauge',
      '[STABLE] Watches and streams that are open.',
      each(({ labels, open }) => (open === 0 ? [] : [{ labels, value: open }])),
    ),
    exposed(
      'apiserver_requested_deprecated_apis',
      'gauge',
      '[STABLE] Deprecated kinds that somebody asked for.',
      () => [...new Map(all().flatMap(deprecatedApi)).values()],
    ),
  ];
}

/** No kind that is served is to be removed in a release that is known. */
function deprecatedApi({ deprecated, labels, codes }: RequestSeries): [string, MetricValue][] {
  if (!deprecated || codes.size === 0) return [];
  const { group, version, resource, subresource } = labels;
  const named = { group, version, resource, subresource, removed_release: '' };
  return [[`${group}/${version}/${resource}/${subresource}`, { labels: named, value: 1 }]];
}

function bodyVerbOf({ verb }: RequestInfo): string {
  return verb === 'deletecollection' ? 'delete_collection' : verb;
}

function requestKind(method: string): 'readOnly' | 'mutating' {
  return method === 'GET' || method === 'HEAD' ? 'readOnly' : 'mutating';
}

const methods: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);

function verbOf(method: string): string {
  return method === 'HEAD' ? 'GET' : methods.has(method) ? method : 'other';
}

const noLabels: RequestLabels = {
  ...{ verb: '', group: '', version: '', resource: '', subresource: '', scope: '', component: '' },
};
