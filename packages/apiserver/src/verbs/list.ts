import type { CacheList } from '../cache/resource-cache.js';
import type { Exchange } from '../exchange.js';
import type { ServedKind } from '../registry/resource.js';
import { formOf, type ListMetadata, listPieces } from '../tables/forms.js';
import { decodeContinue, encodeContinue, versionOptions } from './list-options.js';
import { numberOption, resourceVersionOf, scopeOf, waitForVersion } from './read-options.js';

/** GET of a collection. */
export async function list(exchange: Exchange, served: ServedKind): Promise<void> {
  const found = await read(exchange, served);
  const { prefix } = served.resource;
  const last = found.entries.at(-1);
  const metadata: ListMetadata = {
    resourceVersion: String(found.revision),
    ...(found.more && last !== undefined
      ? { continue: encodeContinue({ revision: found.revision, startAfter: last.key }, prefix) }
      : {}),
  };
  const form = formOf(exchange.accepted, exchange.info.query);
  const pieces = listPieces(served, form, found.entries, metadata, exchange.server.now());
  await sendPieces(exchange, pieces);
}

async function read(exchange: Exchange, served: ServedKind): Promise<CacheList> {
  const { cache, prefix } = served.resource;
  const { match } = versionOptions(exchange, false);
  const scope = scopeOf(exchange, served);
  const token = exchange.info.query.get('continue') ?? '';
  const version = resourceVersionOf(exchange);
  // As upstream's cache: a list that takes any version is not cut into pages.
  const limit = version === 0 ? 0 : numberOption(exchange, 'limit');
  const query = { ...scope, ...(limit > 0 ? { limit } : {}) };
  if (token !== '') return cache.list({ ...query, ...decodeContinue(token, prefix) });
  await waitForVersion(exchange, cache);
  return cache.list(match === 'Exact' && version !== undefined ? { ...query, revision: version } : query);
}

/** Small lists in one piece; long ones as a stream that leaves the event loop to others between the pieces. */
async function sendPieces(exchange: Exchange, pieces: Generator<Uint8Array>): Promise<void> {
  const { type } = exchange.accepted;
  const first = pieces.next();
  if (first.done) return;
  const second = pieces.next();
  if (second.done) {
    exchange.send(200, type, first.value);
    return;
  }
  const stream = exchange.open(200, type);
  stream.write(first.value);
  for (let piece: IteratorResult<Uint8Array> = second; !piece.done; piece = pieces.next()) {
    if (exchange.request.signal.aborted) return;
    if (!stream.write(piece.value)) await stream.drained();
    await new Promise((resolve) => setImmediate(resolve));
  }
  stream.end();
}
