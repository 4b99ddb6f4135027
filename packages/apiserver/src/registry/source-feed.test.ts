import type { KubernetesObject } from '@kubewright/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SourceEvent } from './object-source.js';
import { SourceFeed } from './source-feed.js';

const object = (name: string, resourceVersion?: string): KubernetesObject => ({
  metadata: { name, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
});

/** A source's watch that says what it is told to. */
class Told {
  followed = 0;
  #pending: SourceEvent[] = [];
  #wake: () => void = () => undefined;

  tell(...events: SourceEvent[]): void {
    this.#pending.push(...events);
    this.#wake();
  }

  readonly watch = (signal: AbortSignal): AsyncIterable<SourceEvent> => this.#watch(signal);

  async *#watch(signal: AbortSignal): AsyncGenerator<SourceEvent> {
    this.followed += 1;
    signal.addEventListener('abort', () => this.#wake());
    while (!signal.aborted) {
      for (let event = this.#pending.shift(); event; event = this.#pending.shift()) yield event;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

const modified = (name: string, version?: string): SourceEvent => ({
  type: 'MODIFIED',
  object: object(name, version),
});

describe('a feed', () => {
  const stop = new AbortController();
  let told: Told;
  let feed: SourceFeed;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    told = new Told();
    feed = new SourceFeed(told.watch, {
      now: () => 1_000_000,
      signal: stop.signal,
      onProblem: () => undefined,
    });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));

  it('numbers what happens, and begins where it is asked to', async () => {
    const start = feed.position;
    told.tell(modified('a'), modified('b'), modified('c'));
    await settle();
    expect(feed.position).toBe(start + 3);
    const reader = feed.follow(start + 1, stop.signal);
    expect((await reader.next()).value).toMatchObject({ position: start + 2, object: object('b') });
    expect((await reader.next()).value).toMatchObject({ position: start + 3, object: object('c') });
    await reader.return(undefined);
  });

  it('knows an object by the last version that it gave it, while that is what it told of', async () => {
    const start = feed.position;
    told.tell(modified('a', '4'), modified('a', '5'));
    await settle();
    expect(feed.isLast(String(start + 1), object('a', '5'))).toBe(false);
    expect(feed.isLast(String(start + 2), object('a', '5'))).toBe(true);
    expect(feed.isLast(String(start + 2), object('a', '6'))).toBe(false);
    told.tell({ type: 'DELETED', object: object('a', '5') });
    await settle();
    expect(feed.isLast(String(start + 2), object('a', '5'))).toBe(false);
  });

  it('remembers a thousand changes, and refuses what was before', async () => {
    const start = feed.position;
    const reader = feed.follow(start, stop.signal);
    told.tell(...Array.from({ length: 1_001 }, () => modified('a')));
    await settle();
    expect(() => feed.follow(start, stop.signal)).toThrow('too old resource version');
    expect(() => feed.follow(start + 1_002, stop.signal)).toThrow('too old resource version');
    // Who did not read in time is sent away.
    expect((await reader.next()).done).toBe(true);
  });

  it('rests when nobody has asked for five minutes, and never gives a version twice', async () => {
    const first = feed.position;
    const reader = feed.follow(first, stop.signal);
    const next = reader.next();
    await vi.advanceTimersByTimeAsync(10 * 60_000);
    expect(feed.position).toBe(first);
    told.tell(modified('a'));
    expect((await next).value).toMatchObject({ position: first + 1 });
    await reader.return(undefined);
    await vi.advanceTimersByTimeAsync(6 * 60_000);
    expect(feed.position).toBe(first + 2);
    expect(told.followed).toBe(2);
    expect(() => feed.follow(first, stop.signal)).toThrow('too old resource version');
  });
});
