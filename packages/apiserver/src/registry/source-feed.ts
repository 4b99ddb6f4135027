import { ApiError, type KubernetesObject } from '@kubewright/api';
import type { ObjectSource, SourceEvent } from './object-source.js';

/** A change that a source told of, with its place among all that were told since the feed began. */
export interface FeedEvent extends SourceEvent {
  readonly position: number;
}

export interface FeedOptions {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Ends it for good. */
  readonly signal: AbortSignal;
  /** Told what the source's watch failed with. */
  onProblem(error: unknown): void;
  /** How long the source is followed after somebody last asked. @default 5 minutes */
  readonly idleMs?: number;
}

/** How many changes are remembered. */
const mostEvents = 1_000;
const defaultIdleMs = 5 * 60_000;

/**
 * Follows the changes of a source once for all who list and watch it, and remembers the last ones, so that a watch goes
 * on without a gap where a list, an event or a bookmark ended. The resource version of these is a position in the feed: a
 * number that is made of the time, grows with every change, and is never used again, as clients expect it and as the
 * versions of a source's objects need not be.
 */
export class SourceFeed {
  readonly #watch: NonNullable<ObjectSource['watch']>;
  readonly #options: FeedOptions;
  /** Undefined while nobody asks: the source is not followed then. */
  #running: Running | undefined;
  #position = 0;
  #watching = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(watch: NonNullable<ObjectSource['watch']>, options: FeedOptions) {
    this.#watch = watch;
    this.#options = options;
  }

  /** Where the feed is, which is followed from now on. What is listed after this has at least all up to here. */
  get position(): number {
    this.#run();
    this.#sleepLater();
    return this.#position;
  }

  /**
   * The changes after a position as they come, until the signal fires, the source's own watch ends, or the reader is too
   * far behind.
   * @throws ApiError Expired, at once, for a position that is not remembered
   */
  follow(after: number, signal: AbortSignal): AsyncGenerator<FeedEvent, undefined> {
    const running = this.#run();
    if (after < running.start || after > this.#position)
      throw new ApiError('Expired', `too old resource version: ${after} (${running.start})`);
    return this.#events(running, after, signal);
  }

  /**
   * Whether an object, as it is now, is the one that was told of at a position: who has it from a watch knows it by that
   * version.
   */
  isLast(position: string, object: KubernetesObject): boolean {
    const told = this.#running?.told.get(idOf(object));
    return (
      told !== undefined && String(told.position) === position && versionOf(told) === versionOf({ object })
    );
  }

  async *#events(running: Running, after: number, signal: AbortSignal): AsyncGenerator<FeedEvent, undefined> {
    this.#watching += 1;
    clearTimeout(this.#idle);
    const wake = () => running.wake();
    signal.addEventListener('abort', wake);
    try {
      for (let position = after; !signal.aborted && position >= running.start; ) {
        const events = running.window.slice(position - running.start);
        for (const event of events) yield event;
        position += events.length;
        if (events.length > 0) continue;
        if (running.ended) return undefined;
        await running.changed;
      }
      return undefined;
    } finally {
      signal.removeEventListener('abort', wake);
      this.#watching -= 1;
      this.#sleepLater();
    }
  }

  #run(): Running {
    if (this.#running !== undefined) return this.#running;
    this.#position = Math.max(this.#options.now() * 1000, this.#position + 1);
    const running = new Running(this.#position);
    this.#running = running;
    void this.#read(running);
    return running;
  }

  async #read(running: Running): Promise<void> {
    const { signal, onProblem } = this.#options;
    try {
      for await (const event of this.#watch(AbortSignal.any([signal, running.stop.signal]))) {
        if (running.ended) break;
        this.#position += 1;
        running.add({ ...event, position: this.#position });
      }
    } catch (error) {
      if (!signal.aborted && !running.ended) onProblem(error);
    } finally {
      this.#end(running);
    }
  }

  #end(running: Running): void {
    if (this.#running === running) this.#running = undefined;
    running.end();
  }

  #sleepLater(): void {
    clearTimeout(this.#idle);
    if (this.#watching > 0) return;
    this.#idle = setTimeout(() => {
      if (this.#running !== undefined) this.#end(this.#running);
    }, this.#options.idleMs ?? defaultIdleMs);
    this.#idle.unref();
  }
}

/** One time that the source is followed. */
class Running {
  readonly stop = new AbortController();
  readonly window: FeedEvent[] = [];
  /** The last event of each object that changed and is there. */
  readonly told = new Map<string, FeedEvent>();
  /** Positions before it are not remembered. */
  start: number;
  ended = false;
  #changed: Promise<void> | undefined;
  #wake: (() => void) | undefined;

  constructor(start: number) {
    this.start = start;
  }

  /** Resolves at the next event, the end, or when somebody wakes all. */
  get changed(): Promise<void> {
    this.#changed ??= new Promise((resolve) => {
      this.#wake = resolve;
    });
    return this.#changed;
  }

  wake(): void {
    this.#wake?.();
    this.#changed = undefined;
    this.#wake = undefined;
  }

  add(event: FeedEvent): void {
    if (event.type === 'DELETED') this.told.delete(idOf(event.object));
    else this.told.set(idOf(event.object), event);
    this.window.push(event);
    if (this.window.length > mostEvents) {
      this.window.shift();
      this.start += 1;
    }
    this.wake();
  }

  end(): void {
    this.ended = true;
    this.stop.abort();
    this.wake();
  }
}

/** What tells the objects of one source apart. */
export function idOf({ metadata: { namespace = '', name = '' } }: KubernetesObject): string {
  return `${namespace}/${name}`;
}

function versionOf({ object }: { readonly object: KubernetesObject }): string {
  return object.metadata.resourceVersion ?? '';
}
