import { ApiError, type KubernetesObject } from '@kubewright/api';
import { describe, expect, it } from 'vitest';
import type { ListOptions, WatchOptions } from '../options.js';
import { VirtualClock } from '../virtual-clock.js';
import type { ObjectEvent } from './watch.js';
import { type WatcherEvent, type WatcherOptions, type WatchSource, watchObjects } from './watcher.js';

type Step = ObjectEvent<KubernetesObject> | 'hang' | Error;

const object = (name: string, resourceVersion: string): KubernetesObject => ({
  metadata: { name, uid: name, resourceVersion },
});
const event = (type: ObjectEvent<KubernetesObject>['type'], name: string, resourceVersion: string) => ({
  type,
  object: object(name, resourceVersion),
});
const expired = new ApiError('Expired', 'too old resource version');

/** Answers each list and each watch with the next of its script, and writes down what was asked. */
class ScriptedSource implements WatchSource<KubernetesObject> {
  readonly asked: string[] = [];
  readonly lists: (Error | { items: KubernetesObject[]; revision: string; continue?: string })[] = [];
  readonly watches: Step[][] = [];
  streamsLists = false;

  async list(options: ListOptions) {
    this.asked.push(`list limit=${options.limit ?? ''} continue=${options.continue ?? ''}`);
    const next = this.lists.shift() ?? new Error('no list left');
    if (next instanceof Error) throw next;
    return {
      apiVersion: 'v1',
      kind: 'List',
      metadata: { resourceVersion: next.revision, continue: next.continue },
      items: next.items,
    };
  }

  async *watch(options: WatchOptions) {
    this.asked.push(options.sendInitialEvents ? 'stream' : `watch ${options.resourceVersion}`);
    for (const step of this.watches.shift() ?? (['hang'] as Step[])) {
      if (step instanceof Error) throw step;
      if (step !== 'hang') yield step;
      else
        await new Promise((_resolve, reject) => {
          const fail = () => reject(options.signal?.reason);
          if (options.signal?.aborted) fail();
          else options.signal?.addEventListener('abort', fail);
        });
    }
  }
}

function brief(told: WatcherEvent<KubernetesObject>): string {
  if ('object' in told)
    return `${told.type} ${told.object.metadata.name}@${told.object.metadata.resourceVersion}`;
  return 'resourceVersion' in told ? `${told.type} ${told.resourceVersion}` : told.type;
}

/** Runs a watcher, moving its clock on whenever it waits, until `count` events came. */
async function run(source: ScriptedSource, count: number, options: WatcherOptions = {}): Promise<string[]> {
  const clock = new VirtualClock();
  const ending = new AbortController();
  const told: string[] = [];
  let finished = false;
  const reading = (async () => {
    for await (const one of watchObjects(source, {
      clock,
      random: () => 0.5,
      signal: ending.signal,
      ...options,
    })) {
      told.push(brief(one));
      if (told.length >= count) ending.abort();
    }
    finished = true;
  })();
  for (let turns = 0; !finished && turns < 1000; turns++) await clock.advance(clock.untilNext() ?? 0);
  await reading;
  expect(clock.pending).toBe(0);
  return told;
}

