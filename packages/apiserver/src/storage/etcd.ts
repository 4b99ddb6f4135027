import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { CallError } from '../grpc/call-error.js';
import { canonicalValue } from './etcd/canonical-value.js';
import { EtcdClient, type EtcdConnection } from './etcd/etcd-client.js';
import { compactEtcd, EtcdCompaction } from './etcd/etcd-compaction.js';
import { isCompacted, isFutureRevision, isMemberFault, isUnsent, toApiError } from './etcd/etcd-errors.js';
import { EtcdKeys } from './etcd/etcd-keys.js';
import { EtcdLeases } from './etcd/etcd-leases.js';
import { compareModRevision, type KeyValue, methods, type RangeRequest } from './etcd/etcd-messages.js';
import { EtcdWatch, type WatchSource } from './etcd/etcd-watch.js';
import { Gate } from './etcd/gate.js';
import { RecentEntries } from './etcd/recent-entries.js';
import { SharedRead } from './etcd/shared-read.js';
import { asBuffer } from './single-writer.js';
import {
  type Decide,
  type Decision,
  type GetResult,
  type ListOptions,
  type ListResult,
  listExpired,
  type Storage,
  type StorageEntry,
  type StorageEvent,
  type StorageWatch,
  type StorageWatcher,
  storageClosed,
  tooLargeRevision,
} from './storage.js';

export interface EtcdStorageOptions extends EtcdConnection {
  /** What keys begin with in the place of `/registry`. @default '/registry' */
  readonly prefix?: string;
  /** Between compactions, of which each forgets what is older than one interval; 0 leaves them to others. @default 300000 */
  readonly compactionIntervalMs?: number;
  readonly logger: Logger;
}

/** What a write goes by: an entry, and whether etcd itself said that it is the newest. */
interface Seen {
  readonly entry: StorageEntry | undefined;
  readonly confirmed: boolean;
}

/** The smallest linearizable read there is. */
const smallestRead: RangeRequest = { key: Buffer.of(0), limit: 1, keysOnly: true };
/** The time that kube-apiserver's client has to connect. */
const startMs = 20_000;
const startRetryMs = 200;
const firstAttemptMs = 1_000;
const listPage = 1_000;
/** Servers that start together must not ask for everything at once. */
const mostLists = 4;
/** A watch that is behind for so long has a member that does not work. */
const watchdogMs = 1_000;

/**
 * The distributed engine: any number of servers share one etcd, with upstream's keys. Everything is decided by etcd's
 * own transactions; what is remembered here only saves questions.
 */
export class EtcdStorage implements Storage, WatchSource {
  readonly client: EtcdClient;
  readonly #keys: EtcdKeys;
  readonly #logger: Logger;
  readonly #leases: EtcdLeases;
  readonly #compaction: EtcdCompaction | undefined;
  readonly #recent = new RecentEntries();
  readonly #revision: SharedRead<number>;
  readonly #lists = new Gate(mostLists);
  readonly #watches = new Set<EtcdWatch>();
  /** Writes on the way to etcd: the next one of the same key waits for what becomes of them. */
  readonly #pending = new Map<string, Promise<unknown>>();
  readonly #writes = new Set<Promise<unknown>>();
  /** What this process writes now, by key, until its watches have it. */
  readonly #written = new Map<string, Buffer>();
  readonly #watchdog: NodeJS.Timeout;
  #looking = false;
  /** The newest revision that this process has heard of. */
  #newest = 0;
  #closing: Promise<void> | undefined;

  /**
   * Connects. An etcd that does not answer, and may be starting, is waited for as long as upstream does: 20 seconds.
   * @throws Error in one sentence, where no endpoint answers or it refuses the client
   */
  static async open(options: EtcdStorageOptions): Promise<EtcdStorage> {
    const storage = new EtcdStorage(options);
    const name = `etcd at ${options.endpoints.join(', ')}`;
    try {
      await storage.#untilReachable(name, options.endpoints.length);
    } catch (error) {
      await storage.close();
      const cause = toApiError(error, false);
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${name} can't be used: ${why}`, { cause });
    }
    return storage;
  }

