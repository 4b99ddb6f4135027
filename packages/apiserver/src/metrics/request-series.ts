import type { RequestInfo } from '../http/request-info.js';
import { Distribution, requestSeconds } from './series.js';

/**
 * What tells requests apart, as upstream does it: the verb is that of HTTP, or `LIST`, `WATCH`, `APPLY`, `CONNECT`; a
 * path that is no resource's has its name as the subresource.
 */
export type RequestLabels = Readonly<
  Record<'verb' | 'group' | 'version' | 'resource' | 'subresource' | 'scope' | 'component', string>
>;

/** Upper bounds in bytes of answers to reads, and of bodies of writes, as upstream has them. */
const responseBytes = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
const bodyBytes = Array.from({ length: 31 }, (_, step) => 50_000 + step * 100_000);
/** In seconds, of what the server itself needs. */
const sliSeconds = requestSeconds.slice(2);

/** What is counted of requests with the same labels. */
export class RequestSeries {
  readonly labels: RequestLabels;
  /** As the client said it: `All`, `invalid`, or nothing. */
  readonly dryRun: string;
  /** Whether clients are told to use something else. */
  readonly deprecated: boolean;
  /** Requests by code of the answer. */
  readonly codes = new Map<number, number>();
  readonly seconds = new Distribution(requestSeconds);
  /** Without the time of webhooks and queues. */
  readonly ownSeconds = new Distribution(sliSeconds);
  readonly answers = new Distribution(responseBytes);
  readonly bodies = new Distribution(bodyBytes);
  /** `create`, `delete_collection`; what the sizes of bodies are told apart by. */
  readonly bodyVerb: string;
  open = 0;
  readonly #reads: boolean;

  constructor(
    labels: RequestLabels,
    more: { readonly dryRun?: string; readonly deprecated?: boolean; readonly bodyVerb?: string } = {},
  ) {
    this.labels = labels;
    this.dryRun = more.dryRun ?? '';
    this.deprecated = more.deprecated ?? false;
    this.bodyVerb = more.bodyVerb ?? '';
    this.#reads = readVerbs.has(labels.verb) && this.dryRun === '';
  }

  /** @param waited milliseconds of them that webhooks and queues took */
  answered(code: number, of: { readonly ms: number; readonly waited: number; readonly bytes: number }): void {
    this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
    this.seconds.observe(of.ms / 1000);
    if (this.dryRun === '') this.ownSeconds.observe((of.ms - of.waited) / 1000);
    if (this.#reads) this.answers.observe(of.bytes);
  }
}

const readVerbs: ReadonlySet<string> = new Set(['GET', 'LIST', 'WATCH']);

/** Subresources whose requests go to somebody else. Source: apiserver's `validConnectRequests`. */
const connections: ReadonlySet<string> = new Set(['log', 'exec', 'portforward', 'attach', 'proxy']);

const verbs: Readonly<Record<string, string>> = {
  get: 'GET',
  list: 'LIST',
  watch: 'WATCH',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETE',
};

/** The verb as metrics have it. Source: apiserver's `CleanVerb`. */
export function countedVerb({ verb, subresource }: RequestInfo, contentType: string | undefined): string {
  if (subresource !== '' && connections.has(subresource)) return 'CONNECT';
  if (verb === 'patch' && contentType === 'application/apply-patch+yaml') return 'APPLY';
  return verbs[verb] ?? 'other';
}

/** Source: apiserver's `CleanScope`. */
export function scopeOf({ name, namespace, verb }: RequestInfo): 'resource' | 'namespace' | 'cluster' {
  if (name !== '' || verb === 'create') return 'resource';
  return namespace !== '' ? 'namespace' : 'cluster';
}

/** Source: apiserver's `cleanDryRun`. */
export function dryRunOf({ query }: RequestInfo): string {
  const values = query.getAll('dryRun');
  return values.every((value) => value === 'All') ? (values[0] ?? '') : 'invalid';
}
