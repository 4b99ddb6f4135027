import type { Exchange } from '../exchange.js';
import { Distribution, type ExposedMetric, exposed, requestSeconds } from './series.js';

const requestLabels = ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'component'] as const;
type RequestLabels = Readonly<Record<(typeof requestLabels)[number], string>>;

/** Upper bounds of the answers to reads in bytes, as upstream has them. */
const responseBytes = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

interface Series {
  readonly labels: RequestLabels;
  /** Requests by code of the answer. */
  readonly codes: Map<number, number>;
  readonly seconds: Distribution;
  readonly bytes: Distribution;
  open: number;
}

/**
 * Counts requests by their labels. The library that exposes them would cost as much as a get at each request; here a
 * request costs one look-up, and the library's form is made when somebody asks.
 */
export class RequestMetrics {
  readonly #series = new Map<string, Series>();

  readonly #inflight = { readOnly: 0, mutating: 0 };

  /** Counts a request that begins. */
  begin({ request }: Exchange): void {
    this.#inflight[requestKind(request.method)] += 1;
  }

  /** Counts a request whose answer is complete. */
  observe(exchange: Exchange): void {
    const { request, status, info } = exchange;
    this.#inflight[requestKind(request.method)] -= 1;
    const series = this.#seriesOf(exchange);
    series.codes.set(status, (series.codes.get(status) ?? 0) + 1);
    if (status === 101 || info?.verb === 'watch') return;
    series.seconds.observe((exchange.server.now() - exchange.startedAt) / 1000);
    if (series.labels.verb === 'GET' || series.labels.verb === 'LIST')
      series.bytes.observe(exchange.sentBytes);
  }

  /** Counts a watch or an upgraded connection while it is open. */
  async longRunning(exchange: Exchange, run: () => Promise<void>): Promise<void> {
    const series = this.#seriesOf(exchange);
    const kind = requestKind(exchange.request.method);
    series.open += 1;
    this.#inflight[kind] -= 1;
    try {
      await run();
    } finally {
      series.open -= 1;
      this.#inflight[kind] += 1;
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
        () =>
          all().flatMap(({ labels, seconds }) =>
            seconds.values('apiserver_request_duration_seconds', labels),
          ),
      ),
      exposed('apiserver_response_sizes', 'histogram', 'Bytes of the answers to gets and lists.', () =>
        all().flatMap(({ labels, bytes }) => bytes.values('apiserver_response_sizes', labels)),
      ),
      exposed(
        'apiserver_current_inflight_requests',
        'gauge',
        'Requests under way, watches and upgrades apart.',
        () =>
          Object.entries(this.#inflight).map(([kind, value]) => ({ labels: { request_kind: kind }, value })),
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
        seconds: new Distribution(requestSeconds),
        bytes: new Distribution(responseBytes),
        open: 0,
      };
      this.#series.set(known, series);
    }
    return series;
  }
}

function requestKind(method: string): 'readOnly' | 'mutating' {
  return method === 'GET' || method === 'HEAD' ? 'readOnly' : 'mutating';
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
