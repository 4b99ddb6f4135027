import type { KubernetesObject, Status, WatchEvent } from '@kubewright/api';
import { ApiError } from '@kubewright/api/protocol';
import type { WatchOptions } from '../options.js';
import { readLines } from '../request/body.js';
import { watchQuery } from '../request/query.js';
import type { Requester } from '../request/requester.js';

/** One event of a watch as it is on the wire. Errors are thrown. */
export type ObjectEvent<T extends KubernetesObject> = Exclude<WatchEvent<T>, { readonly type: 'ERROR' }>;

/**
 * One watch request: its events until the server ends it.
 * @throws ApiError for a refusal and for an ERROR event (`isGone` when the revision is compacted), TransportError when
 * the connection breaks
 */
export async function* openWatch<T extends KubernetesObject>(
  requester: Requester,
  path: string,
  options: WatchOptions,
  accept?: string,
): AsyncGenerator<ObjectEvent<T>, void, undefined> {
  const response = await requester.stream({
    method: 'GET',
    path,
    query: watchQuery(options),
    ...(accept === undefined ? {} : { accept }),
    signal: options.signal,
    timeoutMs: options.timeoutMs,
  });
  for await (const line of readLines(response.body)) yield parseWatchLine<T>(line);
}

/** @throws ApiError for an ERROR event, SyntaxError for a line that is no event, such as a truncated one */
export function parseWatchLine<T extends KubernetesObject>(line: string): ObjectEvent<T> {
  const event: unknown = JSON.parse(line);
  if (typeof event !== 'object' || event === null || !('type' in event) || !('object' in event))
    throw new SyntaxError(`this is no watch event: ${line.slice(0, 200)}`);
  if (event.type === 'ERROR') throw ApiError.fromStatus(event.object as Status);
  return event as ObjectEvent<T>;
}
