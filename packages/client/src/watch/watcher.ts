import type { KubernetesObject } from '@kubewright/api';
import {
  type ApiError,
  initialEventsEnd,
  isApiError,
  isGone,
  isTooManyRequests,
} from '@kubewright/api/protocol';
import { bindSignal } from '../abort.js';
import { type Clock, sleep, systemClock } from '../clock.js';
import type { ListOptions, ObjectList, SelectorOptions, WatchOptions } from '../options.js';
import { retryAfterMs } from '../request/answer.js';
import { ObjectCache, objectKey } from './object-cache.js';
import type { ObjectEvent } from './watch.js';

/** What the watcher says of the objects that it follows. */
export type WatcherEvent<T extends KubernetesObject> =
  | { readonly type: 'added'; readonly object: T }
  | { readonly type: 'modified'; readonly object: T; readonly previous: T }
  /** `object` is the last state there was, `previous` the one delivered before; not `observed` when its end was missed. */
  | { readonly type: 'deleted'; readonly object: T; readonly previous: T; readonly observed: boolean }
  /** Nothing happened up to this revision that was not delivered. */
  | { readonly type: 'bookmark'; readonly resourceVersion: string }
  /** A list is delivered whole, as its differences from what was known before. */
  | { readonly type: 'synced'; readonly resourceVersion: string }
  /** A list begins anew because the revision that the watch stood at is gone. */
  | { readonly type: 'restarted'; readonly reason: string };

/** What the watcher does at the moment, for logs and metrics. */
export type WatcherState =
  | { readonly name: 'listing' }
  | { readonly name: 'watching'; readonly resourceVersion: string }
  /** Waits before it tries again. */
  | {
      readonly name: 'waiting';
      readonly delayMs: number;
      readonly failures: number;
      readonly error: unknown;
    };

export interface WatcherOptions extends SelectorOptions {
  /** The one thing that ends a watcher: it then returns without an error. */
  readonly signal?: AbortSignal | undefined;
  /** Objects to a page of the list. @default 500 */
  readonly pageSize?: number | undefined;
  /** After how long without a word a watch is resumed, since its connection may be half open. @default 90_000 */
  readonly quietMs?: number | undefined;
  readonly onState?: ((state: WatcherState) => void) | undefined;
  readonly clock?: Clock | undefined;
  /** Between 0 and 1, as Math.random. */
  readonly random?: (() => number) | undefined;
}

/** Where a watcher gets its objects from: a ResourceClient, or anything that lists and watches. */
export interface WatchSource<T extends KubernetesObject> {
  list(options: ListOptions): Promise<ObjectList<T>>;
  watch(options: WatchOptions): AsyncIterable<ObjectEvent<T>>;
  /** Whether to ask for lists as streams (`sendInitialEvents`) until the server refuses that. @default false */
  readonly streamsLists?: boolean;
}

/** Where the watcher stands between two requests. */
type Position = { readonly name: 'list'; readonly reason?: string } | { readonly name: 'watch' };

/** Ends a watch that was quiet for too long; never seen outside. */
const quiet = Symbol('quiet');

/**
 * Lists and watches for ever, until the signal aborts.
 *
 * A server that offers it sends the list as the first events of the watch, which costs it least (KEP-3157); another,
 * and one that fails at it, is asked for pages. The list asks for the newest state (no resourceVersion, in pages), not for any state (`0`): it is then never older
 * than what was delivered before, and what the caller wrote before is in it. The watch goes on from the list's
 * revision, asks for bookmarks, and is resumed from the last revision seen after whatever ended it. Only a revision
 * that the server no longer has (410) makes it list again.
 */
export async function* watchObjects<T extends KubernetesObject>(
  source: WatchSource<T>,
  options: WatcherOptions & { readonly cache?: ObjectCache<T> | undefined } = {},
): AsyncGenerator<WatcherEvent<T>, void, undefined> {
  const { signal, clock = systemClock, random = Math.random } = options;
  const cache = options.cache ?? new ObjectCache<T>();
  let position: Position = { name: 'list' };
  // Only what a watch brings sets this back: a list that succeeds between two refused watches is no progress.
  let failures = 0;
  let streams = source.streamsLists === true;
  // Set while a streamed list has failed on the server, as on a kube-apiserver over an older etcd: pages may do.
  let pages = false;
  while (!signal?.aborted) {
    /** The objects of a list while it is streamed. */
    let streamed: Map<string, T> | undefined;
    try {
      if (position.name === 'list') {
        options.onState?.({ name: 'listing' });
        if (position.reason !== undefined) yield { type: 'restarted', reason: position.reason };
        if (streams && !pages) streamed = new Map();
        else {
          const { items, resourceVersion } = await listAll(source, options);
          pages = false;
          yield* cache.replace(items, resourceVersion);
          position = { name: 'watch' };
        }
      }
      let resourceVersion: string = cache.resourceVersion ?? '';
      if (streamed === undefined) options.onState?.({ name: 'watching', resourceVersion });
      let startedAt = clock.now();
      const from = streamed === undefined ? resourceVersion : undefined;
      for await (const event of watchOnce(source, from, { ...options, clock, random })) {
        if (streamed === undefined) {
          failures = 0;
          yield* cache.take(event);
        } else if (isListEnd(event)) {
          const items = [...streamed.values()];
          streamed = undefined;
          resourceVersion = event.object.metadata.resourceVersion ?? '';
          yield* cache.replace(items, resourceVersion);
          position = { name: 'watch' };
          startedAt = clock.now();
          options.onState?.({ name: 'watching', resourceVersion });
        } else collect(streamed, event);
      }
      // Also where the server does not know of streams, and sends events without ever an end of the list.
      if (streamed !== undefined) {
        streams = false;
        throw new Error('the watch ended before it had sent the whole list');
      }
      // A server ends each watch after a while. One that does so at once is not well.
      if (clock.now() - startedAt < shortWatchMs && cache.resourceVersion === resourceVersion)
        throw new Error('the watch ended as soon as it began');
      failures = 0;
    } catch (error) {
      if (signal?.aborted) return;
      if (streamed !== undefined && isApiError(error) && !isTooManyRequests(error)) {
        if (refusesStreams(error)) streams = false;
        else {
          pages = true;
          options.onState?.({ name: 'waiting', delayMs: 0, failures, error });
        }
        continue;
      }
      if (position.name === 'watch' && mustListAnew(error)) {
        position = { name: 'list', reason: error.message };
        // The first time this is what happens to any long-lived watch; again without progress, it is a fault.
        if (failures++ === 0) continue;
      } else failures++;
      const delayMs = Math.max(backoffMs(failures, random), askedDelayMs(error));
      options.onState?.({ name: 'waiting', delayMs, failures, error });
      await sleep(clock, delayMs, signal).catch(() => undefined); // Only an abort ends it early, which the loop sees.
    }
  }
}

