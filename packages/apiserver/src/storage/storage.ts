import { ApiError } from '@kubewright/api';

/**
 * Where objects are kept. The meaning is etcd's: opaque keys to opaque bytes, one global revision, compare-and-swap on
 * the revision that last changed a key, a watch that replays from a revision, compaction. No state on which correctness
 * depends lives outside of it, so that any number of servers may share an engine that allows it.
 *
 * There are two reads. {@link get}, {@link list} and {@link watch} see what is durable. {@link write} alone sees the
 * newest accepted state, durable or not yet. Whatever depends on a revision that is not durable yet (the answer to a
 * write, a refusal, a watch event) leaves the engine only when it is.
 *
 * Values are whole objects in canonical JSON *without* their resourceVersion, which is known only after the commit: it
 * is {@link StorageEntry.revision}. An engine does not look inside.
 */
export interface Storage {
  /**
   * The newest durable revision, at least as new as every write that was acknowledged, by any server, before the call.
   * An engine that is shared asks its peers; callers that need it at the same time share one question.
   */
  revision(): Promise<number>;

  /**
   * The entry of a key at the newest durable revision.
   * @returns `entry` is undefined where there is none; `revision` is the one that was read at.
   */
  get(key: string): Promise<GetResult>;

  /**
   * The entries whose keys start with `prefix` (`''` is everything), in the order of their keys ({@link compareKeys}),
   * exactly as they were at one revision: `options.revision`, or else the newest durable one. A caller that pages
   * passes the first page's revision and its last key.
   * @throws ApiError Expired (410) where the revision is compacted ({@link listExpired}), Timeout (504) where it is in
   * the future ({@link tooLargeRevision}).
   */
  list(prefix: string, options?: ListOptions): Promise<ListResult>;

  /**
   * All entries below `prefix` at the newest revision, at once. Only engines that have everything in memory can.
   */
  listNow?(prefix: string): ListResult;

  /**
   * The one way to change a key: reads its newest state (pending ones included), asks `decide` what to do, and accepts
   * the decision only if nothing changed the key meanwhile; else it asks again with the newer state. `decide` may be
   * asynchronous, may run several times, and must not depend on earlier runs. Where it is synchronous an engine with
   * a single writer runs it once. Writes to one key are accepted in the order of their revisions.
   *
   * Whatever `decide` throws (a refusal: conflict, already exists, not found, invalid) becomes the rejection, once the
   * state that it saw is durable and, in an engine that decides on a cached state, confirmed.
   *
   * When the promise resolves, the change is durable, and every watcher of this engine that had caught up has been
   * given its event.
   * @returns the revision of the change (of a delete too, which has one of its own); for `keep` that of the entry, 0
   * where there is none.
   * @throws ApiError InternalError where the flush failed. Every write accepted after it and not durable yet fails too,
   * as do refusals that saw it, and the engine goes on from what is durable. (Nearly always the change did not happen;
   * a disk that failed late may have kept it, and then readers and watchers get it as usual.)
   */
  write(key: string, decide: Decide): Promise<number>;

  /**
   * Every change after revision `after`, over the whole keyspace, in order, none missing and none twice. What is past
   * comes first in batches, then each flush as one batch, before the writes of that flush resolve. The listeners run
   * synchronously and must not throw; nothing is buffered for them. A watch from a future revision is silent until
   * that has passed.
   *
   * Where `after` is compacted, or falls behind compaction while the past is replayed, `onEnd` is called with ApiError
   * Expired ({@link watchExpired}). It is never called within this call, and nothing follows it.
   */
  watch(after: number, watcher: StorageWatcher): StorageWatch;

  /**
   * Forgets what is only visible at revisions below `revision`: lists at and watches after an older one are Expired
   * from then on, while `revision` itself stays readable. Engines also compact by themselves, in small steps.
   * A revision at or below the last compaction, or in the future, changes nothing or as much as is possible.
   */
  compact(revision: number): Promise<void>;

  /**
   * Tells an engine that can delete keys by itself (etcd's leases) that those that start with `prefix` go so many seconds
   * after their last write from now on. Without this method the server deletes them.
   */
  expireAfter?(prefix: string, seconds: number): void;

  /** How many bytes the store takes of its disk, with what is free in them. Engines without a disk have no such method. */
  size?(): Promise<number>;

  /** Waits for the accepted writes, ends the watches (`onEnd` without error), frees the store. May be called twice. */
  close(): Promise<void>;
}

/** A key's value, and the revision that wrote it: the object's resourceVersion. `value` must not be changed. */
export interface StorageEntry {
  readonly key: string;
  readonly value: Buffer;
  readonly revision: number;
}