describe('watchObjects', () => {
  it('lists in pages, then watches from the revision of the list', async () => {
    const source = new ScriptedSource();
    source.lists.push({ items: [object('a', '1')], revision: '5', continue: 'more' });
    source.lists.push({ items: [object('b', '2')], revision: '5' });
    source.watches.push([event('MODIFIED', 'a', '6'), event('BOOKMARK', '', '8'), 'hang']);
    expect(await run(source, 5)).toEqual([
      'added a@1',
      'added b@2',
      'synced 5',
      'modified a@6',
      'bookmark 8',
    ]);
    expect(source.asked).toEqual(['list limit=500 continue=', 'list limit=500 continue=more', 'watch 5']);
  });

  it('resumes from the last revision after an end, a reset and a refusal, without a new list', async () => {
    const source = new ScriptedSource();
    source.lists.push({ items: [], revision: '5' });
    source.watches.push([event('ADDED', 'a', '6'), event('BOOKMARK', '', '9')]);
    source.watches.push([event('MODIFIED', 'a', '11'), new Error('socket hang up')]);
    source.watches.push([new ApiError('TooManyRequests', 'slow down')]);
    source.watches.push([event('DELETED', 'a', '12'), 'hang']);
    expect(await run(source, 5)).toEqual([
      'synced 5',
      'added a@6',
      'bookmark 9',
      'modified a@11',
      'deleted a@12',
    ]);
    expect(source.asked.slice(1)).toEqual(['watch 5', 'watch 9', 'watch 11', 'watch 11']);
  });

  it('lists again when its revision is gone, and tells the differences only', async () => {
    const source = new ScriptedSource();
    source.lists.push({ items: [object('a', '1'), object('b', '2')], revision: '5' });
    source.watches.push([expired]);
    source.lists.push({ items: [object('b', '2'), object('c', '7')], revision: '8' });
    expect(await run(source, 7)).toEqual([
      'added a@1',
      'added b@2',
      'synced 5',
      'restarted',
      'deleted a@1',
      'added c@7',
      'synced 8',
    ]);
  });

  it('takes the list in one piece when its pages expire', async () => {
    const source = new ScriptedSource();
    source.lists.push({ items: [object('a', '1')], revision: '5', continue: 'more' }, expired);
    source.lists.push({ items: [object('a', '1'), object('b', '6')], revision: '7' });
    expect(await run(source, 3)).toEqual(['added a@1', 'added b@6', 'synced 7']);
    expect(source.asked.slice(0, 3)).toEqual([
      'list limit=500 continue=',
      'list limit=500 continue=more',
      'list limit= continue=',
    ]);
  });

  it('waits longer with each failure, as long as the server asks, and starts anew after a success', async () => {
    const source = new ScriptedSource();
    const busy = new ApiError('TooManyRequests', 'slow down', { details: { retryAfterSeconds: 7 } });
    source.lists.push(new Error('reset'), new Error('reset'), busy, { items: [], revision: '5' });
    source.watches.push([event('ADDED', 'a', '6'), new Error('reset')]);
    source.watches.push([event('ADDED', 'b', '7'), 'hang']);
    const delays: number[] = [];
    const onState: WatcherOptions['onState'] = (state) => {
      if (state.name === 'waiting') delays.push(state.delayMs);
    };
    await run(source, 3, { onState });
    expect(delays).toEqual([375, 750, 7000, 375]);
  });

  it('does not run in circles when a server says gone to every watch', async () => {
    const source = new ScriptedSource();
    for (let i = 0; i < 6; i++) {
      source.lists.push({ items: [], revision: '5' });
      source.watches.push([expired]);
    }
    const delays: number[] = [];
    const onState: WatcherOptions['onState'] = (state) => {
      if (state.name === 'waiting') delays.push(state.delayMs);
    };
    await run(source, 11, { onState });
    expect(delays).toEqual([750, 1500, 3000, 6000]);
  });

  it('resumes in silence when nothing was heard for too long', async () => {
    const source = new ScriptedSource();
    source.lists.push({ items: [], revision: '5' });
    source.watches.push(['hang'], [event('ADDED', 'a', '6'), 'hang']);
    expect(await run(source, 2)).toEqual(['synced 5', 'added a@6']);
    expect(source.asked).toEqual(['list limit=500 continue=', 'watch 5', 'watch 5']);
  });

  it('does not take its own slowness for silence', async () => {
    const clock = new VirtualClock();
    const source = new ScriptedSource();
    source.lists.push({ items: [], revision: '5' });
    source.watches.push([event('ADDED', 'a', '6'), event('ADDED', 'b', '7'), 'hang']);
    const told: string[] = [];
    for await (const one of watchObjects(source, { clock })) {
      told.push(brief(one));
      await clock.advance(200_000);
      if (told.length === 3) break;
    }
    expect(told).toEqual(['synced 5', 'added a@6', 'added b@7']);
    expect(source.asked.filter((asked) => asked.startsWith('watch'))).toEqual(['watch 5']);
  });

  it('lists again when its revision lies in the future of the server', async () => {
    const source = new ScriptedSource();
    source.lists.push({ items: [object('a', '90')], revision: '90' });
    source.watches.push([
      new ApiError('Timeout', 'Too large resource version', {
        details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }] },
      }),
    ]);
    source.lists.push({ items: [object('a', '20')], revision: '40' });
    expect(await run(source, 5)).toEqual([
      'added a@90',
      'synced 90',
      'restarted',
      'modified a@20',
      'synced 40',
    ]);
  });

  const listEnd = (resourceVersion: string) => ({
    type: 'BOOKMARK' as const,
    object: {
      metadata: { resourceVersion, annotations: { 'k8s.io/initial-events-end': 'true' } },
    },
  });

  it('takes a streamed list as one, and goes on with the same watch', async () => {
    const source = new ScriptedSource();
    source.streamsLists = true;
    source.watches.push([
      event('ADDED', 'a', '5'),
      event('ADDED', 'b', '3'),
      event('MODIFIED', 'a', '8'),
      event('DELETED', 'b', '9'),
      listEnd('9'),
      event('ADDED', 'c', '10'),
      'hang',
    ]);
    expect(await run(source, 3)).toEqual(['added a@8', 'synced 9', 'added c@10']);
    expect(source.asked).toEqual(['stream']);
  });

  it('delivers nothing of a streamed list that breaks off, and begins it anew', async () => {
    const source = new ScriptedSource();
    source.streamsLists = true;
    source.watches.push(
      [event('ADDED', 'a', '5'), new Error('reset')],
      [event('ADDED', 'b', '6'), listEnd('6'), expired],
      [event('ADDED', 'b', '6'), event('ADDED', 'c', '7'), listEnd('7'), 'hang'],
    );
    expect(await run(source, 5)).toEqual(['added b@6', 'synced 6', 'restarted', 'added c@7', 'synced 7']);
    expect(source.asked).toEqual(['stream', 'stream', 'stream']);
  });

  it('asks for pages at once where a streamed list fails on the server, and for a stream the next time', async () => {
    const source = new ScriptedSource();
    source.streamsLists = true;
    source.watches.push(
      [new ApiError('InternalError', 'the required storage feature RequestWatchProgress is disabled')],
      [expired],
      [event('ADDED', 'a', '5'), event('ADDED', 'b', '7'), listEnd('7'), 'hang'],
    );
    source.lists.push({ items: [object('a', '5')], revision: '6' });
    const waited: number[] = [];
    const told = await run(source, 5, {
      onState: (state) => {
        if (state.name === 'waiting') waited.push(state.delayMs);
      },
    });
    expect(told).toEqual(['added a@5', 'synced 6', 'restarted', 'added b@7', 'synced 7']);
    expect(source.asked).toEqual(['stream', 'list limit=500 continue=', 'watch 6', 'stream']);
    expect(waited).toEqual([0]);
  });

  it('asks for pages where streams are refused, and where one ends without a whole list', async () => {
    for (const refusal of [
      [new ApiError('Invalid', 'sendInitialEvents is forbidden')],
      [event('ADDED', 'a', '5')],
    ] as Step[][]) {
      const source = new ScriptedSource();
      source.streamsLists = true;
      source.watches.push(refusal, ['hang']);
      source.lists.push({ items: [object('a', '5')], revision: '6' });
      expect(await run(source, 2)).toEqual(['added a@5', 'synced 6']);
      expect(source.asked.slice(0, 2)).toEqual(['stream', 'list limit=500 continue=']);
    }
  });
});
