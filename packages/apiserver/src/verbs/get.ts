import { notFound } from '@kubewright/api';
import type { Exchange } from '../exchange.js';
import type { ServedKind } from '../registry/resource.js';
import { answerObject } from './answer.js';
import { resourceVersionOfGet, waitForVersion } from './read-options.js';

/** GET of one object, from the cache. */
export async function get(exchange: Exchange, served: ServedKind): Promise<void> {
  const { namespace, name } = exchange.info;
  const { cache } = served.resource;
  await waitForVersion(exchange, cache, resourceVersionOfGet(exchange));
  const entry = cache.get(served.resource.key(namespace, name));
  if (entry === undefined) throw notFound(served.kind, name);
  return answerObject(exchange, served, 200, entry);
}
