import type { RequestInfo } from '../http/request-info.js';
import type { ResourceTable } from '../registry/resource-table.js';

/** Upstream's measures: bytes of a seat, and the most seats of a list. */
const bytesPerSeat = 100_000;
const maxSeats = 100;
/** What a list out of memory holds at once at most: it is sent in pieces. */
const streamedBytes = 1_000_000;

/**
 * How many seats a request takes: one, and more for a list, or a watch that begins with one, by what it reads.
 * Source: the work estimator of API Priority and Fairness.
 */
export function estimateSeats(info: RequestInfo, resources: ResourceTable): number {
  const { verb, query } = info;
  if (verb !== 'list' && verb !== 'watch') return 1;
  if (verb === 'watch') {
    const version = query.get('resourceVersion') ?? '';
    const hasInitialEvents = query.get('sendInitialEvents') === 'true' || version === '' || version === '0';
    if (!hasInitialEvents) return 1;
  }
  if ((query.get('fieldSelector') ?? '').includes('metadata.name=')) return 1;
  const cache = resources.at(info.group, info.version, info.resource)?.resource.cache;
  if (cache === undefined || cache.size === 0) return 1;
  const limit = Number(query.get('limit') ?? '0');
  const objects = limit > 0 ? Math.min(limit, cache.size) : cache.size;
  const bytes = Math.min(objects * (cache.statistics.bytes / cache.size), streamedBytes);
  return Math.min(maxSeats, Math.max(1, Math.ceil(bytes / bytesPerSeat)));
}