  private constructor(options: EtcdStorageOptions) {
    const { prefix = '/registry', compactionIntervalMs = 300_000, logger } = options;
    this.client = new EtcdClient(options);
    this.#keys = new EtcdKeys(prefix);
    this.#logger = logger;
    this.#leases = new EtcdLeases(this.client);
    this.#revision = new SharedRead(() => this.#newestRevision());
    const onError = (err: unknown) => logger.warn({ err }, 'etcd is not compacted for now');
    if (compactionIntervalMs > 0)
      this.#compaction = new EtcdCompaction(this.client, { intervalMs: compactionIntervalMs, onError });
    this.#watchdog = setInterval(() => void this.#lookAfterWatches(), watchdogMs);
    this.#watchdog.unref();
  }

  async revision(): Promise<number> {
    this.#assertOpen();
    return this.#revision.read();
  }

  async get(key: string): Promise<GetResult> {
    this.#assertOpen();
    return this.#get(key);
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ListResult> {
    this.#assertOpen();
    const { key: first, rangeEnd } = this.#keys.range(prefix);
    const limit = options.limit ?? Number.POSITIVE_INFINITY;
    const entries: StorageEntry[] = [];
    let key = first;
    if (options.startAfter !== undefined) {
      const after = this.#keys.after(options.startAfter);
      if (after.compare(first) > 0) key = after;
    }
    for (let { revision } = options; ; ) {
      const request = { key, rangeEnd, limit: Math.min(limit - entries.length, listPage) };
      const page = await this.#lists.run(() =>
        this.#range(revision === undefined ? request : { ...request, revision }),
      );
      revision ??= page.header?.revision ?? 0;
      const kvs = page.kvs ?? [];
      for (const kv of kvs) {
        const entry = this.#entry(kv);
        if (entry !== undefined) entries.push(entry);
      }
      const more = page.more ?? false;
      if (!more || entries.length >= limit) return { entries, revision, more };
      key = Buffer.concat([kvs.at(-1)?.key ?? Buffer.of(), Buffer.of(0)]);
    }
  }

