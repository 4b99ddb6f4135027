import { ConfigMap } from '@kubewright/api/core/v1';
import { VirtualClock } from '@kubewright/client';
import type { Manager } from '@kubewright/controllers';
import { Faults, startTestServer } from '@kubewright/testing';
import { expect, it, vi } from 'vitest';
import { createReplica } from './counter.js';

it('of three replicas one works, and another takes over however that one ends', async () => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const { client, close } = await startTestServer({ clock });
  const maps = client.resource(ConfigMap).namespace('default');
  const replicas = ['a', 'b', 'c'].map((identity) => {
    const faults = new Faults();
    const stop = new AbortController();
    const options = { identity, signal: stop.signal, clock };
    const manager = createReplica(faults.through(client), options);
    manager.start().catch(() => undefined); // One that never leads is told to end by its signal.
    manager.done.catch(() => undefined); // A lost lease ends it, as below.
    return { identity, faults, stop, manager };
  });
  const leader = () => replicas.filter(({ manager }) => manager.leading);
  const counted = (name: string) =>
    vi.waitFor(
      async () => {
        await clock.advance(1000);
        const { annotations } = (await maps.get(name)).metadata;
        expect(annotations?.entries).toBeDefined();
        return annotations?.by;
      },
      { timeout: 10_000, interval: 5 },
    );
  const make = (name: string) =>
    maps.create({ metadata: { name, labels: { counted: '' } }, data: { x: '1' } });

  await make('one');
  const first = await counted('one');
  expect(leader().map(({ identity }) => identity)).toEqual([first]);

  // In order: the lease is given back, and the next leads at its next look.
  const ended = leader()[0];
  ended?.stop.abort();
  await ended?.manager.done;
  const before = clock.now();
  await make('two');
  const second = await counted('two');
  expect(second).not.toBe(first);
  expect(clock.now() - before).toBeLessThan(5000);

  // Not in order: it is cut off, finds by its own clock that it may write no more, and the lease runs out.
  const lost = leader()[0];
  lost?.faults.disconnect({ times: Number.POSITIVE_INFINITY });
  const cutOff = clock.now();
  await make('three');
  const third = await counted('three');
  expect([first, second]).not.toContain(third);
  expect(clock.now() - cutOff).toBeGreaterThan(10_000);
  expect(lost?.manager.leading).toBe(false);

  for (const { stop } of replicas) stop.abort();
  await Promise.all(replicas.map(({ manager }) => ending(manager)));
  await close();
});

async function ending(manager: Manager): Promise<void> {
  await manager.done.catch(() => undefined); // What cut off the one above is not the test's concern.
}
