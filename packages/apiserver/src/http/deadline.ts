import { ApiError, badRequest } from '@kubewright/api';
import type { Exchange } from '../exchange.js';
import type { ApiServer } from '../server.js';
import { backupPath } from './answer-backup.js';
import type { RequestInfo } from './request-info.js';

/** Upstream's `--request-timeout`; a client can only ask for less. */
export const longestRequestMs = 60_000;

/** What takes as long as its client wants. Source: kube-apiserver's long-running verbs and subresources. */
const longRunningSubresources = new Set(['attach', 'exec', 'proxy', 'log', 'portforward']);
const longRunningPaths: ReadonlySet<string> = new Set([backupPath]);
/** Profiles take as long as they are asked to. */
const profiles = '/debug/pprof/';

/**
 * How long a request may take; undefined for what runs as long as its client wants.
 * @throws ApiError BadRequest for a `timeout` that is no duration
 */
export function allowedMs({ info, server }: Exchange): number | undefined {
  if (
    info.verb === 'watch' ||
    (info.isResource ? longRunningSubresources.has(info.subresource) : isLongRunningPath(info.path))
  )
    return undefined;
  if (info.subresource !== '' && isStream(server, info)) return undefined;
  const text = info.query.get('timeout') ?? '';
  const asked = text === '' ? 0 : durationMs(text);
  return asked > 0 ? Math.min(asked, longestRequestMs) : longestRequestMs;
}

function isLongRunningPath(path: string): boolean {
  return longRunningPaths.has(path) || path.startsWith(profiles);
}

/** Whether a kind of one's own says that a subresource of it streams. */
function isStream({ resources }: ApiServer, info: RequestInfo): boolean {
  const served = resources.at(info.group, info.version, info.resource);
  return served?.kind.subresources[info.subresource]?.connect === true;
}

/** The answer to a request that took too long, in upstream's words. */
export function requestTimeout(): ApiError {
  return new ApiError('Timeout', 'Timeout: request did not complete within the allotted timeout', {
    details: {},
  });
}

const unitsMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Reads a duration as Go writes it (`1m30s`); the errors are Go's. */
function durationMs(text: string): number {
  const refusal = (why: string) =>
    badRequest(`invalid timeout specified in the request URL - time: ${why} ${JSON.stringify(text)}`);
  const [, sign = '', rest = ''] = /^([-+]?)(.*)$/s.exec(text) ?? [];
  if (rest === '0') return 0;
  let total = 0;
  let at = 0;
  while (at < rest.length || at === 0) {
    const [part, number = '', unit = ''] = /^(\d+\.?\d*|\.\d+)([^.\d]*)/.exec(rest.slice(at)) ?? [];
    if (part === undefined) throw refusal('invalid duration');
    if (unit === '') throw refusal('missing unit in duration');
    const unitMs = Object.hasOwn(unitsMs, unit) ? unitsMs[unit] : undefined;
    if (unitMs === undefined) throw refusal(`unknown unit ${JSON.stringify(unit)} in duration`);
    total += Number(number) * unitMs;
    at += part.length;
  }
  return sign === '-' ? -total : total;
}