  write(key: string, decide: Decide): Promise<number> {
    if (this.#closing !== undefined) return Promise.reject(storageClosed());
    const write = this.#write(key, decide);
    this.#writes.add(write);
    const done = () => void this.#writes.delete(write);
    write.then(done, done);
    return write;
  }

  watch(after: number, watcher: StorageWatcher): StorageWatch {
    this.#assertOpen();
    const from = { after, caughtUp: after >= this.#newest };
    const watch: EtcdWatch = new EtcdWatch(this, from, {
      onEvents: (events, revision) => watcher.onEvents(events, revision),
      onEnd: (error) => {
        this.#watches.delete(watch);
        watcher.onEnd(error);
      },
    });
    this.#watches.add(watch);
    return {
      close: () => {
        this.#watches.delete(watch);
        watch.close();
      },
    };
  }

  async compact(revision: number): Promise<void> {
    const newest = await this.revision();
    await compactEtcd(this.client, Math.min(revision, newest));
  }

  expireAfter(prefix: string, seconds: number): void {
    this.#leases.expireAfter(prefix, seconds);
  }

  async size(): Promise<number> {
    return (await this.client.read(methods.status, {})).dbSize ?? 0;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  event(kv: KeyValue, previous: KeyValue | undefined, deleted: boolean): StorageEvent | undefined {
    const key = kv.key && this.#keys.fromEtcd(kv.key);
    if (key === undefined) return undefined;
    return {
      key,
      revision: kv.modRevision ?? 0,
      value: deleted ? undefined : this.#valueOf(key, kv),
      previous: previous && { key, value: valueIn(previous), revision: previous.modRevision ?? 0 },
    };
  }

  onEvents(events: readonly StorageEvent[]): void {
    for (const { key, revision, value } of events) this.#recent.update(key, revision, value);
  }

  onProblem(err: unknown): void {
    this.#logger.warn({ err }, 'a watch of etcd is interrupted');
  }

  /** Says so when no endpoint answers, at once. */
  async #untilReachable(name: string, endpoints: number): Promise<void> {
    const until = Date.now() + startMs;
    for (let attempt = 1; ; attempt++) {
      // On a busy machine a connection may take longer than the first round gives it.
      const round = Math.ceil(attempt / endpoints);
      try {
        await this.client.attempt(methods.range, smallestRead, round * firstAttemptMs);
        return;
      } catch (error) {
        if (!(error instanceof CallError) || !isMemberFault(error) || Date.now() > until) throw error;
        if (attempt === endpoints) {
          const { message } = toApiError(error, false) as Error;
          this.#logger.warn(`${name} is waited for, ${startMs / 1000} s: ${message}`);
        }
        if (attempt >= endpoints) await delay(startRetryMs);
      }
    }
  }

  /** Where it is what was written here, the same buffer: whoever knows what that means need not parse it again. */
  #valueOf(key: string, kv: KeyValue): Buffer {
    const written = this.#written.get(key);
    return written !== undefined && kv.value !== undefined && written.equals(kv.value)
      ? written
      : valueIn(kv);
  }

  async #write(key: string, decide: Decide): Promise<number> {
    let seen: Seen | undefined;
    for (;;) {
      for (let before = this.#pending.get(key); before !== undefined; before = this.#pending.get(key)) {
        await before;
        seen = undefined;
      }
      // A key that is not known here is mostly a new one.
      seen ??= { entry: this.#recent.get(key), confirmed: false };
      // Where it decides at once, nothing comes between what it saw and its way to etcd.
      const made = attempt(decide, seen.entry);
      const outcome = made instanceof Promise ? await made : made;
      if ('refusal' in outcome || changesNothing(outcome, seen.entry)) {
        const newer = await this.#newer(key, seen);
        if (newer !== undefined) {
          seen = newer;
          continue;
        }
        if ('refusal' in outcome) throw outcome.refusal;
        return seen.entry?.revision ?? 0;
      }
      // Somebody in this process was faster.
      if (this.#pending.has(key)) continue;
      const value = 'put' in outcome ? asBuffer(outcome.put) : undefined;
      if (value !== undefined) this.#written.set(key, value);
      const swap = this.#swap(key, seen.entry, value);
      const settled = swap.then(
        () => this.#pending.delete(key),
        () => this.#pending.delete(key),
      );
      this.#pending.set(key, settled);
      try {
        const result = await swap;
        if (typeof result === 'number') {
          await this.#published(result);
          return result;
        }
        seen = { entry: result.current, confirmed: true };
      } finally {
        if (this.#written.get(key) === value) this.#written.delete(key);
      }
    }
  }

  /** Looks whether what a refusal is about is the newest state; undefined if so, once the watches know it, too. */
  async #newer(key: string, { entry, confirmed }: Seen): Promise<Seen | undefined> {
    if (!confirmed) {
      const { entry: newest } = await this.#get(key);
      if (newest?.revision !== entry?.revision) {
        this.#remember(key, newest);
        return { entry: newest, confirmed: true };
      }
    }
    await this.#published(entry?.revision ?? 0);
    return undefined;
  }

  /** @returns the revision of the change, or what is there in its stead */
  async #swap(
    key: string,
    previous: StorageEntry | undefined,
    value: Buffer | undefined,
  ): Promise<number | { readonly current: StorageEntry | undefined }> {
    const etcdKey = this.#keys.toEtcd(key);
    const lease = value && this.#leases.of(key);
    try {
      const put = value && { key: etcdKey, value, ...(lease && { lease: await lease }) };
      const response = await this.client.write(methods.txn, {
        compare: [{ target: compareModRevision, key: etcdKey, modRevision: previous?.revision ?? 0 }],
        success: [put === undefined ? { deleteRange: { key: etcdKey } } : { put }],
        failure: [{ range: { key: etcdKey } }],
      });
      const revision = response.header?.revision ?? 0;
      this.#heardOf(revision);
      if (response.succeeded) {
        this.#remember(key, value && { key, value, revision });
        return revision;
      }
      const found = response.responses?.[0]?.range?.kvs?.[0];
      const current = found && this.#entry(found);
      this.#remember(key, current);
      return { current };
    } catch (error) {
      this.#recent.delete(key);
      throw toApiError(error, error instanceof CallError && isMemberFault(error) && !isUnsent(error));
    }
  }

  #heardOf(revision: number): void {
    if (revision > this.#newest) this.#newest = revision;
  }

  #remember(key: string, entry: StorageEntry | undefined): void {
    if (entry === undefined) this.#recent.delete(key);
    else this.#recent.set(entry);
  }

