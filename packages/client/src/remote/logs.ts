import type { CallOptions } from '../options.js';
import { readLines } from '../request/body.js';
import { queryOf } from '../request/query.js';
import type { Requester } from '../request/requester.js';

export interface LogOptions extends CallOptions {
  /** @default the pod's only container */
  readonly container?: string | undefined;
  /** Goes on while the container runs. */
  readonly follow?: boolean | undefined;
  /** The container before the last restart. */
  readonly previous?: boolean | undefined;
  readonly sinceSeconds?: number | undefined;
  /** RFC 3339. */
  readonly sinceTime?: string | undefined;
  readonly tailLines?: number | undefined;
  readonly limitBytes?: number | undefined;
  /** An RFC 3339 time before each line. */
  readonly timestamps?: boolean | undefined;
}

/** The lines of a log, decoded as UTF-8, without their line ends. */
export async function* readLog(
  requester: Requester,
  path: string,
  options: LogOptions,
): AsyncGenerator<string, void, undefined> {
  const response = await requester.stream({
    method: 'GET',
    path,
    query: queryOf({
      container: options.container,
      follow: options.follow,
      previous: options.previous,
      sinceSeconds: options.sinceSeconds,
      sinceTime: options.sinceTime,
      tailLines: options.tailLines,
      limitBytes: options.limitBytes,
      timestamps: options.timestamps,
    }),
    accept: 'text/plain, application/json, */*',
    signal: options.signal,
    timeoutMs: options.timeoutMs,
  });
  yield* readLines(response.body);
}
