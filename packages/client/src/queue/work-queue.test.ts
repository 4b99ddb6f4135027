import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../virtual-clock.js';
import { WorkQueue } from './work-queue.js';

describe('WorkQueue', () => {
  it('hands out keys in the order they came, each once', async () => {
    const queue = new WorkQueue();
    for (const key of ['a', 'b', 'a', 'c']) queue.add(key);
    expect([await queue.get(), await queue.get(), await queue.get()]).toEqual(['a', 'b', 'c']);
    expect(queue.length).toBe(0);
  });

  it('never has one key in two hands', async () => {
    const queue = new WorkQueue();
    queue.add('a');
    expect(await queue.get()).toBe('a');
    queue.add('a');
    queue.add('a');
    expect(queue.length).toBe(0);
    queue.done('a');
    expect(queue.length).toBe(1);
    expect(await queue.get()).toBe('a');
    queue.done('a');
    expect(queue.length).toBe(0);
  });

  it('wakes who waits, in the order in which they came', async () => {
    const queue = new WorkQueue();
    const first = queue.get();
    const second = queue.get();
    queue.add('a');
    queue.add('b');
    expect(await Promise.all([first, second])).toEqual(['a', 'b']);
  });

  it('stops waiting when the signal aborts, and gives the key to the next', async () => {
    const queue = new WorkQueue();
    const ending = new AbortController();
    const left = queue.get(ending.signal);
    const stays = queue.get();
    ending.abort(new Error('enough'));
    await expect(left).rejects.toThrow('enough');
    queue.add('a');
    expect(await stays).toBe('a');
    await expect(queue.get(ending.signal)).rejects.toThrow('enough');
  });

  it('adds after the shortest of several delays', async () => {
    const clock = new VirtualClock();
    const queue = new WorkQueue({ clock });
    queue.addAfter('a', 100);
    queue.addAfter('a', 50);
    queue.addAfter('a', 200);
    await clock.advance(49);
    expect(queue.length).toBe(0);
    await clock.advance(1);
    expect(queue.length).toBe(1);
    await clock.advance(1000);
    expect(queue.length).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('doubles the delay of a key with each failure, up to the most', async () => {
    const clock = new VirtualClock();
    const queue = new WorkQueue({ clock });
    const delays: number[] = [];
    for (let i = 0; i < 20; i++) {
      queue.addRateLimited('a');
      delays.push(clock.untilNext() ?? 0);
      await clock.advance(clock.untilNext() ?? 0);
      queue.done((await queue.get()) ?? '');
    }
    expect(delays.slice(0, 4)).toEqual([5, 10, 20, 40]);
    expect(delays.at(-1)).toBe(1_000_000);
    expect(queue.retries('a')).toBe(20);
    queue.forget('a');
    queue.addRateLimited('a');
    expect(clock.untilNext()).toBe(5);
  });

  it('hands out urgent keys first, and keeps the priority of a key that comes again', async () => {
    const clock = new VirtualClock();
    const queue = new WorkQueue({ clock });
    queue.add('low', { priority: -100 });
    queue.add('raised', { priority: -100 });
    queue.add('a');
    queue.add('raised', { priority: 10 });
    queue.add('a', { priority: -100 });
    expect([await queue.get(), await queue.get(), await queue.get()]).toEqual(['raised', 'a', 'low']);
    queue.addRateLimited('raised');
    queue.addRateLimited('a');
    queue.add('low');
    queue.add('low', { priority: 20 });
    queue.done('low');
    await clock.advance(5);
    queue.done('a');
    queue.done('raised');
    expect([await queue.get(), await queue.get(), await queue.get()]).toEqual(['low', 'raised', 'a']);
  });

  it('lets no key wait behind urgent ones for longer than it may', async () => {
    const clock = new VirtualClock();
    const queue = new WorkQueue({ clock, longestWaitMs: 100 });
    queue.add('low', { priority: -100 });
    await clock.advance(99);
    queue.add('a');
    queue.add('b');
    expect(await queue.get()).toBe('a');
    await clock.advance(1);
    expect([await queue.get(), await queue.get()]).toEqual(['low', 'b']);
  });

  it('hands out what is left after a shutdown, and then nothing', async () => {
    const clock = new VirtualClock();
    const queue = new WorkQueue({ clock });
    queue.add('a');
    queue.addAfter('late', 10);
    const drained = queue.shutDownWithDrain();
    queue.add('b');
    expect(await queue.get()).toBe('a');
    queue.done('a');
    await drained;
    expect(await queue.get()).toBeUndefined();
    expect(clock.pending).toBe(0);
  });
});