  /** Settles when every watch that had caught up knows a revision. */
  async #published(revision: number): Promise<void> {
    for (const watch of this.#watches) if (watch.known < revision) await watch.reached(revision);
  }

  async #get(key: string): Promise<GetResult> {
    const { header, kvs } = await this.#range({ key: this.#keys.toEtcd(key) });
    const found = kvs?.[0];
    return { entry: found && this.#entry(found), revision: header?.revision ?? 0 };
  }

  async #newestRevision(): Promise<number> {
    const { header } = await this.#range(smallestRead);
    return header?.revision ?? 0;
  }

  async #range(request: RangeRequest) {
    try {
      const response = await this.client.read(methods.range, request);
      this.#heardOf(response.header?.revision ?? 0);
      return response;
    } catch (error) {
      if (isCompacted(error)) throw listExpired();
      if (isFutureRevision(error)) throw tooLargeRevision(request.revision ?? 0, await this.revision());
      throw toApiError(error, false);
    }
  }

  #entry(kv: KeyValue): StorageEntry | undefined {
    const key = kv.key && this.#keys.fromEtcd(kv.key);
    return key === undefined ? undefined : { key, value: valueIn(kv), revision: kv.modRevision ?? 0 };
  }

  /** A member that is cut off, or stopped, keeps its watches and says nothing: another is asked what there is to see. */
  async #lookAfterWatches(): Promise<void> {
    if (this.#watches.size === 0 || this.#looking) return;
    this.#looking = true;
    try {
      const revision = await this.#revision.read();
      const behind = [...this.#watches].filter((watch) => watch.known < revision);
      if (behind.length === 0) return;
      const before = behind.map(({ known }) => known);
      await delay(watchdogMs, undefined, { ref: false });
      for (const [index, watch] of behind.entries()) if (watch.known === before[index]) watch.move();
    } catch (err) {
      this.#logger.warn({ err }, 'etcd does not answer');
    } finally {
      this.#looking = false;
    }
  }

  async #close(): Promise<void> {
    clearInterval(this.#watchdog);
    // Their writers have the errors.
    await Promise.allSettled(this.#writes);
    await this.#compaction?.close();
    for (const watch of [...this.#watches]) watch.end(undefined);
    this.client.close();
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw storageClosed();
  }
}

const nothing = Buffer.alloc(0);

function valueIn({ value }: KeyValue): Buffer {
  return value === undefined ? nothing : canonicalValue(value);
}

type Outcome = Decision | { readonly refusal: unknown };

function attempt(decide: Decide, entry: StorageEntry | undefined): Outcome | Promise<Outcome> {
  const refuse = (refusal: unknown): Outcome => ({ refusal });
  try {
    const decision = decide(entry);
    return decision instanceof Promise ? decision.catch(refuse) : decision;
  } catch (error) {
    return refuse(error);
  }
}

function changesNothing(decision: Decision, entry: StorageEntry | undefined): boolean {
  return 'keep' in decision || ('delete' in decision && entry === undefined);
}