function isListEnd(event: ObjectEvent<KubernetesObject>): boolean {
  return event.type === 'BOOKMARK' && event.object.metadata.annotations?.[initialEventsEnd] === 'true';
}

/** Objects may change while their list is still on its way. */
function collect<T extends KubernetesObject>(list: Map<string, T>, event: ObjectEvent<T>): void {
  if (event.type === 'BOOKMARK') return;
  if (event.type === 'DELETED') list.delete(objectKey(event.object));
  else list.set(objectKey(event.object), event.object);
}

/** Servers that don't have streams call the parameters invalid. */
function refusesStreams({ code }: ApiError): boolean {
  return code === 400 || code === 422;
}

const shortWatchMs = 1000;
const baseDelayMs = 500;
const maxDelayMs = 30_000;

/** Doubles up to half a minute; between half of that and all of it, so that many watchers do not return together. */
function backoffMs(failures: number, random: () => number): number {
  return Math.min(baseDelayMs * 2 ** (failures - 1), maxDelayMs) * (0.5 + random() / 2);
}

/** What the server asks to wait at least. */
function askedDelayMs(error: unknown): number {
  if (!isApiError(error)) return 0;
  return retryAfterMs(error) ?? (error.details?.retryAfterSeconds ?? 0) * 1000;
}

/** The revision is compacted, or lies in the future of a store that was set back. */
function mustListAnew(error: unknown): error is ApiError {
  if (isGone(error)) return true;
  return (
    isApiError(error) &&
    (error.details?.causes ?? []).some(({ reason }) => reason === 'ResourceVersionTooLarge')
  );
}

async function listAll<T extends KubernetesObject>(
  source: WatchSource<T>,
  options: WatcherOptions,
): Promise<{ readonly items: readonly T[]; readonly resourceVersion: string }> {
  const { labelSelector, fieldSelector, signal, pageSize = 500 } = options;
  const selection = { labelSelector, fieldSelector, signal };
  let page = await source.list({ ...selection, limit: pageSize });
  let items: readonly T[] = page.items;
  while (page.metadata.continue)
    try {
      page = await source.list({ ...selection, limit: pageSize, continue: page.metadata.continue });
      items = items.concat(page.items);
    } catch (error) {
      if (!isGone(error)) throw error;
      // The pages outlived their revision, as they would again: take all in one piece.
      page = await source.list(selection);
      items = page.items;
    }
  return { items, resourceVersion: page.metadata.resourceVersion ?? '' };
}

/**
 * One watch, which ends in silence when nothing was heard for too long.
 * @param resourceVersion where it goes on; undefined to begin with the whole list
 */
async function* watchOnce<T extends KubernetesObject>(
  source: WatchSource<T>,
  resourceVersion: string | undefined,
  options: WatcherOptions & { readonly clock: Clock; readonly random: () => number },
): AsyncGenerator<ObjectEvent<T>, void, undefined> {
  const { clock, quietMs = 90_000, signal, labelSelector, fieldSelector } = options;
  const ending = bindSignal({ signal });

  // Undefined while the caller is busy with an event: that silence is ours.
  let silentSince: number | undefined;
  const watchSilence = (delayMs: number): (() => void) =>
    clock.schedule(delayMs, () => {
      const silentMs = silentSince === undefined ? 0 : clock.now() - silentSince;
      if (silentMs >= quietMs) ending.abort(quiet);
      else cancelTimer = watchSilence(quietMs - silentMs);
    });
  let cancelTimer = watchSilence(quietMs);

  try {
    const events = source.watch({
      resourceVersion,
      sendInitialEvents: resourceVersion === undefined ? true : undefined,
      labelSelector,
      fieldSelector,
      allowWatchBookmarks: true,
      // Between five and ten minutes, as client-go, so that connections spread over servers again.
      timeoutSeconds: Math.round(300 * (1 + options.random())),
      signal: ending.signal,
    });
    silentSince = clock.now();
    for await (const event of events) {
      silentSince = undefined;
      yield event;
      silentSince = clock.now();
    }
  } catch (error) {
    if (ending.signal.reason !== quiet) throw error;
  } finally {
    cancelTimer();
    ending.end();
  }
}
