import { ApiError, badRequest, isGone } from '@kubewright/api';
import type { ObjectList } from '../cache/object-list.js';
import type { ListQuery } from '../cache/resource-cache.js';
import type { Turn } from '../cache/turns.js';
import type { Exchange } from '../exchange.js';
import type { ServedKind } from '../registry/resource.js';
import { tooLargeRevision } from '../storage/storage.js';
import type { ListMetadata } from '../tables/forms.js';
import { ConvertedSelection } from './converted-selection.js';
import { type ContinueToken, decodeContinue, encodeContinue, versionOptions } from './list-options.js';
import { numberOption, resourceVersionOf, type Scope, scopeOf, waitForVersion } from './read-options.js';

/** What a list asked for: the objects, which the caller releases, and what the answer says besides them. */
export interface Page {
  readonly list: ObjectList;
  readonly metadata: ListMetadata;
}

/**
 * Reads the page that the query of a list names. Which state of the objects it shows follows from `resourceVersion`,
 * `resourceVersionMatch`, `limit` and `continue`. Source: the table in "Semantics for get and list" of the API concepts.
 * @throws ApiError Invalid, BadRequest, Expired, Timeout
 */
export async function readPage(exchange: Exchange, served: ServedKind, turn: Turn): Promise<Page> {
  const { cache } = served.resource;
  const limit = numberOption(exchange, 'limit');
  numberOption(exchange, 'timeoutSeconds');
  const { match } = versionOptions(exchange, false);
  const scope = scopeOf(exchange, served);
  const { namespace } = scope;
  const prefix = namespace === undefined ? served.resource.prefix : served.resource.key(namespace, '');
  const { query } = exchange.info;
  const text = query.get('continue') ?? '';
  const converted = ConvertedSelection.of(served, scope);
  const select = (wanted: ListQuery) =>
    converted === undefined ? cache.select(wanted, turn) : converted.list(cache, wanted, turn);
  const paged = limit > 0 ? { ...scope, limit } : scope;
  if (text !== '') {
    const token = decodeContinue(text, prefix);
    if (!['', '0'].includes(query.get('resourceVersion') ?? ''))
      throw badRequest('specifying resource version is not allowed when using continue');
    await waitForVersion(exchange, cache, undefined);
    const list = await select({ ...paged, ...startOf(token) }).catch((error: unknown) =>
      Promise.reject(isGone(error) ? outdated(token, prefix) : error),
    );
    return { list, metadata: metadataOf(list, scope, prefix, token.remaining) };
  }
  const version = resourceVersionOf(exchange);
  const exact = version !== undefined && (match === 'Exact' || (match === undefined && limit > 0));
  if (exact && version > cache.revision) {
    // What is exactly so is not waited for.
    const newest = await exchange.server.storage.revision();
    if (version > newest) throw tooLargeRevision(version, newest);
  }
  const waiting = waitForVersion(exchange, cache, version);
  await (version === undefined ? cache.consistentRead(waiting) : waiting);
  // As upstream's cache: a list that takes any version is not cut into pages.
  if (version === 0) return whole(await select(scope));
  const list = await select(exact ? { ...paged, revision: version } : paged);
  return { list, metadata: metadataOf(list, scope, prefix, list.total) };
}

function whole(list: ObjectList): Page {
  return { list, metadata: { resourceVersion: String(list.revision) } };
}

/** A token without a revision goes on in the newest state. */
function startOf({ revision, startAfter }: ContinueToken): { startAfter: string; revision?: number } {
  return revision === undefined ? { startAfter } : { startAfter, revision };
}

/** @param before how many objects there were from the start of the page on */
function metadataOf(
  list: ObjectList,
  { selection }: Scope,
  prefix: string,
  before: number | undefined,
): ListMetadata {
  const { revision, last } = list;
  const resourceVersion = String(revision);
  if (!list.more || last === undefined) return { resourceVersion };
  // With selectors the count would be of objects that the client may never see.
  const selectsAll = selection.labels === undefined && selection.fields === undefined;
  const remaining = selectsAll && before !== undefined ? before - list.length : undefined;
  return {
    resourceVersion,
    continue: encodeContinue({ revision, startAfter: last.key, remaining }, prefix),
    ...(remaining === undefined ? {} : { remainingItemCount: remaining }),
  };
}

/** The state of the first page is gone. The token in the answer goes on in the newest, for who can live with that. */
function outdated({ startAfter }: ContinueToken, prefix: string): ApiError {
  const token = encodeContinue({ revision: undefined, startAfter, remaining: undefined }, prefix);
  return new ApiError('Expired', outdatedMessage, { continue: token });
}

const outdatedMessage =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';