export interface GetResult {
  readonly entry: StorageEntry | undefined;
  readonly revision: number;
}

export interface ListOptions {
  /** Only keys after this one. */
  readonly startAfter?: string;
  /** At most so many entries. @default all */
  readonly limit?: number;
  /** Exactly at this revision. @default the newest durable one */
  readonly revision?: number;
}

export interface ListResult {
  readonly entries: readonly StorageEntry[];
  /** The revision at which all of the entries were current. */
  readonly revision: number;
  /** Whether `limit` cut the list short. */
  readonly more: boolean;
}

/**
 * What becomes of a key. `keep` changes nothing and takes no revision; deleting what is not there is `keep` too.
 * `unchanged` says that what is there would have been put: who stores it otherwise now (under another key) stores it anew.
 */
export type Decision =
  | { readonly put: Uint8Array }
  | { readonly delete: true }
  | { readonly keep: true; readonly unchanged?: true };

/** Decides from the newest state of a key, or throws a refusal. The bytes of a `put` belong to the engine afterwards. */
export type Decide = (current: StorageEntry | undefined) => Decision | Promise<Decision>;

/** One change of one key. */
export interface StorageEvent {
  readonly key: string;
  readonly revision: number;
  /** Undefined: the key was deleted. */
  readonly value: Buffer | undefined;
  /** What was there before; undefined: the key was created. A delete always has it. */
  readonly previous: StorageEntry | undefined;
}

export interface StorageWatcher {
  /**
   * Events in order (none where only time went by), and the revision up to which the watcher now knows all. Events of
   * one revision (a transaction of somebody else on a shared engine) are never split over two batches.
   */
  onEvents(events: readonly StorageEvent[], revision: number): void;
  /** The watch is over: with an error, or without one because the engine was closed. Not called after `close()`. */
  onEnd(error: Error | undefined): void;
}

export interface StorageWatch {
  /** Ends the watch; no listener is called from then on. */
  close(): void;
}

/** Thrown by a list at a compacted revision. (A verb that pages words it as its continue token requires.) */
export function listExpired(): ApiError {
  return new ApiError('Expired', 'The resourceVersion for the provided list is too old.');
}

/** Given to a watcher whose revision is compacted. */
export function watchExpired(): ApiError {
  return new ApiError('Expired', 'The resourceVersion for the provided watch is too old.');
}

/** A revision that no write has reached yet. Upstream answers a Timeout with this cause, and clients know it by that. */
export function tooLargeRevision(requested: number, current: number, retryAfterSeconds?: number): ApiError {
  return new ApiError('Timeout', `Timeout: Too large resource version: ${requested}, current: ${current}`, {
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    },
  });
}

export function storageClosed(): ApiError {
  return new ApiError('ServiceUnavailable', 'the storage is closed');
}

/** The answer to every write that a failed flush took with it. */
export function flushFailed(cause: unknown): ApiError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ApiError(
    'InternalError',
    `Internal error occurred: the write could not be made durable: ${why}`,
    {
      cause,
    },
  );
}

/**
 * The order of keys: that of their UTF-8 bytes, as in etcd and LMDB. (JavaScript's own order of strings differs where
 * a surrogate meets a character above U+DFFF.)
 */
export function compareKeys(a: string, b: string): number {
  if (a === b) return 0;
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) {
      if (x >= 0xd800 && y >= 0xd800) return surrogatesLast(x) - surrogatesLast(y);
      return x - y;
    }
  }
  return a.length - b.length;
}

function surrogatesLast(unit: number): number {
  return unit < 0xe000 ? unit + 0x10000 : unit;
}

/** What a conditional write on a revision came to: the new revision, or the entry that was in the way. */
export type SwapResult =
  | { readonly swapped: true; readonly revision: number }
  | { readonly swapped: false; readonly current: StorageEntry | undefined };

/**
 * Compare-and-swap: puts `value`, or deletes the key where it is undefined, if the key was last changed by `revision`
 * (0: if it does not exist).
 */
export async function compareAndSwap(
  storage: Storage,
  key: string,
  { revision, value }: { readonly revision: number; readonly value: Uint8Array | undefined },
): Promise<SwapResult> {
  let refused: { current: StorageEntry | undefined } | undefined;
  const written = await storage.write(key, (current) => {
    if ((current?.revision ?? 0) !== revision) {
      refused = { current };
      return { keep: true };
    }
    refused = undefined;
    return value === undefined ? { delete: true } : { put: value };
  });
  return refused === undefined
    ? { swapped: true, revision: written }
    : { swapped: false, current: refused.current };
}
